"""The odd-one-out task of the seed paper: two of three scenes share one attribute, which is odd?

A kind of data says what may be shared, and how far apart two scenes are in it; the search is here.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from amodal.data.random import check_seed
from amodal.typing import Bool, Float, Int64

_ROUNDS = 40


@dataclass(frozen=True)
class OddOneOut:
    """What two of three scenes may share, in one kind of data."""

    names: tuple[str, ...]
    """The attributes."""
    alike: tuple[float, ...]
    """Below this difference two scenes share the attribute."""
    apart: tuple[float, ...]
    """Above this difference they clearly do not."""
    differences: Callable[[np.ndarray, np.ndarray], np.ndarray]
    """(factors, factors) -> difference of each pair of scenes in each attribute."""
    features: Callable[[np.ndarray, int], np.ndarray]
    """(factors, number of an attribute) -> columns in which scenes that share it lie close."""
    few_valued: tuple[int, ...]
    """Numbers of attributes with few values: of three scenes two are often equal by chance."""
    stream: int
    """Number of the random stream of the draw."""

    def draw(
        self,
        factors: Float[np.ndarray, "n _"],
        rows: Int64[np.ndarray, " some"],
        *,
        count: int,
        seed: int,
    ) -> Int64[np.ndarray, "triplet 5"]:
        """Draw triplets of scenes in which exactly one attribute singles one scene out.

        Two scenes are alike in the attribute, the third is clearly apart from both; in every other
        attribute no two of the three are alike (of one with few values: or all three are).

        Args:
            factors: of the scenes to choose from.
            rows: their numbers, which the triplets name.
            count: how many triplets; fewer come back when there are too few alike pairs.
            seed: decides the choice and the order.

        Returns:
            Three rows in shuffled order, the position (0 to 2) of the odd one, the number of the
            attribute in `names`.
        """
        generator = np.random.default_rng([check_seed(seed), self.stream])
        share = -(-count // len(self.names))
        parts = [self._draw_shared(factors, w, share, generator) for w in range(len(self.names))]
        triplets = generator.permutation(np.concatenate(parts))[:count]
        order = generator.permuted(np.tile(np.arange(3), (len(triplets), 1)), axis=1)
        shuffled = np.take_along_axis(rows[triplets[:, :3]], order, axis=1)
        # The odd one stood last before shuffling.
        odd = (order == 2).argmax(axis=1)
        return np.concatenate([shuffled, odd[:, None], triplets[:, 3:]], axis=1).astype(np.int64)

    def _draw_shared(
        self,
        factors: Float[np.ndarray, "n _"],
        which: int,
        count: int,
        generator: np.random.Generator,
    ) -> Int64[np.ndarray, "triplet 4"]:
        """Triplets (pair, odd one, attribute) for one attribute, by proposing and refusing."""
        found, total = [np.empty((0, 3), np.int64)], 0
        for _ in range(_ROUNDS):
            pairs = self._propose_pairs(factors, which, generator)[: 40 * count]
            if total >= count or not len(pairs):
                break
            trial = np.column_stack([pairs, generator.integers(len(factors), size=len(pairs))])
            good = trial[self._is_fair(factors, trial, which)]
            found.append(good)
            total += len(good)
        triplets = np.unique(np.concatenate(found), axis=0)
        triplets = generator.permutation(triplets)[:count]
        return np.column_stack([triplets, np.full(len(triplets), which)])

    def _propose_pairs(
        self, factors: Float[np.ndarray, "n _"], which: int, generator: np.random.Generator
    ) -> Int64[np.ndarray, "pair 2"]:
        """Neighbours in an order that brings scenes of one cell together, cells shifted."""
        features = self.features(factors, which)
        columns = features.shape[1]
        shift = generator.random(columns) * (which not in self.few_valued)
        cells = np.floor(features / (self.alike[which] / columns**0.5) + shift).astype(np.int64)
        order = np.lexsort([generator.random(len(factors)), *cells.T])
        pairs = np.stack([order[:-1], order[1:]], axis=1)
        same = (cells[pairs[:, 0]] == cells[pairs[:, 1]]).all(axis=1)
        return generator.permutation(pairs[same])

    def _is_fair(
        self, factors: Float[np.ndarray, "n _"], trial: Int64[np.ndarray, "t 3"], which: int
    ) -> Bool[np.ndarray, " t"]:
        a, b, c = (factors[trial[:, column]] for column in range(3))
        gaps = np.stack([self.differences(*pair) for pair in ((a, b), (a, c), (b, c))])
        alike, apart = np.less(gaps, self.alike), np.greater(gaps, self.apart)
        others = np.asarray(~alike.any(axis=0))
        # Of few values two are often equal by chance: fair is one pair less, or all three.
        for few in self.few_valued:
            others[:, few] |= alike[:, :, few].all(axis=0)
        others[:, which] = alike[0, :, which] & apart[1:, :, which].all(axis=0)
        return np.asarray(others.all(axis=1))
