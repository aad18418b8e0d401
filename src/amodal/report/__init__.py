"""A run -> one self-contained HTML page."""

from amodal.report.contents import ArmResult, Examples, OwnWords, ReportContents, Search
from amodal.report.write import write_report

__all__ = ["ArmResult", "Examples", "OwnWords", "ReportContents", "Search", "write_report"]
