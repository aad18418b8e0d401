"""The example on real data runs, on arrays made here in the shape of the real ones."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from amodal.errors import InputError, NotFoundError, UnknownNameError
from amodal.files import read_json, write_json

SCRIPT = Path(__file__).parents[2] / "examples" / "real_data.py"


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("real_data_example", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by name.
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(__import__("sys").modules, spec.name, module)
        spec.loader.exec_module(module)
    return module


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    generator = np.random.default_rng(0)
    hidden = generator.normal(size=(300, 3))
    topics = np.exp(hidden @ generator.normal(size=(3, 6))) * generator.uniform(1, 90, (300, 1))
    cells = hidden @ generator.normal(size=(3, 4)) + 0.1 * generator.normal(size=(300, 4))
    np.savez(tmp_path / "snareseq_cellline.npz", atac_topics=topics, rna_pcs=cells)
    row = {"R1": [0.1, 0.01], "R10": [0.5, 0.02], "MRR": [0.2, 0.01], "FOSCTTM": [0.1, 0.01]}
    sanity = {"atac_topics <-> rna_pcs": {"ridge@0.1": {**row, "n_pairs": 20}}}
    write_json(tmp_path / "snareseq_cellline.json", {"sanity": sanity})
    return tmp_path


def test_runs_prints_and_writes(example, folder, capsys, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    out = folder / "scores.json"
    arguments = ["--data", str(folder), "--set", "snareseq", "--matches", "0.1,60", "--seeds", "2"]
    example.main([*arguments, "--methods", "ridge,cca", "--json", str(out)])
    entries = read_json(out)["entries"]
    assert [(e["matches"], e["method"]) for e in entries] == [
        (21, "ridge"),
        (21, "cca"),
        (60, "ridge"),
        (60, "cca"),
    ]
    assert entries[2]["unmatched"] == [75, 75]
    assert entries[2]["scores"]["recall@10"]["mean"] > 0.5
    printed = capsys.readouterr().out
    assert "published (deviation)" in printed
    assert "recall@10 of cca minus ridge" in printed


def test_unmatched_things_are_disjoint_and_matches_belong(example, folder) -> None:
    data = example.SETS["snareseq"]
    arrays = {"same": np.arange(300)}
    numbers = np.arange(300.0)[:, None] * np.ones((1, 2)) + np.random.default_rng(1).normal(
        scale=0.01, size=(300, 2)
    )
    arrays |= {"atac_topics": numbers, "rna_pcs": numbers}
    drawn = []

    class Recorder(example.Principal):
        @classmethod
        def fit(cls, rows, dimensions):
            drawn.append(rows[:, 0].round().long().tolist())
            return super().fit(rows, dimensions)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(example, "Principal", Recorder)
        task = example.draw_task(arrays, data.modalities, data, matched=30, disjoint=True, seed=3)
    first, second = drawn
    assert first[:30] == second[:30]
    assert not set(first[30:]) & set(second[30:])
    assert len(set(first) | set(second) | set(task.same.tolist())) == 300


def test_bad_options_are_refused(example, folder) -> None:
    with pytest.raises(NotFoundError, match=r"fashion_products_dev\.npz"):
        example.main(["--data", str(folder), "--methods", "ridge"])
    with pytest.raises(UnknownNameError, match="did you mean 'ridge'"):
        example.main(["--data", str(folder), "--methods", "rigde"])
    with pytest.raises(InputError, match="--matches holds 0"):
        example.count_matches(0.0, 100)
