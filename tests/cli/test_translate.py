"""`amodal translate`: all directions, trust, and everything that can be typed wrongly."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from amodal.cli.main import main
from amodal.cli.things import read_attributes, read_picture, said, write_picture
from amodal.data.kinds import kind_of
from amodal.data.shapes import draw_factors, render
from amodal.errors import InputError, Notice, UnknownNameError

pytestmark = pytest.mark.xdist_group("demo")

SHAPES = kind_of("shapes")
SENTENCE = "a small red triangle in the top left corner"
EGG = ["shape=egg", "x=20", "y=12", "size=9", "rotation=90", "red=255", "green=0", "blue=0"]


def translate(run: Path, *words: str) -> int:
    return main(["translate", str(run), *words])


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "given.png"
    write_picture(path, render(draw_factors(1, seed=3))[0])
    return path


@pytest.mark.filterwarnings("always::amodal.errors.Notice")
def test_sentence_to_picture(
    demo_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.png"
    words = ("--from", "text", "--to", "image", SENTENCE, "--out", str(out))
    assert translate(demo_run, *words) == 0
    with Image.open(out) as drawn:
        assert drawn.size == (32, 32)
        assert np.asarray(drawn).max() > 50
    assert "trust: " in capsys.readouterr().out
    before = out.read_bytes()
    assert translate(demo_run, *words) == 1
    assert "is already there: choose another --out, or add --overwrite" in capsys.readouterr().err
    assert out.read_bytes() == before
    assert translate(demo_run, *words, "--overwrite") == 0


def test_picture_to_attributes_and_to_text(
    demo_run: Path, picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert translate(demo_run, "--from", "image", "--to", "attributes", str(picture)) == 0
    assert "shape=" in capsys.readouterr().out
    out = tmp_path / "said.txt"
    words = ("--from", "image", "--to", "text", str(picture), "--out", str(out))
    assert translate(demo_run, *words) == 0
    assert out.read_text().strip() in capsys.readouterr().out


def test_attributes_to_text(demo_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert translate(demo_run, *EGG, "--from", "attributes", "--to", "text") == 0
    sentence, trust = capsys.readouterr().out.splitlines()
    assert len(sentence.split()) > 5
    assert "held-out matches" in trust


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--from", "txt", "--to", "image", "x"], "did you mean 'text'?"),
        (["--from", "text", "--to", "image", "x"], "a picture needs a file"),
        (["--from", "text", "--to", "text", "x"], "nothing to translate"),
        (["--from", "text", "--to", "attributes", " "], "nothing was given to translate"),
        (["--from", "image", "--to", "text", "absent.png"], "there is no picture absent.png"),
        (["--from", "attributes", "--to", "text", "shape=egg"], "are missing"),
    ],
)
def test_what_is_typed_wrongly_is_told(
    words: list[str], message: str, demo_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert translate(demo_run, *words) in (1, 2)
    assert message in " ".join(capsys.readouterr().err.split())


def test_attributes_come_back_as_typed() -> None:
    assert said(SHAPES, "attributes", read_attributes(SHAPES, EGG)) == " ".join(
        ["shape=egg", "x=20.0", "y=12.0", "size=9.0", "rotation=90", "red=255", "green=0", "blue=0"]
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("x=20", "x=3", "attribute x is 3, expected a number from 7 to 25"),
        ("x=20", "x=left", "attribute x='left': expected a number"),
        ("red=255", "green=1", "attribute 'green' is given twice"),
        ("red=255", "red", "attribute 'red': expected shape=egg"),
    ],
)
def test_wrong_attributes(old: str, new: str, message: str) -> None:
    words = [new if word == old else word for word in EGG]
    with pytest.raises(InputError, match=message):
        read_attributes(SHAPES, words)


def test_wrong_names_of_attributes() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'rotation'"):
        read_attributes(SHAPES, ["rotaton=3"])
    with pytest.raises(UnknownNameError, match="did you mean 'triangle'"):
        read_attributes(SHAPES, ["shape=triangel", *EGG[1:]])


def test_other_sizes_are_resized_with_a_notice(tmp_path: Path) -> None:
    factors = draw_factors(1, seed=3)
    write_picture(tmp_path / "large.png", render(factors, side=128)[0])
    with pytest.warns(Notice, match="128 x 128 pixels and is resized to 32 x 32"):
        small = read_picture(tmp_path / "large.png", side=32)
    assert small.shape == (1, 32, 32, 3)
    difference = small.astype(int) - render(factors).astype(int)
    assert np.abs(difference).mean() < 1


def test_files_that_are_no_pictures(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(InputError, match="cannot be read as a picture"):
        read_picture(tmp_path / "text.png", side=32)
    with pytest.raises(InputError, match="expected a picture's ending"):
        write_picture(tmp_path / "out.txt", np.zeros((2, 2, 3), np.uint8))


@pytest.mark.filterwarnings("always::amodal.errors.Notice")
def test_what_a_sentence_does_not_say_is_said(
    demo_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--from", "text", "--to", "attributes")
    assert translate(demo_run, *words, SENTENCE) == 0
    assert "nothing understood about orientation: the" in capsys.readouterr().err
    assert translate(demo_run, *words, "a purple rhinoceros, very smal") == 0
    told = capsys.readouterr().err
    assert "'rhinoceros' was left out" in told
    assert "'smal' was read as 'small'" in told
    assert "shape, place, orientation" in told
    whole = "a small red triangle in the top left corner, pointing up"
    assert translate(demo_run, *words, whole) == 0
    assert capsys.readouterr().err == ""
