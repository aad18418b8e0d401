"""Vectors whose inner products rank a catalogue of one modality for queries of another.

Two views of likeness are added up. Translation: each side is brought to the other's latents, and
cosines are taken there, columns weighted by how well they are predicted on held-out matches (a
column that cannot be predicted only adds noise). Shared directions: the singular directions of
the translations' linear part, in which both modalities speak about the same thing; with very few
matches they are steadier than the translations themselves, so they count the more, the less of
the held-out variance the translations explain. Where held-out matches are found sooner in the
directions of an alignment by transport, those take a share, or all, of the likeness.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from amodal.fewmatch.aligned import Aligned, Views
from amodal.model.inference import Ensemble, answer
from amodal.model.trust import Trust
from amodal.typing import Float

LEAST_WEIGHT = 0.05
"""Added to the explained share of each column, so that no column is lost to a noisy estimate."""
ROWS = 5_000
"""Rows from which the linear part of a translation is measured."""


@dataclass(frozen=True)
class SharedDirections:
    """Projections of two modalities on the directions they share, scaled by sqrt(strength)."""

    first: Float[Tensor, "dim_first shared"]
    second: Float[Tensor, "dim_second shared"]
    first_centre: Float[Tensor, " dim_first"]
    """Mean translation from the second modality's rows, which cosines are taken about."""
    second_centre: Float[Tensor, " dim_second"]
    """Mean translation from the first modality's rows."""


@dataclass(frozen=True)
class AlignedDirections:
    """Two modalities' rows into the directions of an alignment, and the share of their cosine."""

    first: Float[Tensor, "view dim_first shared"]
    second: Float[Tensor, "view dim_second shared"]
    first_shift: Float[Tensor, " dim_first"]
    """What is subtracted from rows of the first modality before."""
    second_shift: Float[Tensor, " dim_second"]
    share: Float[Tensor, ""]
    """Of the cosine in them; the rest is that of translations and shared directions."""

    @classmethod
    def of(cls, aligned: Aligned, names: tuple[str, str], share: float) -> "AlignedDirections":
        """The directions of two modalities of an alignment."""
        first, second = (aligned.directions[name] for name in names)
        share_of_cosine = torch.tensor(share)
        return cls(first.weight, second.weight, first.shift, second.shift, share_of_cosine)


def shared_directions(
    ensemble: Ensemble,
    first: Float[Tensor, "_ _"],
    second: Float[Tensor, "_ _"],
    *,
    names: tuple[str, str],
) -> SharedDirections:
    """SVD of the translations' linear part: (W_uv + W_vu^T) / 2 = U S V^T gives U S^1/2, V S^1/2.

    W_uv are the slopes of least squares from rows of u to what the workspace translates them to.

    Args:
        ensemble: the fitted members.
        first: normalised rows of the first modality.
        second: normalised rows of the second.
        names: of the two modalities.
    """
    forth, second_centre = _slopes(ensemble, first, names[0], names[1])
    back, first_centre = _slopes(ensemble, second, names[1], names[0])
    left, strength, right = torch.linalg.svd((forth + back.T) / 2, full_matrices=False)
    root = strength.sqrt()
    return SharedDirections(
        (left * root).float(), (right.T * root).float(), first_centre, second_centre
    )


def retrieval_vectors(
    ensemble: Ensemble,
    rows: Float[Tensor, "row dim"],
    *,
    name: str,
    other: str,
    trust: Mapping[tuple[str, str], Trust],
    shared: SharedDirections,
    aligned: AlignedDirections | None,
    first: bool,
) -> Float[Tensor, "row vector"]:
    """The vectors of one modality's rows, for comparison with those of another.

    Args:
        ensemble: the fitted members.
        rows: normalised rows of `name`.
        name: their modality.
        other: the modality that they will be compared with.
        trust: what held-out matches said of each direction.
        shared: what the two modalities share.
        aligned: the directions of an alignment, where they have a share.
        first: whether `name` is the first of the two in `shared`.

    Returns:
        Vectors of length 1; the inner product of the two sides' is
        (1 - a) (c + s d) / (1 + s) + a e: c the mean of the two weighted cosines, d the cosine in
        the shared directions, s the mean share of variance that held-out translations do not
        explain, e the mean cosine in the aligned directions and a its share.
    """
    there = answer(ensemble, rows, name, other)
    there = there - (shared.second_centre if first else shared.first_centre)
    own = F.normalize(rows * _column_weights(trust.get((other, name)), rows), dim=1)
    abroad = F.normalize(there * _column_weights(trust.get((name, other)), there), dim=1)
    parts = [own, abroad] if first else [abroad, own]
    projected = F.normalize(rows @ (shared.first if first else shared.second), dim=1)
    unexplained = _unexplained(trust.get((name, other)), trust.get((other, name)))
    weights = torch.tensor([0.5, 0.5, unexplained]) / (1 + unexplained)
    weighted = zip((*parts, projected), weights.sqrt(), strict=True)
    vectors = torch.cat([part * weight for part, weight in weighted], 1)
    return vectors if aligned is None else mixed_in(vectors, rows, aligned, first=first)


def mixed_in(
    vectors: Float[Tensor, "row vector"],
    rows: Float[Tensor, "row dim"],
    aligned: AlignedDirections,
    *,
    first: bool,
) -> Float[Tensor, "row longer"]:
    """Vectors of length 1 beside those of the aligned directions, by the share of each.

    Args:
        vectors: of length 1.
        rows: the normalised rows that they are of.
        aligned: the directions, and their share.
        first: whether the rows are of the first modality.
    """
    views = Views(
        *((aligned.first_shift, aligned.first) if first else (aligned.second_shift, aligned.second))
    )
    share = aligned.share
    return torch.cat([vectors * (1 - share).sqrt(), views(rows) * share.sqrt()], 1)


def _unexplained(*directions: Trust | None) -> float:
    """The share of variance that held-out answers leave open, the mean over columns of both
    modalities; all of it where there are none."""
    known = [(trust.of_all, len(trust.explained)) for trust in directions if trust is not None]
    columns = sum(many for _, many in known)
    return 1 - sum(share * many for share, many in known) / columns if columns else 1.0


def _column_weights(trust: Trust | None, rows: Tensor) -> Float[Tensor, " dim"]:
    """sqrt(explained share + 0.05), so that a cosine's terms are weighted by the share."""
    if trust is None:
        return torch.ones(rows.shape[1])
    return (torch.tensor(trust.explained) + LEAST_WEIGHT).sqrt()


def _slopes(ensemble: Ensemble, rows: Tensor, source: str, target: str) -> tuple[Tensor, Tensor]:
    """Slopes of least squares from rows to what they are translated to, and the mean of that."""
    some = rows[:: max(1, len(rows) // ROWS)]
    answers = answer(ensemble, some, source, target)
    centre = answers.mean(0)
    x, y = some.double() - some.double().mean(0), (answers - centre).double()
    # A little ridge: one-hot blocks are collinear, and small modalities have few rows.
    gram = x.T @ x + 1e-3 * len(x) * torch.eye(x.shape[1], dtype=x.dtype)
    return torch.linalg.solve(gram, x.T @ y), centre
