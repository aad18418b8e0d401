"""What a fit keeps of its held-out matches, match by match: enough to diagnose it without data.

Neither latents nor answers are kept, only how far off they were and where the right row stood.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from amodal.model.blending import KERNEL, START, TRAINED, as_directions, blend_shares
from amodal.model.found import CLOSED, OURS, ranks_of
from amodal.model.inference import average, disagreement
from amodal.model.judging import BLENDED, Direction, Held, Judged
from amodal.model.judging_retrieval import Chosen
from amodal.model.learning import learn_curve
from amodal.model.trial_runs import TrialRuns
from amodal.model.trust import trust_of
from amodal.specification import LatentSpec
from amodal.typing import Float, Int64

PARTS = 5
"""Parts of the held-out matches: what is said of one is learnt from the others."""


@dataclass(frozen=True)
class Evidence:
    """Held-out answers of one direction: errors, expected errors and ranks, one for each match."""

    thing: Int64[Tensor, " match"]
    """A number for each match; matches that share a row are one thing, and share it."""
    errors: dict[str, Float[Tensor, "match block"]]
    """Answerer -> mean squared error, in normalised units; that of all together as "blended", its
    shares learnt from other matches than those that it answers."""
    deviation: Float[Tensor, "match block"]
    """The squared error of saying the mean of the other matches."""
    expected: Float[Tensor, " match"]
    """Expected root mean squared error, its law learnt from other matches."""
    ranks: dict[str, Float[Tensor, " match"]]
    """"ours matches": the rank of the right row among those of all held-out matches, as `rank`
    finds it; "ours unmatched": among unmatched rows; "closed ...": by the best closed form alone.
    NaN for matches that were not looked for."""
    pool: Int64[Tensor, " gallery"]
    """How many rows the two galleries have; 0 for one that there is not."""
    sizes: Int64[Tensor, " size"]
    """Numbers of matches that the closed form learnt from, for the learning curve."""
    curve: Float[Tensor, "size match"]
    """Its squared error on each held-out match."""

    def to_tensors(self) -> dict[str, Tensor]:
        """Tensors by name, for a safetensors file."""
        plain = {name: value for name, value in vars(self).items() if isinstance(value, Tensor)}
        for kind in ("errors", "ranks"):
            plain |= {f"{kind}.{name}": value for name, value in getattr(self, kind).items()}
        return plain

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor]) -> "Evidence":
        """The inverse of `to_tensors`."""
        plain: dict = {name: value for name, value in tensors.items() if "." not in name}
        for kind in ("errors", "ranks"):
            plain[kind] = {
                name.removeprefix(f"{kind}."): value
                for name, value in tensors.items()
                if name.startswith(f"{kind}.")
            }
        return cls(**plain)


def closed_form(errors: Mapping[str, float]) -> str | None:
    """The better of ridge and kernel ridge, the best simple map of the matches alone; None without
    either."""
    simple = [name for name in (START, KERNEL) if name in errors]
    return min(simple, key=lambda name: errors[name], default=None)


def gather(
    judged: Judged,
    likeness: Mapping[Direction, Chosen],
    trial: TrialRuns,
) -> dict[Direction, Evidence]:
    """The evidence of every direction that had held-out matches of two things at least.

    Args:
        judged: what `judge` found.
        likeness: what that of each pair is made of.
        trial: who answered.
    """
    ranks = ranks_of(trial, judged, likeness)
    found = {}
    for direction, held in judged.held.items():
        spec = trial.forms.specs[direction[1]]
        things, own = np.array(held.things), trial.thing[held.things]
        if len(np.unique(own)) < 2:
            continue  # Nobody else's match could say how far to trust it.
        blended, expected = _cross_fitted(held, own, spec)
        answers = {name: average(each, spec) for name, each in held.alone.items()}
        best = closed_form(judged.errors[direction])
        sizes, curve = learn_curve(trial, direction, things, kernel=best == KERNEL)
        found[direction] = Evidence(
            thing=torch.from_numpy(own),
            errors={
                name: _by_block((each - held.truth).square(), spec)
                for name, each in (answers | {BLENDED: blended}).items()
            },
            deviation=_by_block(_left_out(held.truth).square(), spec),
            expected=expected,
            ranks={
                f"{who} {gallery}": value
                for (way, who, gallery), value in ranks.found.items()
                if way == direction and who in (OURS, CLOSED)
            },
            pool=torch.tensor(ranks.pools[direction]),
            sizes=torch.from_numpy(sizes),
            curve=curve,
        )
    return found


def _cross_fitted(held: Held, thing: np.ndarray, spec: LatentSpec) -> tuple[Tensor, Tensor]:
    """Blended answers and their expected errors, each by what the other parts' matches say."""
    means = torch.stack([average(each, spec) for each in held.alone.values()])
    answers, expected = torch.zeros_like(held.truth), torch.zeros(len(held.truth))
    # Things in the order of their numbers are in no order: folds were drawn at random anyway.
    part_of = np.unique(thing, return_inverse=True)[1] % PARTS
    for part in range(PARTS):
        own, other = (torch.from_numpy(part_of == part), torch.from_numpy(part_of != part))
        shares = blend_shares(means[:, other], held.truth[other], spec)
        members = torch.as_tensor(
            sum(
                torch.where(share > 0, share * each, 0.0)  # an answer without a share may be NaN
                for share, each in zip(shares, held.alone.values(), strict=True)
            )
        )
        given, alone = average(as_directions(members, spec), spec), held.alone[TRAINED]
        trust = trust_of(given[other], alone[:, other], held.cycle[other], held.truth[other])
        answers[own] = given[own]
        apart = disagreement(alone[:, own], given[own])
        expected[own] = trust.expected_error(apart, held.cycle[own])
    return answers, expected


def _left_out(truth: Float[Tensor, "match dim"]) -> Float[Tensor, "match dim"]:
    """Each row minus the mean of the others."""
    return (truth - truth.mean(0)) * len(truth) / (len(truth) - 1)


def _by_block(
    squared: Float[Tensor, "match dim"], spec: LatentSpec
) -> Float[Tensor, "match block"]:
    return torch.stack([squared[:, columns].mean(1) for _, columns in spec.parts()], 1)
