"""Suggestions: of unmatched rows, the same every time, in a file that people fill in."""

import numpy as np
import pytest
import torch

from amodal.diagnosis.suggestion import suggest, write_suggestions
from amodal.errors import ExistsError, InputError
from amodal.fewmatch.ridge import fit_ridge
from amodal.latents.match_file import read_matches

ROWS = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)


def test_suggested_rows_have_no_match_and_begin_with_the_best() -> None:
    many = suggest(ROWS, 20, matched=range(100))
    assert len(set(many.tolist())) == 20
    assert many.min() >= 100
    assert suggest(ROWS, 5, matched=range(100)).tolist() == many[:5].tolist()


def test_many_rows_are_sampled() -> None:
    rows = np.random.default_rng(1).normal(size=(5000, 2)).astype(np.float32)
    one, same, other = (suggest(rows, 5, seed=seed).tolist() for seed in (0, 0, 1))
    assert one == same != other


def test_beats_random_where_few_rows_show_a_factor() -> None:
    """One column is nonzero in a tenth of the rows: random matches often miss it."""
    worse = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        rows = rng.normal(size=(400, 4))
        rows[:, 3] *= 4 * (rng.uniform(size=400) < 0.1)
        answers = rows @ rng.normal(size=(4, 3))
        error = {}
        for name, chosen in (("ours", suggest(rows, 10)), ("random", rng.permutation(400)[:10])):
            x, y = torch.from_numpy(rows), torch.from_numpy(answers)
            error[name] = float((fit_ridge(x[chosen], y[chosen])(x) - y).square().mean())
        worse.append(error["random"] > error["ours"])
    assert sum(worse) >= 6


@pytest.mark.parametrize(
    ("count", "matched", "message"),
    [
        (0, [], "0 suggestions were asked for, expected 1 to 300"),
        (250, range(100), "expected 1 to 200"),
        (5, [300], "from 0 to 299"),
        (5, [-1], "from 0 to 299"),
    ],
)
def test_wrong_numbers_are_explained(count, matched, message) -> None:
    with pytest.raises(InputError, match=message):
        suggest(ROWS, count, matched=matched)


@pytest.mark.parametrize(
    "given",
    [
        ROWS.tolist(),
        torch.from_numpy(ROWS).requires_grad_(),
        torch.from_numpy(ROWS).bfloat16().float().bfloat16(),
    ],
)
def test_what_a_fit_takes_is_taken(given) -> None:
    assert len(suggest(given, 3)) == 3


def test_thousands_at_once_are_refused() -> None:
    rows = np.random.default_rng(0).normal(size=(3000, 2))
    with pytest.raises(InputError, match="2001 suggestions were asked for, expected 2000 at most"):
        suggest(rows, 2001)


def test_the_file_is_read_as_matches_once_it_is_filled_in(tmp_path) -> None:
    path, sizes = tmp_path / "to-label.csv", {"image": 300, "text": 300}
    write_suggestions(path, ["7", "3"], "image", ["image", "text"])
    assert path.read_text() == "image,text\n7,\n3,\n"
    with pytest.raises(InputError, match=r"line 2: names one modality only"):
        read_matches(path, sizes)
    with pytest.raises(ExistsError, match="already exists"):
        write_suggestions(path, ["7", "3"], "image", ["image", "text"])
    path.write_text(path.read_text().replace("7,", "7,12").replace("3,\n", "3,0\n"))
    assert read_matches(path, sizes).together("image", "text").tolist() == [[7, 12], [3, 0]]


def test_a_seed_below_0_is_refused() -> None:
    with pytest.raises(InputError, match="seed is -1, expected a whole number of at least 0"):
        suggest(np.eye(9), 2, seed=-1)
