"""All studies, by name."""

from amodal.study import (
    ablation,
    cycles,
    downstream,
    frontier,
    heldout,
    retrieval,
    saving,
    transfer,
)
from amodal.study.base import Study

STUDIES: dict[str, Study] = {
    module.STUDY.name: module.STUDY
    # Those of the same trained runs first; `heldout` and `cycles` train more.
    for module in (saving, ablation, downstream, transfer, retrieval, heldout, cycles, frontier)
}
"""In their order on a page."""
BY_THEMSELVES = ("frontier",)
"""Not among the paper's claims, which are what `all` runs."""
