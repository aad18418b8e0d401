"""A fitted workspace as an ONNX file, for programs that have neither torch nor Amodal."""

from amodal.export.write import Exported, export_onnx

__all__ = ["Exported", "export_onnx"]
