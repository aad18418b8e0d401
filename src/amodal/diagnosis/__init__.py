"""Should a fitted run be trusted? From the matches that its own folds held out, and no others."""

from amodal.diagnosis.diagnose import Diagnosis, diagnose

__all__ = ["Diagnosis", "diagnose"]
