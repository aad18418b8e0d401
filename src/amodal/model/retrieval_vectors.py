"""Vectors whose inner products rank a catalogue of one modality for queries of another.

Two views of likeness are added up. Translation: each side is brought to the other's latents, and
cosines are taken there, in a metric that weighs directions by how well they are predicted on
held-out matches (`amodal.model.residuals.metric`). Shared directions: the singular directions of
the translations' linear part, in which both modalities speak about the same thing; with very few
matches they are steadier than the translations themselves, so they count the more, the less of
the held-out variance the translations explain, and not at all where held-out matches are found
sooner without. Where those are found sooner in the directions of an alignment by transport, these
take a share, or all, of the likeness.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from amodal.fewmatch.aligned import Aligned, Views
from amodal.latents import evenly
from amodal.model.inference import Ensemble, answer
from amodal.model.judging import Direction
from amodal.model.residuals import Residuals, measured, metric
from amodal.typing import Float

ROWS = 5_000
"""Rows from which the linear part of a translation, and a metric, is measured."""


@dataclass(frozen=True)
class Likeness:
    """How rows of two modalities are compared, each tensor for the first and the second."""

    first: Float[Tensor, "dim_first shared"]
    """Projections on the directions that both share, scaled by sqrt(strength)."""
    second: Float[Tensor, "dim_second shared"]
    first_centre: Float[Tensor, " dim_first"]
    """Mean translation from the second modality's rows, which cosines are taken about."""
    second_centre: Float[Tensor, " dim_second"]
    """Mean translation from the first modality's rows."""
    first_mean: Float[Tensor, " dim_first"]
    """Mean of the modality's own rows."""
    second_mean: Float[Tensor, " dim_second"]
    first_metric: Float[Tensor, "dim_first *dim_first"]
    """In which cosines of rows and translations are taken: a matrix, or a factor a column."""
    second_metric: Float[Tensor, "dim_second *dim_second"]
    weight: Float[Tensor, ""]
    """Of the cosine in the shared directions; the rest is that of the translations."""


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


def likeness_of(
    ensemble: Ensemble,
    first: Float[Tensor, "_ _"],
    second: Float[Tensor, "_ _"],
    *,
    names: tuple[str, str],
    residuals: Mapping[Direction, Residuals],
    directions: bool = True,
) -> Likeness:
    """Measure how the rows of two modalities are to be compared.

    The shared directions are the SVD of the translations' linear part: (W_uv + W_vu^T) / 2 =
    U S V^T gives U S^1/2, V S^1/2, where W_uv are the slopes of least squares from rows of u to
    what the workspace translates them to. Their weight is s / (1 + s), s the share of variance
    that held-out translations do not explain, the mean of both modalities' columns.

    Args:
        ensemble: the fitted members.
        first: normalised rows of the first modality.
        second: normalised rows of the second.
        names: of the two modalities.
        residuals: of held-out answers, where there are any, in either direction.
        directions: whether the shared directions take part.
    """
    forth, second_centre = _slopes(ensemble, first, names[0], names[1])
    back, first_centre = _slopes(ensemble, second, names[1], names[0])
    left, strength, right = torch.linalg.svd((forth + back.T) / 2, full_matrices=False)
    root = strength.sqrt()
    means = first.mean(0), second.mean(0)
    ways = (names[1], names[0]), names  # into the first, into the second
    some = (rows[evenly(len(rows), ROWS)] for rows in (first, second))
    metrics = [
        metric(rows - mean, residuals.get(way))
        for rows, mean, way in zip(some, means, ways, strict=True)
    ]
    known = [residuals[way] for way in ways if way in residuals]
    left_open = [(each.unexplained, each.off.shape[1]) for each in known]
    return Likeness(
        (left * root).float(),
        (right.T * root).float(),
        first_centre,
        second_centre,
        *means,
        *metrics,
        weight=torch.tensor(directions_weight(left_open) if directions else 0.0),
    )


def retrieval_vectors(
    ensemble: Ensemble,
    rows: Float[Tensor, "row dim"],
    *,
    name: str,
    other: str,
    likeness: Likeness,
    aligned: AlignedDirections | None,
    first: bool,
) -> Float[Tensor, "row vector"]:
    """The vectors of one modality's rows, for comparison with those of another.

    Args:
        ensemble: the fitted members.
        rows: normalised rows of `name`.
        name: their modality.
        other: the modality that they will be compared with.
        likeness: how the two modalities are compared.
        aligned: the directions of an alignment, where they have a share.
        first: whether `name` is the first of the two in `likeness`.

    Returns:
        Vectors of length 1; the inner product of the two sides' is
        (1 - a) ((1 - w) c + w d) + a e: c the mean of the two cosines in the modalities' metrics, d
        the cosine in the shared directions and w its weight, e the mean cosine in the aligned
        directions and a its share.
    """
    parts = parts_of(ensemble, rows, name=name, other=other, likeness=likeness, first=first)
    vectors = weighed(parts, likeness.weight)
    return vectors if aligned is None else mixed_in(vectors, rows, aligned, first=first)


def parts_of(
    ensemble: Ensemble,
    rows: Float[Tensor, "row dim"],
    *,
    name: str,
    other: str,
    likeness: Likeness,
    first: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """Rows as `retrieval_vectors` compares them, each of length 1: in the first modality, in the
    second, and in the directions that both share."""
    there = answer(ensemble, rows, name, other)
    in_first = rows - likeness.first_mean if first else there - likeness.first_centre
    in_second = there - likeness.second_centre if first else rows - likeness.second_mean
    parts = (
        measured(in_first, likeness.first_metric),
        measured(in_second, likeness.second_metric),
        rows @ (likeness.first if first else likeness.second),
    )
    one, two, shared = (F.normalize(part, dim=1) for part in parts)
    return one, two, shared


def weighed(
    parts: tuple[Tensor, Tensor, Tensor], weight: Float[Tensor, ""]
) -> Float[Tensor, "row vector"]:
    """The parts side by side, of length 1 together.

    Args:
        parts: see `parts_of`.
        weight: of the cosine in the shared directions.
    """
    shares = torch.stack([(1 - weight) / 2, (1 - weight) / 2, weight]).sqrt()
    return torch.cat([part * share for part, share in zip(parts, shares, strict=True)], 1)


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


def directions_weight(unexplained: Sequence[tuple[float, int]]) -> float:
    """s / (1 + s), s the mean share of variance that translations do not explain; all of it where
    nothing was held out.

    Args:
        unexplained: of each direction, the share and the number of columns that it is of.

    Example:
        >>> directions_weight([(1.0, 5), (0.0, 5)]), directions_weight([])
        (0.3333333333333333, 0.5)
    """
    total = sum(columns for _, columns in unexplained)
    left_open = sum(share * columns for share, columns in unexplained) / total if total else 1.0
    return left_open / (1 + left_open)


def _slopes(ensemble: Ensemble, rows: Tensor, source: str, target: str) -> tuple[Tensor, Tensor]:
    """Slopes of least squares from rows to what they are translated to, and the mean of that."""
    some = rows[evenly(len(rows), ROWS)]
    answers = answer(ensemble, some, source, target)
    centre = answers.mean(0)
    x, y = some.double() - some.double().mean(0), (answers - centre).double()
    # A little ridge: one-hot blocks are collinear, and small modalities have few rows.
    gram = x.T @ x + 1e-3 * len(x) * torch.eye(x.shape[1], dtype=x.dtype)
    return torch.linalg.solve(gram, x.T @ y), centre
