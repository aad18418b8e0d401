"""`amodal pretrain`: what it refuses, and one tiny run from a data folder."""

from pathlib import Path

import pytest

from amodal.cli.pretrain import Pretrain
from amodal.errors import ExistsError, InputError, NotFoundError


def test_all_bad_arguments_are_told_together(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"end in .safetensors.*--steps.*got 0; --seed.*got -1"):
        Pretrain("image", tmp_path / "weights.pt", steps=0, seed=-1)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    out = tmp_path / "image.safetensors"
    out.write_bytes(b"mine")
    with pytest.raises(ExistsError, match="already there: choose another --out"):
        Pretrain("image", out).run()
    assert out.read_bytes() == b"mine"


@pytest.mark.parametrize("kind", ["image", "text"])
def test_missing_data_are_named_before_training(tmp_path: Path, kind: str) -> None:
    with pytest.raises(NotFoundError, match="none"):
        Pretrain(kind, tmp_path / "out.safetensors", data=tmp_path / "none").run()


def test_the_command_that_remakes_the_weights_is_on_the_card() -> None:
    command = Pretrain("reader", Path("a/b c.safetensors"), data=Path("data/shapes"), steps=7)
    assert command.command() == (
        "amodal pretrain reader --out 'b c.safetensors' --data shapes --steps 7 --seed 0"
    )


def test_a_tiny_run_from_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from dataclasses import replace

    from amodal.data.generation import generate
    from amodal.unimodal import load_model, recipes

    generate("shapes", 200, tmp_path / "data", seed=0)
    quick = replace(recipes.RECIPES["shapes/reader"], figures=lambda model: {"rows": 2.0})
    monkeypatch.setitem(recipes.RECIPES, "shapes/reader", quick)
    out = tmp_path / "reader.safetensors"
    Pretrain("reader", out, data=tmp_path / "data", steps=2).run()
    assert "rows: 2.0000" in capsys.readouterr().out
    assert load_model(str(out)).kind == "reader"
