"""What the study of real sets says of its figures, and its table as a start for another study."""

from pathlib import Path

import pytest
from small_sets import write_sets

from amodal.cli.main import main
from amodal.errors import DamagedError
from amodal.study.real import store
from amodal.study.real.findings import findings, translation_findings
from amodal.study.real.run import run_real
from amodal.study.real.sets import find_sets
from amodal.study.real.summary import beside_each_other


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_sets(tmp_path)


def test_findings_say_who_is_ahead_and_by_how_much(folder) -> None:
    [chosen] = find_sets(folder, ["cells"])
    values = {"ridge": (0.2, 0.1), "csa": (0.4, 0.3), "asif": (0.5, 0.6), "Amodal": (0.6, 0.2)}
    about = {"set": "cells", "first": "atac", "second": "rna", "share": 0.1, "matches": 14}
    rows = [
        {**about, "seed": seed, "method": name, "recall@10": found + e, "explained": told + e}
        for name, (found, told) in values.items()
        for seed, e in ((0, 0.0), (1, 0.02))
    ]
    assert findings(beside_each_other(chosen, rows, "recall@10")) == [
        "- 0.1 of the matches: Amodal's main figure is 1.49 times that of the best linear map, "
        "2.90 times that of the better of ridge and CCA on standardised coordinates, 1.20 times "
        "that of the best of all others (geometric means of 1 pairs of modalities); beside the "
        "best linear map, beyond the interval, ahead in 1 (atac and rna), behind in 0."
    ]
    assert translation_findings(beside_each_other(chosen, rows, "explained")) == [
        "- 0.1 of the matches, translations: Amodal explains 0.21 of the variance (mean of 1 "
        "pairs), the best linear map of each pair 0.31, the best of all others 0.61; beside the "
        "best linear map, beyond the interval, ahead in 0, behind in 1 (atac and rna)."
    ]
    alone = [row for row in rows if row["seed"] == 0]
    [told] = findings(beside_each_other(chosen, alone, "recall@10"))
    assert told.endswith("; single draws, without an interval.")


def test_a_known_table_spares_what_it_holds(folder, tmp_path, capsys) -> None:
    words = ["study", "real", "--data", str(folder), "--shares", "0.1", "--seeds", "2"]
    first, second = tmp_path / "first", tmp_path / "second"
    quick = ["--methods", "ridge", "cca"]
    assert main([*words, "--out", str(tmp_path / "a"), *quick, "--docs", str(first)]) == 0
    known = first / "real" / "results.csv"
    assert main([*words, "--out", str(tmp_path / "b"), "--known", str(known), *quick]) == 0
    assert "8 cells taken from" in capsys.readouterr().out
    more = [*words, "--out", str(tmp_path / "c"), "--known", str(known), "--docs", str(second)]
    assert main([*more, "--methods", "csa", "--sets", "cells"]) == 0
    told = capsys.readouterr().out
    assert "8 cells taken from" in told
    assert "2 cells measured now, 10 in all" in told
    for name in ("digits.md", "digits.svg"):
        assert (first / "real" / name).read_text() == (second / "real" / name).read_text()
    page = (second / "real.md").read_text()
    for ran in ("--shares 0.1 --methods ridge cca", "--sets cells --shares 0.1 --methods csa"):
        assert f"amodal study real --data {folder.name} --seeds 2 {ran}\n" in page
    rows = (second / "real" / "results.csv").read_text().splitlines()
    assert set(known.read_text().splitlines()[1:]) < set(rows)


def test_a_known_table_of_other_code_is_passed_over(folder, tmp_path, monkeypatch) -> None:
    chosen = {"methods": ["ridge"], "shares": [0.1], "seeds": 1}
    run_real(folder, tmp_path / "a", **chosen)
    known = tmp_path / "a" / "real" / "real" / "results.csv"
    monkeypatch.setattr(store, "RECIPE", 99)
    lines = run_real(folder, tmp_path / "b", known=known, **chosen)
    assert lines[0].startswith(f"0 cells taken from {known}, 2 cells measured now, 2 in all")


@pytest.mark.parametrize("damage", ["no table", "set,key\na,b\n", "cut", "\xff"])
def test_a_damaged_table_is_named(folder, tmp_path, damage) -> None:
    chosen = {"methods": ["ridge"], "shares": [0.1], "seeds": 1}
    run_real(folder, tmp_path / "a", **chosen)
    known = tmp_path / "a" / "real" / "real" / "results.csv"
    text = known.read_text()
    known.write_bytes((text[:-40] if damage == "cut" else damage).encode("latin-1"))
    with pytest.raises(DamagedError, match=r"results\.csv.* is no row of a study real"):
        run_real(folder, tmp_path / "b", known=known, **chosen)
    assert not (tmp_path / "b").exists()
