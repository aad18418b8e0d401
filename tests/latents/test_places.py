"""Latents from folders, arrays and tables: found, named, refused with the remedy."""

from pathlib import Path

import numpy as np
import pytest

from amodal.errors import DamagedError, InputError, NotFoundError, UnknownNameError
from amodal.latents.encoding import encode_to_store
from amodal.latents.places import read_place
from amodal.unimodal import load_model

ROWS = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
NAMES = [f"cell{row}" for row in range(5)]


def csv_of(rows: np.ndarray, names: list[str] | None = None, header: str = "") -> str:
    lines = [",".join(map(repr, row)) for row in rows.tolist()]
    if names is not None:
        lines = [f"{name},{line}" for name, line in zip(names, lines, strict=True)]
    return "\n".join([header, *lines] if header else lines) + "\n"


def test_npy_is_mapped_and_has_no_names(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", ROWS)
    found = read_place("a", tmp_path / "a.npy")
    assert isinstance(found.rows, np.memmap)
    assert found.names is None
    with pytest.raises(InputError, match=r"modality 'a': .*a\.npy:key.*holds one array: give"):
        read_place("a", f"{tmp_path / 'a.npy'}:key")


def test_npz_takes_the_only_table_and_its_names(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    labels = np.array([None, {}, 1, 2, 3], dtype=object)  # pickled: must not be opened
    np.savez(path, pcs=ROWS, ids=np.array(NAMES), label=np.arange(5), things=labels)
    found = read_place("a", path)
    np.testing.assert_array_equal(found.rows, ROWS)
    assert found.names == NAMES
    np.savez(path, pcs=ROWS, ids=np.array(["x"]))
    with pytest.raises(InputError, match="'ids' has 1 names, 'pcs' has 5 rows: save a name for"):
        read_place("a", path)
    np.savez(path, pcs=ROWS, topics=ROWS[:3, :2], ids=np.array(NAMES))
    with pytest.raises(InputError, match=r"holds pcs \(5, 3\), topics .*a\.npz:pcs"):
        read_place("a", path)
    assert read_place("a", f"{path}:topics").rows.shape == (3, 2)
    assert read_place("a", f"{path}:topics").names is None
    with pytest.raises(UnknownNameError, match="'topcs': did you mean 'topics'"):
        read_place("a", f"{path}:topcs")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (csv_of(ROWS), None),
        (csv_of(ROWS, header="x,y,z"), None),
        (csv_of(ROWS, header="0,1,2"), None),
        (csv_of(ROWS, NAMES, header="id,x,y,z"), NAMES),
        (csv_of(ROWS, NAMES, header="barcode,x,y,z"), NAMES),
        (csv_of(ROWS, ["7", "1", "3", "5", "9"], header=",0,1,2"), ["7", "1", "3", "5", "9"]),
    ],
)
def test_csv_with_and_without_header_and_names(tmp_path: Path, text: str, names) -> None:
    (tmp_path / "a.csv").write_text(text)
    (tmp_path / "a.tsv").write_text(text.replace(",", "\t"))
    for ending in (".csv", ".tsv"):
        found = read_place("a", tmp_path / f"a{ending}")
        np.testing.assert_allclose(found.rows, ROWS)
        assert found.names == names


def test_csv_longer_than_a_block(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("amodal.latents.number_table.CHUNK", 2)
    (tmp_path / "a.csv").write_text(csv_of(ROWS, NAMES, header="id,x,y,z"))
    np.testing.assert_allclose(read_place("a", tmp_path / "a.csv").rows, ROWS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,x\na,1\nb,zwei\n", r"a\.csv, line 3, column 'x': expected a number, got 'zwei'"),
        ("id,x\na,1\nb,\n", r"line 3, column 'x': expected a number, the cell is empty: fill"),
        ("id,x\na,1\nb,nan\n", r"line 3, column 'x': expected a finite number.* got nan"),
        ("x,y\n1,1\n1e300,-1e300\n", r"line 3, column 'x': .* float32 can hold, got 1e300"),
        ("x,y\n1,1\n1\n", r"line 3: has 1 cells, expected 2"),
        ("1,2\n3,a\n", r"line 2, column '2': expected a number, got 'a'"),
        ("a,1,2\nb,3,4\n", r"line 1: is neither a header nor numbers alone, got 'a,1,2'.* id,x1"),
        ("id,2019,2020\na,1,2\n", r"line 1: is neither a header nor numbers alone"),
        ("id\na\nb\n", r"has no column of numbers beside the names"),
        ("0,1\n", r"holds no rows of numbers"),
        ("x,y\n", r"holds no rows of numbers"),
        ("", r"holds no rows of numbers"),
    ],
)
def test_csv_mistakes_are_named_and_shown_how(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read_place("a", tmp_path / "a.csv")
    said = str(caught.value)
    assert said.startswith("modality 'a': ")
    assert said.endswith("hen.png,0,0.6,1.8")
    assert len(said.partition("for example:\n")[2].splitlines()) == 5


@pytest.fixture
def parquet():
    pytest.importorskip("pyarrow")
    import pyarrow
    import pyarrow.parquet

    def write(path: Path, columns: dict, **more) -> Path:
        pyarrow.parquet.write_table(pyarrow.table(columns), path, **more)
        return path

    return write


def test_parquet_columns_of_numbers(tmp_path: Path, parquet, monkeypatch) -> None:
    monkeypatch.setattr("amodal.latents.number_parquet.BATCH", 2)
    columns = {"x": ROWS[:, 0], "name": NAMES, "y": ROWS[:, 1], "z": ROWS[:, 2]}
    found = read_place("a", parquet(tmp_path / "a.parquet", columns, row_group_size=2))
    np.testing.assert_array_equal(found.rows, ROWS)
    assert found.names == NAMES


@pytest.mark.parametrize("fixed", [True, False])
def test_parquet_column_of_lists(tmp_path: Path, parquet, fixed: bool) -> None:
    import pyarrow

    kind = pyarrow.list_(pyarrow.float32(), 3) if fixed else pyarrow.list_(pyarrow.float32())
    lists = pyarrow.array(ROWS.tolist(), type=kind)
    path = parquet(tmp_path / "a.parquet", {"id": NAMES, "embedding": lists, "stars": [1] * 5})
    with pytest.raises(InputError, match=r"say which are the latents, .*a\.parquet:embedding"):
        read_place("a", path)
    found = read_place("a", f"{path}:embedding")
    np.testing.assert_array_equal(found.rows, ROWS)
    assert found.names == NAMES
    with pytest.raises(UnknownNameError, match="did you mean 'embedding'"):
        read_place("a", f"{path}:embeding")


def test_parquet_index_of_pandas_names_the_items(tmp_path: Path, parquet) -> None:
    pandas = pytest.importorskip("pandas")
    pandas.DataFrame(ROWS, index=NAMES, columns=list("xyz")).to_parquet(tmp_path / "a.parquet")
    found = read_place("a", tmp_path / "a.parquet")
    np.testing.assert_array_equal(found.rows, ROWS)
    assert found.names == NAMES


def test_parquet_mistakes_are_named(tmp_path: Path, parquet) -> None:
    path = tmp_path / "a.parquet"
    for columns, message in (
        ({"x": [1.0, None]}, r"row 1 \(counted from 0\), column 'x': is empty, or no finite"),
        ({"x": [1.0, 2.0], "t": ["a", "b"], "u": ["a", "b"]}, r"got t \(string\), u \(string\)"),
        ({"x": [[1.0], [1.0, 2.0]]}, r"row 1 .*column 'x': the list has not the 1 numbers"),
        ({"x": [[1.0], None]}, r"row 1 .*column 'x': is empty"),
        ({"x": [["a"], ["b"]]}, r"column 'x': expected numbers, got string"),
        ({"t": ["a"]}, r"expected columns of numbers, got none"),
        (
            {"x": [[1.0]] * 8192 + [[1.0, 2.0]]},
            r"row 8192 .*the list has 2 numbers",
        ),
    ):
        with pytest.raises(InputError, match=message) as caught:
            read_place("a", parquet(path, columns))
        assert "what is expected, for example:" in str(caught.value)


def test_names_saved_as_bytes_are_texts(tmp_path: Path) -> None:
    np.savez(tmp_path / "cells.npz", pcs=np.eye(2), ids=np.array([b"AAC", "Zürich".encode()]))
    assert read_place("rna", tmp_path / "cells.npz").names == ["AAC", "Zürich"]
    np.savez(tmp_path / "cells.npz", pcs=np.eye(2), ids=np.array([b"AAC", b"\xff"]))
    with pytest.raises(DamagedError, match=r"names of items are no UTF-8"):
        read_place("rna", tmp_path / "cells.npz")


def test_encoded_latents_bring_the_names_of_their_items(tmp_path: Path) -> None:
    raw = np.array([[0, 1, 0, 0.5, 0, -1, 0, 1, 1, 0, 0]] * 3, np.float32)
    encode_to_store(load_model("shapes/attributes"), raw, tmp_path / "a")
    assert read_place("a", tmp_path / "a").names is None
    (tmp_path / "a" / "items.txt").write_text("cat.png\ndog.png\nsub/cow.png\n")
    assert read_place("a", tmp_path / "a").names == ["cat.png", "dog.png", "sub/cow.png"]
    (tmp_path / "a" / "items.txt").write_text("cat.png\ndog.png\n")
    with pytest.raises(DamagedError, match=r"has 2 lines, .* tells of 3 rows"):
        read_place("a", tmp_path / "a")


def test_absent_and_damaged_files(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"modality 'a': there is no file .*none\.csv"):
        read_place("a", tmp_path / "none.csv")
    with pytest.raises(NotFoundError, match=r"modality 'a': there is no folder .*none"):
        read_place("a", tmp_path / "none")
    for ending in (".npy", ".npz"):
        (tmp_path / f"a{ending}").write_bytes(b"no array")
        with pytest.raises(DamagedError, match=rf"modality 'a': .*a\{ending} cannot be read"):
            read_place("a", tmp_path / f"a{ending}")
