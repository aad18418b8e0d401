"""`amodal fit` on small arrays: done, said to be done, refused, explained."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import amodal
from amodal.cli.fit import summary
from amodal.cli.main import main
from amodal.data import generate
from amodal.model.blending import KERNEL, START, TRAINED


@pytest.fixture
def arrays(tmp_path: Path) -> Path:
    """Two views of 120 things, the first 20 of them matched."""
    generator = np.random.default_rng(0)
    things = generator.normal(size=(120, 3))
    np.save(tmp_path / "sound.npy", things @ generator.normal(size=(3, 5)))
    np.save(tmp_path / "touch.npy", things @ generator.normal(size=(3, 4)))
    lines = "".join(f"{row},{row}\n" for row in range(20))
    (tmp_path / "matches.csv").write_text(f"sound,touch\n{lines}")
    return tmp_path


def fit(folder: Path, *more: str, out: str = "run") -> int:
    places = [f"{name}={folder / name}.npy" for name in ("sound", "touch")]
    known = ["--matches", str(folder / "matches.csv"), "--out", str(folder / out)]
    return main(["fit", "--latents", *places, *known, "--steps", "0", "--members", "1", *more])


def test_arrays_become_a_run_that_can_be_loaded(
    arrays: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit(arrays) == 0
    said = capsys.readouterr().out
    assert "sound 120 rows, touch 120 rows; 20 matches" in said
    assert "sound to touch: held-out squared error" in said
    assert "1.00 times that of ridge regression alone" in said
    assert "shares of the answer: ridge regression 100%" in said
    assert "members kept their start: nothing was trained" in said
    sound, touch = np.load(arrays / "sound.npy"), np.load(arrays / "touch.npy")
    answer = amodal.load(arrays / "run").translate(sound[20:], "sound", "touch")
    assert np.abs(answer - touch[20:]).mean() < 0.1


@pytest.mark.filterwarnings("always::amodal.errors.Notice")
def test_same_command_says_that_it_is_done(
    arrays: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit(arrays) == 0
    before = (arrays / "run" / "config.json").read_bytes()
    capsys.readouterr()
    assert fit(arrays) == 0
    assert "holds this very fit, finished" in capsys.readouterr().err
    assert fit(arrays, "--seed", "1") == 1
    assert "with other data or settings" in capsys.readouterr().err
    assert (arrays / "run" / "config.json").read_bytes() == before


def test_other_matches_in_the_same_file_are_noticed(
    arrays: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit(arrays) == 0
    with open(arrays / "matches.csv", "a") as handle:
        handle.write("50,50\n")
    assert fit(arrays) == 1
    assert "with other data or settings" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--latents", "sound=sound.npy"], "a workspace joins two or more, got ['sound']"),
        (["--latents", "sound.npy", "touch.npy"], "got 'sound.npy', expected modality=place"),
        (["--latents", "a=x.npy", "a=y.npy"], "names the modality 'a' twice"),
        (["--latents", "a=x.npy", "b=y.npy"], "modality 'a': there is no file x.npy"),
        (["--latents", "a=nowhere", "b=y.npy"], "there is no folder nowhere"),
        (["--preset", "deflaut"], "unknown preset 'deflaut': did you mean 'default'?"),
        (["--matches", "none.csv"], "there is no file of matches none.csv"),
    ],
)
def test_wrong_arguments_are_explained(
    arrays: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit(arrays, *words, out="other") == 1
    assert message in capsys.readouterr().err
    assert not (arrays / "other").exists()


def test_file_that_is_no_array(arrays: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (arrays / "touch.npy").write_bytes(b"not an array")
    assert fit(arrays) == 1
    assert "modality 'touch'" in capsys.readouterr().err
    (arrays / "touch.docx").write_bytes(b"numbers")
    text = f"touch={arrays / 'touch.docx'}"
    assert fit(arrays, "--latents", f"sound={arrays / 'sound.npy'}", text) == 1
    said = capsys.readouterr().err
    assert "neither a folder made by `amodal encode` nor a file that ends in .npy, .npz" in said


def test_stores_that_changed_places_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    generate("shapes", 60, tmp_path / "shapes", seed=1)
    for modality in ("text", "attributes"):
        words = ["encode", str(tmp_path / "shapes"), "--modality", modality]
        assert main([*words, "--out", str(tmp_path / modality)]) == 0
    swapped = [f"text={tmp_path / 'attributes'}", f"attributes={tmp_path / 'text'}"]
    assert main(["fit", "--latents", *swapped, "--out", str(tmp_path / "run")]) == 1
    assert "holds latents of 'attributes', which is another one of" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_summary_says_who_answers() -> None:
    errors = {TRAINED: 0.3, START: 0.5, KERNEL: 0.4, "blended": 0.2}
    shares = torch.tensor([[1.0, 0.5], [0.0, 0.0], [0.0, 0.5], [0.0, 0.0], [0.0, 0.0]])
    model = SimpleNamespace(
        matches_=30,
        unmatched_weight_=1.0,
        held_out_errors_={("a", "b"): errors},
        ensemble_=SimpleNamespace(shares={("a", "b"): shares}),
        trained_=True,
    )
    said = summary(model, {"a": 1_000, "b": 20}, 2.0)
    assert "a 1,000 rows, b 20 rows; 30 matches; 2.0 s" in said
    assert "a to b: held-out squared error 0.2 (saying the mean has about 1)" in said
    assert "0.50 times that of kernel ridge regression alone" in said
    assert "trained members 75%, kernel ridge regression 25%" in said
    none = SimpleNamespace(matches_=0, unmatched_weight_=1.0, held_out_errors_={}, trained_=True)
    assert "no matches were held out" in summary(none, {"a": 1, "b": 2}, 2.0)
