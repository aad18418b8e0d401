"""All studies, by name."""

from amodal.study import saving
from amodal.study.base import Study

STUDIES: dict[str, Study] = {study.name: study for study in (saving.STUDY,)}
"""In the order in which `all` runs them."""
