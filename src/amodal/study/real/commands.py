"""The commands that measure what a table holds."""

import shlex
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from amodal.study.base import Row
from amodal.study.real.methods import METHODS
from amodal.study.real.store import SHARES

FIELDS = ("shares", "sets", "methods")


def commands(rows: Sequence[Row], data: str, sets: Sequence[str]) -> list[str]:
    """As few commands as measure all the rows, whichever commands did.

    Args:
        rows: of the table.
        data: the name of the folder of the sets.
        sets: all sets in it.

    Example:
        >>> own = [{"set": "cells", "share": 1.0, "seed": s, "method": "csa"} for s in (0, 1)]
        >>> commands(own, "data", ["cells"])
        ['amodal study real --data data --seeds 2 --shares 1.0 --methods csa']
    """
    seeds = defaultdict(set)
    for row in rows:
        seeds[row["method"], row["set"], row["share"]].add(row["seed"])
    # Blocks that differ in one field alone become one block, field by field.
    blocks: list[dict[str, Any]] = [
        {"methods": (method,), "sets": (name,), "shares": (share,), "seeds": tuple(sorted(own))}
        for (method, name, share), own in seeds.items()
    ]
    every = {"methods": tuple(METHODS), "sets": tuple(sets), "shares": SHARES}
    for field in FIELDS:
        joined: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
        for block in blocks:
            rest = tuple((name, own) for name, own in block.items() if name != field)
            joined[rest].extend(block[field])
        blocks = [
            dict(rest) | {field: tuple(sorted(own, key=_order(every[field])))}
            for rest, own in joined.items()
        ]
    return [_command(block, data, every) for block in blocks]


def _order(every: Sequence[Any]) -> Any:
    """What is not among them comes last."""
    return lambda each: (each not in every, every.index(each) if each in every else each)


def _command(block: dict[str, Any], data: str, every: dict[str, tuple[Any, ...]]) -> str:
    own = block["seeds"]
    words = f"amodal study real --data {shlex.quote(data)} --seeds {own[-1] - own[0] + 1}"
    words += f" --first-seed {own[0]}" if own[0] else ""
    for field in ("sets", "shares", "methods"):
        if block[field] != every[field]:
            words += f" --{field} {' '.join(map(str, block[field]))}"
    return words
