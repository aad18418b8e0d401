"""The contact sheet and the two commands."""

import numpy as np
import pytest
from PIL import Image

from amodal.cli.generate import Generate
from amodal.cli.show import Show
from amodal.data import generation
from amodal.data.contact_sheet import contact_sheet
from amodal.errors import ExistsError, InputError


def test_every_picture_and_caption_is_on_the_sheet():
    images = np.zeros((5, 32, 32, 3), np.uint8)
    images[:] = np.array([10, 60, 110, 160, 210])[:, None, None, None]
    sheet = np.asarray(contact_sheet(images, ["A grey square."] * 5, columns=3))
    for level in (10, 60, 110, 160, 210):
        assert (sheet == level).all(axis=2).sum() > 190 * 190 * 0.9
    short = contact_sheet(images, ["Short."] * 5, columns=3)
    long = contact_sheet(
        images, ["A sentence that is far too long for one line. " * 3] * 5, columns=3
    )
    assert long.height > short.height + 100
    assert long.width == short.width


@pytest.mark.parametrize("side", [8, 32, 50, 64, 300])
def test_any_side(side):
    sheet = contact_sheet(np.full((1, side, side, 3), 200, np.uint8), ["One."])
    assert sheet.width == 192 + 56


def test_refusals():
    with pytest.raises(InputError, match="got 2 pictures, 1 captions"):
        contact_sheet(np.zeros((2, 32, 32, 3), np.uint8), ["one"])


def test_generate_then_show(tmp_path, capsys):
    command = Generate("shapes", n=200, out=tmp_path / "shapes", workers=1)
    command.run()
    assert "200 items" in capsys.readouterr().out
    command.run()
    assert "nothing to do" in capsys.readouterr().out
    Show(tmp_path / "shapes", out=tmp_path / "sheet.png", n=7, verify=True).run()
    assert "7 of 200 items" in capsys.readouterr().out
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width == 6 * 192 + 5 * 20 + 56
    with pytest.raises(InputError, match="--n is 201, expected 1 to 200"):
        Show(tmp_path / "shapes", n=201, out=tmp_path / "other.png").run()


def test_the_folder_is_called_after_the_kind(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Generate("shapes", n=20, workers=1).run()
    assert (tmp_path / "data" / "shapes" / "manifest.json").exists()
    assert "items/s" in capsys.readouterr().out


def test_a_sheet_is_replaced_only_when_asked(tmp_path):
    Generate("shapes", n=30, out=tmp_path / "shapes", workers=1).run()
    out = tmp_path / "sheet.png"
    out.write_bytes(b"mine")
    with pytest.raises(ExistsError, match=r"already there: .* replace it with --overwrite"):
        Show(tmp_path / "shapes", out=out, n=4).run()
    assert out.read_bytes() == b"mine"
    Show(tmp_path / "shapes", out=out, n=4, overwrite=True).run()
    with Image.open(out) as sheet:
        assert sheet.format == "PNG"


def test_generate_says_how_to_go_on_after_ctrl_c(tmp_path, capsys, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(generation, "make_blocks", stop)
    with pytest.raises(KeyboardInterrupt):
        Generate("shapes", n=200, out=tmp_path / "shapes", workers=1).run()
    assert "the same command goes on" in capsys.readouterr().err
