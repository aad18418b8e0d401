"""Linear probes of every factor, on the frozen representations of many sources at once."""

import numpy as np
import torch
from torch import Tensor

from amodal.data.kinds import Kind
from amodal.errors import InputError
from amodal.typing import Float

PENALTY = 1e-4
"""Ridge penalty, in variances of a standardised column: it only keeps dead columns in check."""
LEARNT = 0.8
"""Share of the things, the first ones, that probes are fitted on; they are tested on the rest."""
_DEAD = 1e-6


def probe_errors(
    kind: Kind,
    representations: Float[Tensor, "source row width"],
    factors: Float[np.ndarray, "thing factor"],
) -> list[dict[str, float]]:
    """What a linear map reads from representations: `readable_errors` on things it has not seen.

    Args:
        kind: of the things.
        representations: of things in random order.
        factors: what the things are.

    Raises:
        InputError: fewer than ten things.

    Example:
        >>> from amodal.data.kinds import kind_of
        >>> kind = kind_of("shapes")
        >>> factors = kind.draw(200, seed=0)
        >>> rows = torch.from_numpy(kind.attributes(factors))[None]
        >>> errors = probe_errors(kind, rows, factors)[0]
        >>> errors["shape_accuracy"], errors["place_pixels"] < 0.01
        (1.0, True)
    """
    if len(factors) < 10 or len(factors) != representations.shape[1]:
        raise InputError(
            f"probes need the factors of at least ten things, one for each row, got {len(factors)} "
            f"for {representations.shape[1]} rows"
        )
    targets = torch.from_numpy(kind.attributes(factors))
    cut = int(LEARNT * len(factors))
    predicted = _fit_and_read(representations, targets[:cut])
    return [kind.readable_errors(each, targets[cut:]) for each in predicted]


def _fit_and_read(
    representations: Float[Tensor, "source row width"], targets: Float[Tensor, "learnt target"]
) -> Float[Tensor, "source unseen target"]:
    """Ridge on the first rows, predictions of the rest; one linear system a source."""
    learnt = representations[:, : len(targets)].double()
    centre, spread = learnt.mean(1, keepdim=True), learnt.std(1, keepdim=True).clamp_min(_DEAD)
    given = (learnt - centre) / spread
    offset = targets.double().mean(0)
    wanted = (targets.double() - offset).expand(len(given), -1, -1)
    gram = given.transpose(1, 2) @ given / len(targets)
    gram = gram + PENALTY * torch.eye(gram.shape[-1], dtype=gram.dtype)
    maps = torch.linalg.solve(gram, given.transpose(1, 2) @ wanted / len(targets))
    unseen = (representations[:, len(targets) :].double() - centre) / spread
    return (unseen @ maps + offset).float()
