"""Stacked linear probes: against least squares, one source at a time."""

import numpy as np
import pytest
import torch

from amodal.data.kinds import kind_of
from amodal.data.shapes import attributes, draw_factors
from amodal.data.shapes.readable import readable_errors
from amodal.errors import InputError
from amodal.evaluation.linear_probes import LEARNT, probe_errors

SHAPES = kind_of("shapes")
FACTORS = draw_factors(400, seed=2)


def test_equals_least_squares_of_each_source() -> None:
    generator = torch.Generator().manual_seed(0)
    true = torch.from_numpy(attributes(FACTORS))
    mixing = torch.randn(2, 11, 6, generator=generator)
    sources = torch.tanh(true @ mixing)
    found = probe_errors(SHAPES, sources, FACTORS)
    cut = int(LEARNT * 400)
    for run in range(2):
        given = np.column_stack([sources[run].numpy(), np.ones(400)])
        solution = np.linalg.lstsq(given[:cut], true[:cut].numpy(), rcond=None)[0]
        expected = readable_errors(given[cut:] @ solution, true[cut:])
        for name, value in expected.items():
            assert found[run][name] == pytest.approx(value, rel=0.02), name


def test_dead_columns_do_no_harm_and_say_nothing() -> None:
    true = torch.from_numpy(attributes(FACTORS))
    dead = torch.full_like(true, 0.3)
    sources = torch.stack([torch.cat([true, dead], 1), torch.cat([dead, dead], 1)])
    both, none = probe_errors(SHAPES, sources, FACTORS)
    assert both["shape_accuracy"] == 1
    assert both["rotation_degrees"] < 0.5
    assert none["shape_accuracy"] < 0.5
    assert none["rotation_degrees"] > 60


def test_factors_of_other_things_are_refused() -> None:
    with pytest.raises(InputError, match="at least ten things"):
        probe_errors(SHAPES, torch.zeros(1, 30, 2), FACTORS)
