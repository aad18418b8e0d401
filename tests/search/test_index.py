"""An index finds what ranking in memory finds, and is refused where it does not belong."""

import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from catalogue import draw, fitted, items

import amodal
from amodal import Latents, LatentSpec, Workspace
from amodal.errors import (
    DamagedError,
    ExistsError,
    InputError,
    MissingExtraError,
    NotFoundError,
    UnknownNameError,
)
from amodal.search import Index, IndexSettings
from amodal.search import build as building
from amodal.search.rows import blocks
from amodal.search.table import VectorTable

pytest.importorskip("lancedb")
Built = tuple[Index, Path]


def test_exact_search_is_ranking_in_memory(index: Built, workspace: Workspace, rows: dict) -> None:
    for source in ("sound", "taste"):
        found = index[0].search(rows[source][:20], source=source, top=7)
        nearest, similarity = workspace.rank(
            source, rows[source][:20], {"touch": rows["touch"]}, top=7
        )
        np.testing.assert_array_equal([each.rows for each in found], nearest)
        np.testing.assert_allclose([each.similarity for each in found], similarity, atol=1e-5)
        np.testing.assert_array_equal(found[0].score, found[0].similarity)


def test_metadata_is_that_of_the_row(index: Built, rows: dict) -> None:
    columns = items(300)
    [found] = index[0].search(torch.from_numpy(rows["sound"][7:8]), source="sound", top=5)
    for row, metadata in zip(found.rows, found.metadata, strict=True):
        assert metadata == {name: columns[name][row] for name in columns}


def test_conditions_are_met_and_only_they_choose(
    index: Built, workspace: Workspace, rows: dict
) -> None:
    ask = partial(index[0].search, rows["sound"][:3], source="sound")
    whole = ask(top=300)
    for found, every in zip(
        ask(top=300, where="colour = 'red' AND price < 40"), whole, strict=True
    ):
        kept = [row for row in every.rows if row % 3 == 0 and row < 80]
        assert found.rows.tolist() == kept
    assert [len(each) for each in ask(where="title IS NULL", top=4)] == [4, 4, 4]
    nothing = ask(where="price > 1000")
    assert [len(each) for each in nothing] == [0, 0, 0]
    assert nothing[0].metadata == []


@pytest.mark.parametrize(
    ("where", "error", "message"),
    [
        ("color = 'red'", UnknownNameError, "unknown column 'color': did you mean 'colour'"),
        ("colour = red", InputError, "a text stands in single quotes, 'red'"),
        ('colour = "red"', InputError, "a text stands in single quotes, 'red'"),
        ("colour IN (red, 'blue')", InputError, "in single quotes, 'red'"),
        ("price < 3 AND", InputError, r"an expression, found: EOF.*colour \(string\), price"),
        ("price", InputError, "does not return a boolean"),
        ("colour > 3", InputError, "could not convert"),
        ("", InputError, "is no condition that can be read"),
    ],
)
def test_conditions_that_cannot_be_read(
    where: str, error: type, message: str, index: Built, rows: dict
) -> None:
    with pytest.raises(error, match=message) as caught:
        index[0].search(rows["sound"][:1], source="sound", where=where)
    assert ".rs" not in str(caught.value)


def test_names_with_blanks_stand_in_backticks(
    workspace: Workspace, rows: dict, tmp_path: Path
) -> None:
    metadata = {"my title": ["mug", "bowl"] * (len(rows["touch"]) // 2)}
    index = Index.build(
        workspace, rows["touch"], tmp_path / "index", modality="touch", metadata=metadata
    )
    ask = {"queries": rows["sound"][:1], "source": "sound"}
    with pytest.raises(InputError, match="a name with a blank stands in backticks, `my title`"):
        index.search(**ask, where="my title = 'mug'")
    [found] = index.search(**ask, where="`my title` = 'mug'")
    assert {each["my title"] for each in found.metadata} == {"mug"}


def test_condition_without_metadata(workspace: Workspace, rows: dict, tmp_path: Path) -> None:
    plain = Index.build(workspace, rows["touch"], tmp_path / "plain", modality="touch")
    assert plain.search(rows["sound"][:1], source="sound")[0].metadata == [{}] * 10
    with pytest.raises(InputError, match="this index has no metadata: build it with --metadata"):
        plain.search(rows["sound"][:1], source="sound", where="colour = 'red'")


def test_wrong_questions(index: Built, rows: dict) -> None:
    with pytest.raises(InputError, match=r"queries may be of \['sound', 'taste'\]: say which"):
        index[0].search(rows["sound"][:1])
    with pytest.raises(UnknownNameError, match="did you mean 'sound'"):
        index[0].search(rows["sound"][:1], source="sounds")
    with pytest.raises(InputError, match="top must be at least 1, got 0"):
        index[0].search(rows["sound"][:1], source="sound", top=0)
    with pytest.raises(InputError, match="expected 6 columns as in fitting, got 4"):
        index[0].search(rows["taste"][:1], source="sound")


def test_many_rows_are_searched_in_parts(
    workspace: Workspace, rows: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = draw(1500, seed=8)
    index = Index.build(
        workspace,
        many["touch"],
        tmp_path / "parts",
        modality="touch",
        sources=["sound"],
        metadata=items(1500),
        settings=IndexSettings(exact_below=1000, recall=0.9),
    )
    parts = index.manifest.parts["sound"]
    assert (parts.parts, parts.queries) == (39, 100)
    assert parts.recall >= 0.9
    assert parts.probes < parts.parts
    probes: list = []
    nearest = VectorTable.nearest
    monkeypatch.setattr(
        VectorTable, "nearest", lambda *a, **k: probes.append(k["probes"]) or nearest(*a, **k)
    )
    found = index.search(rows["sound"][:50])
    exact, _ = workspace.rank("sound", rows["sound"][:50], {"touch": many["touch"]})
    hits = [np.isin(true, each.rows).mean() for each, true in zip(found, exact, strict=True)]
    assert np.mean(hits) >= 0.85
    [few] = index.search(rows["sound"][:1], top=50, where="price < 20")
    assert len(few) == 40
    assert probes == [parts.probes, None]


def test_interrupted_build_goes_on_where_it_was(
    index: Built,
    workspace: Workspace,
    rows: dict,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "touch"
    monkeypatch.setattr(building, "blocks", partial(blocks, size=64))
    append, lengths = VectorTable.append, []

    def interrupted(table: VectorTable, columns: dict) -> None:
        if len(lengths) == 2:
            raise KeyboardInterrupt
        lengths.append(len(columns["row"]))
        append(table, columns)

    monkeypatch.setattr(VectorTable, "append", interrupted)
    build = partial(Index.build, workspace, modality="touch", out=out)
    with pytest.raises(KeyboardInterrupt):
        build(rows["touch"], metadata=items(300))
    assert not out.exists()
    with pytest.raises(NotFoundError, match="not finished: index again as before to go on"):
        Index.open(out, workspace)
    with pytest.raises(ExistsError, match=r"holds another index .it differs in columns, metadata"):
        build(rows["touch"])
    written: list[int] = []
    monkeypatch.setattr(
        VectorTable, "append", lambda t, c: written.append(len(c["row"])) or append(t, c)
    )
    resumed = build(rows["touch"], metadata=items(300))
    assert (lengths, written) == ([64, 64], [64, 64, 44])
    questions = {"queries": rows["sound"][:10], "source": "sound", "top": 20}
    for one, other in zip(resumed.search(**questions), index[0].search(**questions), strict=True):
        np.testing.assert_array_equal(one.rows, other.rows)
        assert one.metadata == other.metadata
    again = build(rows["touch"], metadata=items(300))
    assert len(written) == 3
    assert again.manifest == resumed.manifest


def test_index_of_other_things_is_not_replaced(
    index: Built, workspace: Workspace, rows: dict
) -> None:
    _, out = index
    build = partial(Index.build, out=out, modality="touch", metadata=items(300))
    changed = rows["touch"].copy()
    changed[299, 0] += 1
    with pytest.raises(ExistsError, match="it differs in latents"):
        build(workspace, changed)
    with pytest.raises(ExistsError, match="it differs in run"):
        build(fitted(seed=3), rows["touch"])


def test_index_of_another_run_is_refused(index: Built) -> None:
    with pytest.raises(InputError, match=r"was made by another run .fingerprint"):
        Index.open(index[1], fitted(seed=3))


@pytest.mark.slow
def test_another_process_finds_the_same(
    index: Built, workspace: Workspace, rows: dict, tmp_path: Path
) -> None:
    workspace.save(tmp_path / "run")
    np.save(tmp_path / "queries.npy", rows["taste"][:4])
    code = (
        "import sys, json, numpy, amodal\n"
        "from amodal.search import Index\n"
        "run, folder, queries = sys.argv[1:]\n"
        "index = Index.open(folder, amodal.load(run))\n"
        "asked = numpy.load(queries, allow_pickle=False)\n"
        "found = index.search(asked, source='taste', where='price > 9')\n"
        "print(json.dumps([each.rows.tolist() for each in found]))\n"
    )
    words = [str(tmp_path / "run"), str(index[1]), str(tmp_path / "queries.npy")]
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=True
    )
    here = index[0].search(rows["taste"][:4], source="taste", where="price > 9")
    assert json.loads(done.stdout) == [each.rows.tolist() for each in here]
    assert Index.open(index[1], amodal.load(tmp_path / "run")).manifest == index[0].manifest


def test_damaged_and_foreign_folders(workspace: Workspace, rows: dict, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"there is no index in .*absent"):
        Index.open(tmp_path / "absent", workspace)
    out = tmp_path / "touch"
    Index.build(workspace, rows["touch"][:40], out, modality="touch")
    whole = (out / "index.json").read_text()
    changes = {
        "format": ("other", "it is foreign"),
        "version": (9, "index in version 9 of the format"),
        "settings": ({"hubness": "sum"}, "is damaged"),
    }
    for name, (value, message) in changes.items():
        (out / "index.json").write_text(json.dumps(json.loads(whole) | {name: value}))
        with pytest.raises(DamagedError, match=message):
            Index.open(out, workspace)
    (out / "index.json").write_text(whole)
    (out / "items.lance").rename(tmp_path / "elsewhere.lance")
    with pytest.raises(DamagedError, match="holds no table that LanceDB can read"):
        Index.open(out, workspace)
    (tmp_path / "full").mkdir()
    with pytest.raises(ExistsError, match="exists and is no index"):
        Index.build(workspace, rows["touch"], tmp_path / "full", modality="touch")
    (tmp_path / "other.part").mkdir()
    (tmp_path / "other.part" / "thesis.txt").write_text("three years of work")
    with pytest.raises(ExistsError, match=r"other.part is in the way and no unfinished index"):
        Index.build(workspace, rows["touch"], tmp_path / "other", modality="touch")
    assert (tmp_path / "other.part" / "thesis.txt").exists()


def test_rows_are_looked_through_before_anything_is_written(
    workspace: Workspace, rows: dict, tmp_path: Path
) -> None:
    build = partial(Index.build, workspace, out=tmp_path / "out", modality="touch")
    bad = rows["touch"].copy()
    bad[123, 2] = np.nan
    with pytest.raises(InputError, match=r"row 123 holds NaN .*counted from row 0"):
        build(bad)
    with pytest.raises(InputError, match="expected 5 columns as in fitting, got 6"):
        build(rows["sound"])
    with pytest.raises(InputError, match="expected a two-dimensional array"):
        build(rows["touch"][0])
    with pytest.raises(UnknownNameError, match="did you mean 'touch'"):
        Index.build(workspace, rows["touch"], tmp_path / "out", modality="tuch")
    with pytest.raises(UnknownNameError, match="did you mean 'taste'"):
        build(rows["touch"], sources=["tast"])
    with pytest.raises(InputError, match="has 299 lines, the latents have 300 rows"):
        build(rows["touch"], metadata=items(299))
    assert list(tmp_path.iterdir()) == []


def test_latents_of_another_model_are_refused(tmp_path: Path) -> None:
    rows = draw(80, seed=0)
    spaces = {name: LatentSpec.continuous(rows[name].shape[1]) for name in ("sound", "touch")}
    latents = {n: Latents(rows[n], spaces[n], fingerprint=f"of {n}") for n in spaces}
    model = Workspace(steps=0).fit(latents, matches={n: np.arange(60) for n in spaces})
    stored = tmp_path / "touch.npy"
    np.save(stored, rows["touch"])
    mapped = np.load(stored, mmap_mode="r", allow_pickle=False)
    own = Latents(mapped, spaces["touch"], fingerprint="of touch")
    index = Index.build(model, own, tmp_path / "index", modality="touch")
    assert len(index) == 80
    other = Latents(mapped, spaces["touch"], fingerprint="another")
    with pytest.raises(InputError, match="latents are of another unimodal model"):
        Index.build(model, other, tmp_path / "other", modality="touch")
    with pytest.raises(InputError, match="latents are of another unimodal model"):
        index.search(Latents(rows["sound"], spaces["sound"], fingerprint="another"))


def test_without_lancedb_the_extra_is_named(
    workspace: Workspace, rows: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "lancedb", None)
    with pytest.raises(MissingExtraError, match=r'pip install "amodal\[search\]"'):
        Index.build(workspace, rows["touch"], tmp_path / "out", modality="touch")
    assert list(tmp_path.iterdir()) == []


def test_wide_latents_are_indexed_as_they_are_given(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    things = rng.normal(size=(300, 3))
    sound, touch = things @ rng.normal(size=(3, 40)), things @ rng.normal(size=(3, 30))
    model = Workspace(steps=0, principal=8).fit(
        {"sound": sound[:100], "touch": touch[:100]},
        matches={"sound": np.arange(50), "touch": np.arange(50)},
    )
    assert model.specs_["touch"].dim == 30
    index = Index.build(model, touch, tmp_path / "touch", modality="touch")
    found = index.search(sound[200:220], top=1)
    assert [int(each.rows[0]) for each in found] == list(range(200, 220))
