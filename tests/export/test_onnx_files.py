"""ONNX files answer as the workspace does: every kind of answer, block and architecture."""

import builtins
import sys
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
import torch

import amodal
from amodal import Workspace
from amodal.cli.main import main
from amodal.errors import (
    ExistsError,
    InputError,
    MissingExtraError,
    NotFittedError,
    UnknownNameError,
)
from amodal.export import check as checking
from amodal.export import export_onnx
from amodal.export.answers import Answers
from amodal.export.graph import OPSET, Graph
from amodal.fewmatch.nearest_latents import nearest_probabilities

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")

GOLDEN = Path(__file__).parents[1] / "golden"
DIRECTIONS = list(permutations(("sight", "words", "touch"), 2))


@pytest.fixture(scope="module")
def golden() -> Workspace:
    """Three modalities with all kinds of blocks; every answerer has a share."""
    return amodal.load(GOLDEN / "self-training")


def ask(path: Path, rows: np.ndarray) -> list[np.ndarray]:
    """Run a file by onnxruntime alone."""
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    assert [i.name for i in session.get_inputs()] == ["latents"]
    return session.run(None, {"latents": rows})


def real_rows(name: str, count: int = 40) -> np.ndarray:
    """Rows like those that the golden folder was fitted on."""
    sys.path.insert(0, str(GOLDEN))
    try:
        from make_golden import data
    finally:
        sys.path.remove(str(GOLDEN))
    return data(90)[name][-count:]


def test_all_answerers_are_among_what_is_compared(golden) -> None:
    shares = torch.stack([s.amax(1) for s in golden.ensemble_.shares.values()])
    assert bool((shares.amax(0) > 0.2).all())
    assert golden.ensemble_.aligned
    assert golden.aligned_
    assert golden.normalisation_["sight"].basis is not None


@pytest.mark.parametrize(("source", "target"), DIRECTIONS)
def test_translations(golden, tmp_path, source: str, target: str) -> None:
    out = tmp_path / "t.onnx"
    told = export_onnx(golden, out, source=source, target=target, uncertainty=True)
    dim = len(golden.normalisation_[target].shift)
    assert told.outputs == {"translation": dim, "uncertainty": 0}
    assert told.checked.by.startswith("onnxruntime")
    assert told.bytes == out.stat().st_size
    for count in (1, 2, 40):
        rows = real_rows(source, count)
        wanted = golden.translate(rows, source, target, uncertainty=True)
        for found, expected in zip(ask(out, rows), wanted, strict=True):
            assert found.dtype == np.float32
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    translation = ask(out, rows)[0]
    if target == "words":
        np.testing.assert_allclose(translation[:, :3].sum(1), 1, atol=1e-5)
        np.testing.assert_allclose(np.linalg.norm(translation[:, 3:5], axis=1), 1, atol=1e-5)


@pytest.mark.parametrize(("source", "target"), DIRECTIONS)
def test_retrieval_vectors(golden, tmp_path, source: str, target: str) -> None:
    out, rows = tmp_path / "v.onnx", real_rows(source)
    export_onnx(golden, out, source=source, target=target, embed=True)
    [found] = ask(out, rows)
    np.testing.assert_allclose(found, golden.retrieval_vectors(rows, source, target), atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("source", ["sight", "words", "touch"])
def test_states(golden, tmp_path, source: str) -> None:
    out, rows = tmp_path / "s.onnx", real_rows(source)
    assert export_onnx(golden, out, source=source, embed=True).outputs == {"state": 12}
    np.testing.assert_allclose(ask(out, rows)[0], golden.embed({source: rows}), atol=1e-5)


@pytest.mark.parametrize("folder", ["from-start", "shares", "checksum"])
def test_runs_of_earlier_versions(tmp_path, folder: str) -> None:
    model, rows = amodal.load(GOLDEN / folder), real_rows("sight")
    export_onnx(model, tmp_path / "t.onnx", source="sight", target="words")
    wanted = model.translate(rows, "sight", "words")
    np.testing.assert_allclose(ask(tmp_path / "t.onnx", rows)[0], wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "settings",
    [
        {"steps": 0},
        {"steps": 0, "hidden": 0, "members": 2},
        {"steps": 5, "start": False, "hidden": 8},
        {"steps": 5, "preset": "devillers2024", "hidden": 8},
    ],
    ids=lambda settings: "-".join(map(str, settings.values())),
)
def test_every_architecture(typed, tmp_path, settings: dict) -> None:
    matches = {"sight": range(30), "words": range(30)}
    model = Workspace(**({"members": 1, "folds": 2} | settings))
    latents = {name: typed.latents[name] for name in matches}
    model.fit(latents, matches=matches)
    for source, target in permutations(matches):
        rows = latents[source].rows
        out = tmp_path / f"{source}.onnx"
        export_onnx(model, out, source=source, target=target)
        wanted = model.translate(rows, source, target)
        np.testing.assert_allclose(ask(out, rows)[0], wanted, rtol=1e-3, atol=1e-4)
        export_onnx(model, tmp_path / f"{source}-state.onnx", source=source, embed=True)
        [state] = ask(tmp_path / f"{source}-state.onnx", rows)
        np.testing.assert_allclose(state, model.embed({source: rows}), rtol=1e-4, atol=1e-5)


def test_wide_spaces_in_principal_coordinates(tmp_path, capsys) -> None:
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(200, 4))
    wide = {
        name: (hidden @ rng.normal(size=(4, dim)) + 0.05 * rng.normal(size=(200, dim))) * 3 + 1
        for name, dim in (("sight", 150), ("words", 140))
    }
    model = Workspace(steps=0).fit(wide, matches={name: range(40) for name in wide})
    assert all(own.basis is not None for own in model.normalisation_.values())
    rows, out = wide["sight"][150:].astype(np.float32), tmp_path / "t.onnx"
    told = export_onnx(model, out, source="sight", target="words")
    assert told.outputs == {"translation": 140}
    wanted = model.translate(rows, "sight", "words")
    np.testing.assert_allclose(ask(out, rows)[0], wanted, rtol=1e-4, atol=1e-4)
    model.save(tmp_path / "run")
    words = ["--source", "sight", "--target", "words", "--out", str(out), "--overwrite"]
    assert main(["export", str(tmp_path / "run"), *words]) == 0
    assert "latents (row, 150) of sight -> translation (row, 140)" in capsys.readouterr().out


def test_the_nearest_probabilities_are_those_of_the_workspace(golden) -> None:
    rows = np.random.default_rng(3).normal(size=(200, 5)).astype(np.float32) * 2
    rows[0], rows[1] = 0.2, [1, 0, 0, 0, 0]
    graph = Graph()
    told = {"near": (Answers(golden, graph)._nearest_probabilities("latents"), 5)}
    run, _ = checking.runner(graph.finish(("latents", 5), told, {}).SerializeToString())
    [found] = run(rows, ("near",))
    np.testing.assert_allclose(found, nearest_probabilities(torch.from_numpy(rows)), atol=1e-6)


def test_the_file_says_what_it_is(golden, tmp_path) -> None:
    export_onnx(golden, tmp_path / "t.onnx", source="sight", target="words")
    model = onnx.load(tmp_path / "t.onnx")
    onnx.checker.check_model(model, full_check=True)
    assert [(o.domain, o.version) for o in model.opset_import] == [("", OPSET)]
    notes = {entry.key: entry.value for entry in model.metadata_props}
    assert (notes["source"], notes["target"], notes["amodal"]) == (
        "sight",
        "words",
        amodal.__version__,
    )
    assert '"kind": "circular"' in notes["target_blocks"]
    dims = model.graph.output[0].type.tensor_type.shape.dim
    assert (dims[0].dim_param, dims[1].dim_value) == ("row", 7)


def test_without_onnxruntime_onnx_itself_checks(golden, tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    for wanted in ({"target": "words"}, {"target": "touch", "embed": True}, {"embed": True}):
        told = export_onnx(golden, tmp_path / "t.onnx", source="sight", overwrite=True, **wanted)
        assert told.checked.by == f"onnx {onnx.__version__}"
        assert told.checked.difference < 1e-5


def test_a_file_that_would_answer_otherwise_is_not_written(golden, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(Answers, "_softmax", lambda self, part: part)
    with pytest.raises(InputError, match=r"answers differ from the workspace's.*nothing was writ"):
        export_onnx(golden, tmp_path / "t.onnx", source="sight", target="words")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("wanted", "kind", "words"),
    [
        ({"source": "sigt", "target": "words"}, UnknownNameError, "did you mean 'sight'"),
        ({"source": "sight", "target": "word"}, UnknownNameError, "did you mean 'words'"),
        ({"source": "sight"}, InputError, "name the target to translate to, or ask for embed"),
        ({"source": "sight", "target": "sight"}, InputError, "both 'sight'"),
        (
            {"source": "sight", "target": "words", "embed": True, "uncertainty": True},
            InputError,
            "no uncertainty can be told: embed has none",
        ),
    ],
)
def test_what_cannot_be_exported_is_said(golden, tmp_path, wanted, kind, words: str) -> None:
    with pytest.raises(kind, match=words):
        export_onnx(golden, tmp_path / "t.onnx", **wanted)
    assert not list(tmp_path.iterdir())


def test_what_is_there_is_kept(golden, tmp_path) -> None:
    (tmp_path / "t.onnx").write_text("mine")
    with pytest.raises(ExistsError, match="is already there: choose another file"):
        export_onnx(golden, tmp_path / "t.onnx", source="sight", target="words")
    assert (tmp_path / "t.onnx").read_text() == "mine"
    export_onnx(golden, tmp_path / "t.onnx", source="sight", target="words", overwrite=True)
    assert ask(tmp_path / "t.onnx", real_rows("sight"))[0].shape == (40, 7)


def test_only_fitted_workspaces_and_with_the_extra(golden, tmp_path, monkeypatch) -> None:
    with pytest.raises(NotFittedError, match="call fit first"):
        export_onnx(Workspace(), tmp_path / "t.onnx", source="sight", target="words")
    usual = builtins.__import__

    def without(name: str, *rest, **more):
        if name.split(".")[0] == "onnx":
            raise ModuleNotFoundError("No module named 'onnx'", name="onnx")
        return usual(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r'pip install "amodal\[onnx\]"'):
        export_onnx(golden, tmp_path / "t.onnx", source="sight", target="words")
