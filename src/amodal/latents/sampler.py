"""Which rows each run of a population sees at each step: seeded, resumable, neighbour-free."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from amodal.latents.matches import MatchTable
from amodal.latents.separate import separate_things
from amodal.typing import Float, Int64

BLOCK = 64
"""Steps whose draws are made at once: one generator call a run for all of them."""


@dataclass(frozen=True)
class Batch:
    """The latents of one step, a slice per run."""

    matched: dict[str, Float[Tensor, "run thing dim"]]
    """Latents of the matched things; rows that are not present hold anything finite."""
    things: Int64[Tensor, "run thing"]
    """A number for each match, the same for matches that share a row; -1 is padding."""
    present: dict[str, Float[Tensor, "run thing"]]
    """1 where the thing is seen in the modality, 0 where it is not (or is only padding)."""
    unmatched: dict[str, Float[Tensor, "run batch dim"]]
    """Latents drawn from the modality's rows, regardless of matches."""
    asked: dict[str, Float[Tensor, "run thing"]] = field(default_factory=dict)
    """The same where a row may be asked about, too, and not only be the answer; as `present` where
    left out."""
    distinct: bool = False
    """Whether all things are known to be different ones that are present in every modality."""


@dataclass(frozen=True)
class _Block:
    """The draws of `BLOCK` steps."""

    number: int
    things: Int64[Tensor, "step run thing"]
    share: Float[Tensor, "step run modality batch"]
    distinct: bool


class Sampler:
    """Draw matched and unmatched batches for every run at once.

    What run r sees at step t depends on its own seed, its own things and t alone: neither on the
    other runs nor on what was drawn before. So a run alone and inside a population is the same
    run, and resuming needs no state.
    """

    def __init__(
        self,
        latents: dict[str, Float[Tensor, "_ _"]],
        table: MatchTable,
        *,
        things: Sequence[np.ndarray],
        seeds: Sequence[int],
        batch: int,
        unmatched_batch: int,
        unmatched: Mapping[str, np.ndarray] | None = None,
        only_told: Mapping[str, int] | None = None,
    ) -> None:
        """Prepare the draws.

        Args:
            latents: each modality's rows, of its own number.
            table: all matches.
            things: for each run, the rows of `table` that it may learn from.
            seeds: for each run, its seed.
            batch: matched things a step (a run with fewer sees all of its own at each step).
            unmatched_batch: unmatched rows a modality and step; 0 draws none.
            unmatched: the rows of each modality to draw those from; all when left out.
            only_told: rows of each modality from this one on are answers, and never asked about.
        """
        self.latents = latents
        self.table = torch.from_numpy(table.rows)
        self.separate = torch.from_numpy(separate_things(table))
        self.names = table.names
        self.things = [torch.from_numpy(np.asarray(t, dtype=np.int64)) for t in things]
        self.seeds = list(seeds)
        self.batch = batch
        self.unmatched_batch = unmatched_batch
        self.pools = {
            name: torch.from_numpy(np.asarray(rows, dtype=np.int64))
            for name, rows in (unmatched or {}).items()
        }
        self.only_told = dict(only_told or {})
        self._repeated = len(self.separate.unique()) < len(self.separate)
        self._block: _Block | None = None

    def draw(self, step: int) -> Batch:
        """The batch of one step."""
        block = self._block
        if block is None or block.number != step // BLOCK:
            block = self._block = self._draw_block(step // BLOCK)
        things, share = block.things[step % BLOCK], block.share[step % BLOCK]
        rows = self.table[things.clamp_min(0)].masked_fill((things < 0)[..., None], -1)
        matched, present, asked = {}, {}, {}
        for column, name in enumerate(self.names):
            present[name] = (rows[..., column] >= 0).float()
            if name in self.only_told:
                asked[name] = present[name] * (rows[..., column] < self.only_told[name])
            matched[name] = self._gather(name, rows[..., column].clamp_min(0))
        unmatched = {}
        if self.unmatched_batch:
            for column, name in enumerate(self.names):
                unmatched[name] = self._gather(name, self._spread(name, share[:, column]))
        numbers = self.separate[things.clamp_min(0)].masked_fill(things < 0, -1)
        return Batch(matched, numbers, present, unmatched, asked, distinct=block.distinct)

    def _draw_block(self, number: int) -> _Block:
        """What all runs see in the next steps; a run with fewer things is padded with -1."""
        orders, shares = [], []
        for own, seed in zip(self.things, self.seeds, strict=True):
            generator = torch.Generator().manual_seed(_mixed(seed, number))
            orders.append(own[_orders(len(own), self.batch, generator)].T)
            shape = (BLOCK, len(self.names), self.unmatched_batch)
            shares.append(torch.rand(shape, generator=generator))
        padded = torch.nn.utils.rnn.pad_sequence(orders, padding_value=-1)
        things = padded.permute(2, 1, 0).contiguous()
        whole = bool((things >= 0).all()) and bool((self.table[things] >= 0).all())
        return _Block(number, things, torch.stack(shares, 1), whole and not self._repeated)

    def _spread(self, name: str, share: Tensor) -> Tensor:
        """Rows of a modality out of uniform draws in [0, 1)."""
        pool = self.pools.get(name)
        count = len(self.latents[name]) if pool is None else len(pool)
        picked = (share.double() * count).long().clamp_max(count - 1)
        return picked if pool is None else pool[picked]

    def _gather(self, name: str, rows: Tensor) -> Tensor:
        table = self.latents[name]
        return table.index_select(0, rows.flatten()).view(*rows.shape, table.shape[1])


def _orders(things: int, batch: int, generator: torch.Generator) -> Int64[Tensor, "step drawn"]:
    """For each step of a block, which things to take: all where they fit, else all different."""
    if things <= batch:
        return torch.arange(things).expand(BLOCK, things)
    batches = things // batch
    drawn = [
        torch.randperm(things, generator=generator)[: batches * batch].view(batches, batch)
        for _ in range(-(-BLOCK // batches))
    ]
    return torch.cat(drawn)[:BLOCK]


def _mixed(seed: int, block: int) -> int:
    """One 63-bit seed out of a run's seed and a block number."""
    return int(np.random.SeedSequence([seed, block]).generate_state(1, np.uint64)[0] >> 1)
