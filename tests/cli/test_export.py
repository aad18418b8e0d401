"""`amodal export`: the file, what is printed, and what can be typed wrongly."""

from pathlib import Path

import pytest

from amodal.cli.main import main

RUN = Path(__file__).parents[1] / "golden" / "checksum"


def export(*words: str) -> int:
    return main(["export", str(RUN), *words])


def test_a_translation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runtime = pytest.importorskip("onnxruntime")
    out = tmp_path / "sight-to-words.onnx"
    words = ("--source", "sight", "--target", "words", "--out", str(out))
    assert export(*words, "--uncertainty") == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == f"{out}: latents (row, 4) of sight -> translation (row, 7), uncertainty (row)"
    assert told[1].startswith("opset 18, float32, any number of rows; ")
    assert told[2].startswith("checked by onnxruntime ")
    session = runtime.InferenceSession(str(out), providers=["CPUExecutionProvider"])
    assert [each.name for each in session.get_outputs()] == ["translation", "uncertainty"]
    assert export(*words) == 1
    assert "is already there" in capsys.readouterr().err
    assert export(*words, "--overwrite") == 0


def test_vectors_and_states(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("onnx")
    out = tmp_path / "words.onnx"
    assert export("--source", "words", "--embed", "--out", str(out)) == 0
    assert "of words -> state (row, 12)" in capsys.readouterr().out
    vectors = tmp_path / "vectors.onnx"
    words = ("--source", "words", "--target", "touch", "--embed", "--out", str(vectors))
    assert export(*words) == 0
    assert "of words -> vectors (row, 13)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--source", "sight", "--target", "words", "--out", "x.bin"], 2, "ends in .onnx"),
        (["--source", "sight", "--out", "x.onnx"], 2, "add --target"),
        (["--source", "sihgt", "--target", "words", "--out", "x.onnx"], 1, "you mean 'sight'?"),
    ],
)
def test_what_is_typed_wrongly_is_told(
    words: list[str],
    code: int,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert export(*words) == code
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
