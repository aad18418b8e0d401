"""The main job: from nothing to a report, in minutes."""

from amodal.demo.job import run_demo
from amodal.demo.settings import DemoSettings

__all__ = ["DemoSettings", "run_demo"]
