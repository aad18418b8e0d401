"""Settings of the loop by name, and answers in the caller's own precision."""

import numpy as np
import pytest
import torch
from plain_data import draw_plain, quick, same_rows

from amodal import Block, LatentSpec
from amodal.errors import InputError, UnknownNameError


def test_settings_of_the_loop_are_passed_on() -> None:
    model = quick(steps=6, training={"learn_scale": True, "batch": 8})
    model.fit(draw_plain(), matches=same_rows(20))
    scales = model.ensemble_.members.views()["contrastive.log_scale"]
    assert not np.isclose(scales.numpy(), np.log(1 / 0.07)).all() or model.gate_[0]["step"] == 0
    assert model.get_params()["training"] == {"learn_scale": True, "batch": 8}


def test_unknown_and_unusable_settings_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'learn_scale'"):
        quick(training={"learnscale": True}).fit(draw_plain(), matches=same_rows(20))
    with pytest.raises(InputError, match="batch must be at least 2, got 1"):
        quick(training={"batch": 1}).fit(draw_plain(), matches=same_rows(20))


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16, torch.float64])
def test_round_trips_go_through_probabilities_in_any_precision(kind) -> None:
    generator = torch.Generator().manual_seed(1)
    sound = torch.randn(60, 4, generator=generator)
    label = torch.nn.functional.one_hot(sound[:, :3].argmax(1), 3).float()
    spaces = {"label": LatentSpec((Block("kind", "categorical", 3),))}
    matches = {"sound": range(40), "label": range(40)}
    model = quick(steps=0).fit({"sound": sound, "label": label}, matches=matches, spaces=spaces)
    # Probabilities rounded to 8 bits do not add up to 1, and would be refused as input.
    returned = model.cycle(sound[40:].to(kind), "sound", "label")
    assert returned.dtype == kind
    exact = model.cycle(sound[40:], "sound", "label")
    torch.testing.assert_close(returned.float(), exact, atol=0.05, rtol=0.05)
