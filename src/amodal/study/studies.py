"""All studies, by name."""

from amodal.study import ablation, cycles, saving
from amodal.study.base import Study

STUDIES: dict[str, Study] = {
    study.name: study for study in (saving.STUDY, ablation.STUDY, cycles.STUDY)
}
"""In the order in which `all` runs them."""
