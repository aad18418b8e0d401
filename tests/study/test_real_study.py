"""The study of real sets, on sets made here in the form of the real ones."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, r2_score
from small_sets import write_sets

from amodal.cli.main import main, parse
from amodal.errors import (
    DamagedError,
    InputError,
    MissingExtraError,
    NotFoundError,
    UnknownNameError,
)
from amodal.files import read_json, write_json
from amodal.latents.estimator import explained_share
from amodal.study.real import methods, store
from amodal.study.real.methods import METHODS, find_methods
from amodal.study.real.run import run_real
from amodal.study.real.scores import label_scores, scores
from amodal.study.real.sets import find_sets
from amodal.study.real.store import RealPlan, measure_missing, stored_rows
from amodal.study.real.tasks import count_matches, draw_task, load_arrays

REAL = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_sets(tmp_path)


def task_of(folder: Path, name: str, *, share: float = 0.1, seed: int = 0):
    [chosen] = find_sets(folder, [name])
    pair = chosen.pairs[0]
    return draw_task(chosen, pair, load_arrays(chosen, pair), share=share, seed=seed)


def test_sets_are_read_from_their_json(folder) -> None:
    cells, digits = find_sets(folder)
    assert (cells.name, cells.pairs, cells.by_class) == ("cells", (("atac", "rna"),), False)
    assert cells.labels == {"atac": "label", "rna": "label"}
    assert cells.uses_precision
    assert digits.by_class
    assert digits.labels == {"sound": "label_sound", "image": "label_image"}


def test_matched_things_belong_together_and_unmatched_ones_are_disjoint(folder) -> None:
    things = np.arange(200.0)[:, None] * [1.0, 1.0]
    np.savez(folder / "cells.npz", atac=things, rna=things, label=np.zeros(200, int))
    task = task_of(folder, "cells", share=0.2, seed=3)
    assert task.count == 28
    first, second = (rows[:, 0].astype(int).tolist() for rows in task.latents.values())
    assert first[:28] == second[:28]
    assert not set(first[28:]) & set(second[28:])
    tests = [set(rows[:, 0].astype(int).tolist()) for rows in task.test.values()]
    assert tests[0] == tests[1]
    assert len(set(first) | set(second) | tests[0]) == 200
    assert len(tests[0]) == 60
    assert not (set(first) | set(second)) & tests[0]


def test_things_listed_several_times_are_on_one_side_only(folder) -> None:
    [chosen] = find_sets(folder, ["cells"])
    unlike = chosen.describe()
    with np.load(chosen.path) as file:
        arrays = dict(file)
    arrays["rna"][:, 0] = np.arange(200)  # tells the row
    groups = np.minimum(np.arange(200) // 2, 60)  # pairs, and one that is listed 80 times
    np.savez(chosen.path, **arrays, dup_group=groups)
    [chosen] = find_sets(folder, ["cells"])
    assert chosen.describe() != unlike
    for share, most in ((0.1, 14), (1.0, 61)):
        pair = ("rna", "atac")
        arrays = load_arrays(chosen, pair) | {"atac": arrays["rna"]}
        task = draw_task(chosen, pair, arrays, share=share, seed=0)
        count = len(task.matches["rna"])
        one, other = (task.latents[name][:, 0].astype(int) for name in pair)
        test, matched, first, second = (
            task.test["rna"][:, 0].astype(int),
            one[:count],
            one[count:],
            other[count:],
        )
        assert len(matched) == len(set(groups[matched])) <= most
        parts = [set(groups[rows]) for rows in (test, matched, first, second)]
        assert sum(map(len, parts)) == len(set().union(*parts))
        assert len(first) + len(second) > 0 or share == 1.0


def test_a_split_of_the_set_is_kept(folder) -> None:
    split = np.array(["train"] * 150 + ["test"] * 50)
    things = np.arange(200.0)[:, None] * [1.0, 1.0]
    np.savez(folder / "cells.npz", atac=things, rna=things, split=split)
    for seed in range(2):
        assert set(task_of(folder, "cells", seed=seed).test["rna"][:, 0]) == set(range(150, 200))


def test_matches_by_class_have_equal_labels(folder) -> None:
    task = task_of(folder, "digits", share=1.0)
    sound, image = (task.latents[name][task.matches[name]] for name in ("sound", "image"))
    assert (sound.argmax(1) == image.argmax(1)).all()
    # The set's own takes 0 and 1 are for testing; images have none, so 30 % of them are.
    assert (len(task.test["sound"]), len(task.test["image"])) == (30, 36)
    assert task.count == 120
    assert task.unmatched[0] == 0


def test_wide_modalities_are_turned_into_coordinates_and_back(folder) -> None:
    task = task_of(folder, "cells", share=1.0)
    assert task.latents["atac"].shape[1] == 128
    [chosen] = find_sets(folder, ["cells"])
    known = load_arrays(chosen, ("atac", "rna"))["atac"]
    truth = task.truth("atac")
    assert truth.shape[1] == 140
    assert {tuple(row[:3]) for row in truth} <= {tuple(row[:3]) for row in known}
    residual = task.in_units("atac", task.test["atac"]) - truth
    assert np.square(residual).sum() < 0.01 * np.square(truth - truth.mean(0)).sum()


def test_shares_become_numbers() -> None:
    assert [count_matches(s, 700) for s in (0.001, 0.1, 1.0)] == [5, 70, 700]
    with pytest.raises(InputError, match="--shares holds 0"):
        count_matches(0.0, 100)


def test_label_scores_equal_scikit_learn_and_a_slow_version() -> None:
    draw = np.random.default_rng(1)
    similarity = draw.normal(size=(12, 30))
    queries, labels = draw.integers(3, size=12), draw.integers(3, size=30)
    found = label_scores(similarity, queries, labels)
    precision, closer, told = [], [], []
    for row, own in zip(similarity, queries, strict=True):
        precision.append(average_precision_score(labels == own, row))
        pairs = [(r, w) for r in row[labels == own] for w in row[labels != own]]
        closer.append(np.mean([w > r for r, w in pairs]))
        nearest = labels[np.argsort(-row)[:5]].tolist()
        told.append(max(nearest, key=lambda label: (nearest.count(label), -nearest.index(label))))
    assert found["average_precision"] == pytest.approx(np.mean(precision))
    assert found["foscttm"] == pytest.approx(np.mean(closer))
    assert found["label_transfer"] == pytest.approx(np.mean(np.array(told) == queries))


def test_explained_variance_weighs_columns_by_their_variance() -> None:
    draw = np.random.default_rng(2)
    truth, answers = draw.normal(size=(2, 50, 3)) * [1, 5, 2]
    expected = r2_score(truth, answers, multioutput="variance_weighted")
    assert explained_share(truth, answers) == pytest.approx(expected)


def test_perfect_answers_score_perfectly(folder) -> None:
    task = task_of(folder, "cells")
    same = dict.fromkeys(task.test, task.test["rna"])
    ways = {("atac", "rna"): task.test["rna"], ("rna", "atac"): task.test["atac"]}
    found = scores(task, same, ways)
    assert (found["recall@1"], found["foscttm"]) == (1, 0)
    assert found["explained atac to rna"] == 1
    assert found["explained rna to atac"] > 0.99
    assert 0.5 < found["average_precision"] < 1


def test_cells_are_measured_once_and_kept(folder, tmp_path, monkeypatch) -> None:
    plan = RealPlan(find_sets(folder), find_methods(["ridge", "cca"]), (0.1,), (0, 1))
    out = tmp_path / "out"
    assert measure_missing(plan, out) == 8
    before = {path: path.read_bytes() for path in out.rglob("*.json")}
    assert len(before) == 8
    assert measure_missing(plan, out) == 0
    next(iter(before)).unlink()
    assert measure_missing(plan, out) == 1
    rows = stored_rows(plan, out)
    assert len(rows) == 8
    again = {path: path.read_bytes() for path in out.rglob("*.json")}
    assert again.keys() == before.keys()
    # Another recipe of the code is another cell.
    monkeypatch.setattr(store, "RECIPE", 99)
    assert stored_rows(plan, out) == []
    monkeypatch.undo()
    plan.path(out, plan.cells()[0]).write_text("{}")
    with pytest.raises(DamagedError, match="delete it to measure it again"):
        stored_rows(plan, out)


def test_an_interrupted_study_goes_on(folder, tmp_path, monkeypatch) -> None:
    plan = RealPlan(find_sets(folder, ["cells"]), find_methods(["ridge", "cca"]), (0.1,), (0, 1))
    asked = []

    def stopped(task):
        asked.append(task.seed)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return METHODS["ridge"].answer(task)

    cca = METHODS["cca"]
    monkeypatch.setitem(METHODS, "cca", type(cca)("cca", "", stopped, cca.recipe))
    with pytest.raises(KeyboardInterrupt):
        measure_missing(plan, tmp_path / "out")
    assert len(stored_rows(plan, tmp_path / "out")) == 3
    assert measure_missing(plan, tmp_path / "out") == 1


def test_the_recipe_of_the_default_fit_decides_our_cells(folder, monkeypatch) -> None:
    plan = RealPlan(find_sets(folder, ["cells"]), find_methods(["amodal"]), (0.1,), (0,))
    before = plan.key(plan.cells()[0])
    recipe = METHODS["Amodal"].recipe
    assert {"recipe", "preset"} <= set(recipe)
    monkeypatch.setitem(recipe, "recipe", recipe["recipe"] + 1)
    assert plan.key(plan.cells()[0]) != before


def test_the_command_writes_tables_pages_and_figures(folder, tmp_path, capsys) -> None:
    out, docs = tmp_path / "out", tmp_path / "docs"
    words = ["study", "real", "--data", str(folder), "--out", str(out), "--seeds", "2"]
    words += ["--methods", "ridge", "cca", "transport-cca", "--shares", "0.1", "1"]
    assert main([*words, "--docs", str(docs)]) == 0
    assert "24 cells measured now, 24 in all" in capsys.readouterr().out
    summary = (docs / "real.md").read_text("utf-8")
    assert "| atac and rna | 14 |" in summary
    assert "[All figures](real/cells.md)" in summary
    page = (docs / "real" / "cells.md").read_text("utf-8")
    assert "## atac and rna, 14 matches" in page
    assert "| ridge, 14 matches | 0.5 (0.02) | 0.1 (0.01) |" in page
    assert "- mAP: peer 0.3 (a paper)." in page
    assert "mAP →" in page
    assert "<svg" in (docs / "real" / "digits.svg").read_text("utf-8")
    assert "label transfer" in (docs / "real" / "digits.md").read_text("utf-8")
    command = f"amodal study real --data {folder.name} --seeds 2 --shares 0.1 1.0"
    assert f"{command} --methods ridge cca transport-cca\n" in summary
    table = docs / "real" / "results.csv"
    assert table.read_bytes() == (out / "real" / "real" / "results.csv").read_bytes()
    assert table.read_text().count("\n") == 25
    # Another part of the same folder: pages hold both.
    lines = run_real(folder, out, sets=["cells"], methods=["csa"], shares=[0.1], seeds=2)
    assert lines[0].startswith("2 cells measured now, 26 in all")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([], "needs --data"),
        (["--data", "{folder}", "--known", "none.csv"], "there is no table none.csv"),
        (["--data", "nowhere"], "there is no folder nowhere"),
        (["--data", "{folder}", "--sets", "cellz"], "did you mean 'cells'?"),
        (["--data", "{folder}", "--methods", "rigde"], "did you mean 'ridge'?"),
        (["--data", "{folder}", "--shares", "2"], "--shares holds 2"),
        (["--data", "{folder}", "--matches", "20"], "--matches: only for the other studies"),
    ],
)
def test_what_cannot_be_done_is_explained(words, text, folder, tmp_path, capsys) -> None:
    words = [word.format(folder=folder) for word in words]
    assert main(["study", "real", "--out", str(tmp_path / "out"), *words]) == 1
    assert text in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_options_of_real_are_refused_elsewhere(tmp_path, capsys) -> None:
    words = [
        "study",
        "saving",
        "--sets",
        "cells",
        "--budget",
        "smoke",
        "--out",
        str(tmp_path / "o"),
    ]
    assert parse(words).sets == ("cells",)
    assert main(words) == 1
    assert "--sets: only for real, not for study saving" in capsys.readouterr().err


def test_foreign_files_are_named(tmp_path) -> None:
    with pytest.raises(NotFoundError, match="holds no set"):
        find_sets(tmp_path)
    (tmp_path / "bad.npz").write_text("no archive")
    write_json(tmp_path / "bad.json", {"modalities": ["a", "b"]})
    with pytest.raises(InputError, match=r"bad\.npz is not a readable"):
        find_sets(tmp_path)
    np.savez(tmp_path / "bad.npz", a=np.zeros((5, 2)))
    with pytest.raises(InputError, match="names the modality 'b'"):
        find_sets(tmp_path)
    write_json(tmp_path / "bad.json", {"name": "bad"})
    with pytest.raises(InputError, match='expected "modalities"'):
        find_sets(tmp_path)
    with pytest.raises(UnknownNameError):
        find_methods(["csaa"])


def test_methods_whose_package_is_missing_are_left_out_or_named(monkeypatch) -> None:
    monkeypatch.setattr(methods, "find_spec", lambda package: None)
    left = [method.name for method in find_methods()]
    assert set(METHODS) - set(left) == {"mvae", "mopoe"}
    with pytest.raises(MissingExtraError, match=r'pip install "amodal\[vae\]"'):
        find_methods(["ridge", "mvae"])


@pytest.mark.skipif(not REAL.is_dir(), reason="the real sets are not here")
def test_the_real_sets_are_understood() -> None:
    sets = {each.name: each for each in find_sets(REAL)}
    assert len(sets) >= 7
    assert sets["wikipedia_xmodal"].pairs == (("image_sift128", "text_lda10"),)
    digits = sets["spoken_written_digits"]
    assert digits.labels["image_pix240"] == "label_image"
    task = draw_task(
        digits, digits.pairs[0], load_arrays(digits, digits.pairs[0]), share=0.01, seed=0
    )
    assert (task.count, len(task.test["audio_logmel24x32"])) == (27, 300)
    chosen = sets["wikipedia_xmodal"]
    task = draw_task(
        chosen, chosen.pairs[0], load_arrays(chosen, chosen.pairs[0]), share=0.1, seed=0
    )
    assert (task.count, len(task.test["text_lda10"])) == (217, 693)
    assert read_json(REAL / "scgem.json")["published"]
