"""`amodal fit` on files of many kinds, and `amodal embed` of what it made."""

from pathlib import Path

import numpy as np
import pytest

import amodal
from amodal.cli.main import main


@pytest.fixture
def things(tmp_path: Path) -> Path:
    """Two views of 120 things as a table with names and an .npz file without; 20 are matched."""
    generator = np.random.default_rng(0)
    hidden = generator.normal(size=(120, 3))
    sound, touch = hidden @ generator.normal(size=(3, 5)), hidden @ generator.normal(size=(3, 4))
    rows = [f"sound{row}," + ",".join(map(str, values)) for row, values in enumerate(sound)]
    (tmp_path / "sound.csv").write_text("\n".join(["id,a,b,c,d,e", *rows]))
    np.savez(tmp_path / "touch.npz", touch=touch, other=touch[:, :1])
    pairs = [f'{{"sound": "sound{row}", "touch": {row}}}' for row in range(20)]
    (tmp_path / "matches.jsonl").write_text("\n".join(pairs))
    return tmp_path


def fit(folder: Path, *more: str) -> int:
    places = [f"sound={folder / 'sound.csv'}", f"touch={folder / 'touch.npz'}:touch"]
    out = ["--out", str(folder / "run"), "--steps", "0", "--members", "1"]
    return main(["fit", "--latents", *places, *out, *more])


def embed(folder: Path, out: str, *places: str) -> int:
    return main(["embed", str(folder / "run"), "--latents", *places, "--out", str(folder / out)])


def test_tables_and_names_become_a_run_and_its_states(
    things: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit(things, "--matches", str(things / "matches.jsonl")) == 0
    assert "sound 120 rows, touch 120 rows; 20 matches" in capsys.readouterr().out
    place = f"sound={things / 'sound.csv'}"
    assert embed(things, "states.npz", place) == 0
    said = capsys.readouterr().out
    assert "states.npz:\n  sound: (120, 9)\n  sound_to_touch: (120, 4)\n  sound_ids" in said
    written, truth = np.load(things / "states.npz"), np.load(things / "touch.npz")["touch"]
    assert np.abs(written["sound_to_touch"] - truth).mean() < 0.1
    assert written["sound_ids"][7] == "sound7"
    assert embed(things, "states.npz", place) == 1
    assert "is already there: choose another --out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("out", "places", "message"),
    [
        ("a.npz", ["sond=sound.csv"], "unknown modality 'sond': did you mean 'sound'"),
        ("a.npz", ["sound.csv"], "got 'sound.csv', expected modality=place"),
        ("a.txt", ["sound=sound.csv"], "expected a file that ends in .npz, .h5ad, .h5mu"),
        ("a.h5mu", ["sound=sound.csv"], "becomes a copy of the .h5mu file that holds the latents"),
    ],
)
def test_wrong_arguments_are_explained(
    things: Path, out: str, places: list[str], message: str, capsys, monkeypatch
) -> None:
    monkeypatch.chdir(things)
    assert fit(things, "--matches", str(things / "matches.jsonl")) == 0
    assert embed(things, out, *places) == 1
    assert message in capsys.readouterr().err
    assert not (things / out).exists()


def test_mistakes_in_matches_end_before_anything_is_written(
    things: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (things / "matches.jsonl").write_text('{"sound": "sound7", "touch": 3}\n{"sound": "sund8"}')
    assert fit(things, "--matches", str(things / "matches.jsonl")) == 1
    said = capsys.readouterr().err
    assert "matches.jsonl, line 2, column 'sound': there is no item 'sund8': did you mean" in said
    assert '    {"sound": "sound1", "touch": 0}' in said
    assert fit(things, "--match-names") == 1
    assert "the items of modality 'touch' have no names to match by" in capsys.readouterr().err
    assert fit(things, "--match-names", "--matches", "a.csv") == 1
    assert "--matches and --match-names both say what matches" in capsys.readouterr().err
    assert not (things / "run").exists()


def test_files_of_cells_in_and_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("anndata")
    mudata = pytest.importorskip("mudata")
    from anndata import AnnData
    from pandas import DataFrame

    hidden = np.random.default_rng(0).normal(size=(120, 3))
    names = [f"cell{row}" for row in range(120)]
    parts = {
        "rna": AnnData(obs=DataFrame(index=names[:80]), obsm={"X_pca": hidden[:80]}),
        "atac": AnnData(obs=DataFrame(index=names[50:]), obsm={"X_lsi": hidden[50:, ::-1] * 2}),
    }
    parts["rna"].write_h5ad(tmp_path / "rna.h5ad")
    with mudata.set_options(pull_on_update=False):
        mudata.MuData(parts).write_h5mu(tmp_path / "cells.h5mu")
        file = tmp_path / "cells.h5mu"
        places = [f"rna={file}:rna:X_pca", f"atac={file}:atac:X_lsi"]
        words = ["--out", str(tmp_path / "run"), "--steps", "0", "--members", "1"]
        assert main(["fit", "--latents", *places, "--match-names", *words]) == 0
        assert "rna 80 rows, atac 70 rows; 30 matches" in capsys.readouterr().out
        assert embed(tmp_path, "out.h5mu", *places) == 0
        assert "mod/rna/obsm/X_amodal_atac: (80, 3)" in capsys.readouterr().out
        found = mudata.read_h5mu(tmp_path / "out.h5mu")
    model = amodal.load(tmp_path / "run")
    assert found.obsm["X_amodal"].shape == (120, 6)
    np.testing.assert_allclose(
        found["rna"].obsm["X_amodal_atac"],
        model.translate(hidden[:80], "rna", "atac"),
        atol=1e-5,
    )
    np.testing.assert_array_equal(found["atac"].obsm["X_lsi"], parts["atac"].obsm["X_lsi"])
    assert embed(tmp_path, "out.h5ad", f"rna={tmp_path / 'rna.h5ad'}:X_pca") == 0
    from anndata import read_h5ad

    assert sorted(read_h5ad(tmp_path / "out.h5ad").obsm) == ["X_amodal", "X_amodal_atac", "X_pca"]
    assert embed(tmp_path, "both.h5ad", places[0], f"atac={tmp_path / 'rna.h5ad'}:X_pca") == 1
    assert "becomes a copy of the .h5ad file" in capsys.readouterr().err
