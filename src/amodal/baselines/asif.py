"""ASIF: rows described by their likeness to the matched rows, without any training."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import permutations
from typing import Any, ClassVar

import torch
from torch import Tensor

from amodal.baselines.base import unit_rows
from amodal.baselines.folds import Embed
from amodal.baselines.tuned import TunedBaseline
from amodal.latents import MatchTable
from amodal.typing import Float


@dataclass(frozen=True)
class ASIFSettings:
    """The paper's settings, but for the scale, which is that of the latents."""

    exponent: float = 1.0
    """Principal coordinates are scaled by deviation^exponent."""
    nearest: int = 800
    """Anchors that count, at most; the others' likeness is set to 0."""
    power: int = 8
    """To which a likeness is raised, so that the nearest anchors decide."""


class ASIF(TunedBaseline):
    r"""Compare rows of two modalities by which matches they resemble, each in its own modality.

    The anchors are the matches. A row is what it has in common with them, r_i = cos(x, anchor_i),
    of which the `nearest` largest are kept, raised to a power, and scaled to length 1 (Norelli et
    al. 2023, ASIF, arXiv 2210.01738; relative representations: Moschella et al. 2023, arXiv
    2209.15430). The paper's settings are 800 anchors of 1.6 million and a power of 8; with 24
    matches or more, folds choose. Negative likeness counts as none.

    Translations are means of the anchors in the target, weighted by r.

    Example:
        >>> import numpy as np
        >>> first = np.random.default_rng(0).normal(size=(300, 3))
        >>> second = first @ np.array([[0.0, 2.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, -2.0]])
        >>> rows = list(range(100))
        >>> model = ASIF().fit({"a": first, "b": second}, matches={"a": rows, "b": rows})
        >>> states = model.embed({"a": first[100:]}), model.embed({"b": second[100:]})
        >>> bool(((states[0] @ states[1].T).argmax(1) == np.arange(200)).mean() > 0.9)
        True
    """

    Settings = ASIFSettings
    grid: ClassVar = {
        "exponent": (1.0, 0.5, 0.0),
        "power": (8, 4, 2, 1),
        "nearest": (800, 200, 50, 10),
    }

    def _align(
        self, rows: Mapping[str, Tensor], table: MatchTable, settings: ASIFSettings
    ) -> Embed:
        anchors = {}
        for name, values in rows.items():
            column = torch.from_numpy(table.column(name))
            # A thing that a modality lacks is like nothing there.
            there = (column >= 0)[:, None].to(values.dtype)
            anchors[name] = unit_rows(values[column.clamp(min=0)]) * there
        return lambda x, name: relative(x, anchors[name], settings)

    def _fit_maps(self, rows: Mapping[str, Tensor], table: MatchTable) -> dict[Any, Any]:
        maps = {}
        for source, target in permutations(rows, 2):
            pairs = table.together(source, target)
            if len(pairs):
                x, y = rows[source][pairs[:, 0]], rows[target][pairs[:, 1]]
                maps[source, target] = partial(
                    _mean_of, x=unit_rows(x), y=y, settings=self.settings_
                )
        return maps


def relative(
    rows: Float[Tensor, "row dim"], anchors: Float[Tensor, "anchor dim"], settings: ASIFSettings
) -> Float[Tensor, "row anchor"]:
    """The sparse likeness of rows to anchors of length 1, itself of length 1.

    Example:
        >>> relative(torch.tensor([[3.0, 4.0]]), torch.eye(2), ASIFSettings(power=1)).tolist()
        [[0.6000000238418579, 0.800000011920929]]
    """
    likeness = (unit_rows(rows) @ anchors.T).clamp(min=0)
    if settings.nearest < likeness.shape[1]:
        least = likeness.topk(settings.nearest, dim=1).values[:, -1:]
        likeness = torch.where(likeness >= least, likeness, 0.0)
    return unit_rows(likeness**settings.power)


def _mean_of(
    rows: Tensor, *, x: Tensor, y: Tensor, settings: ASIFSettings
) -> Float[Tensor, "row target"]:
    weights = relative(rows, x, settings)
    total = weights.sum(1, keepdim=True)
    # A row that is like no anchor is answered by the mean of all.
    weights = torch.where(total > 0, weights / total.clamp(min=1e-30), 1 / len(x))
    return weights @ y
