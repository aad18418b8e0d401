"""A table of vectors in LanceDB: appended to, indexed, and asked for nearest rows.

Nothing else imports lancedb. Vectors are compared by inner product.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from amodal.errors import DamagedError, MissingExtraError
from amodal.typing import Float32, Int64

NAME = "items"
"""Of the only table in an index's folder."""
ROW = "row"
"""The column that holds a row's number in the latents."""
ALIKE = 10
"""Nearest rows that approximate and exact search are compared by."""
SAMPLE_RATE, ITERATIONS = 64, 20
"""Rows a part that the parts' centres are learnt from, and passes over them: more took longer and
found no more."""
PROBES = (8, 16, 32, 64, 128, 256, 512, 1024)
"""Numbers of parts to look into that are tried, until enough is found."""


def import_lancedb() -> Any:
    """The module lancedb.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import lancedb
    except ImportError as error:
        raise MissingExtraError(error.name or "lancedb", "search") from error
    return lancedb


@dataclass(frozen=True)
class Parts:
    """An approximate index: rows lie in parts, and a search looks into the most promising ones."""

    parts: int
    """How many there are."""
    probes: int
    """How many a search looks into."""
    recall: float
    """Share of the exact ten nearest rows that were found so, over sample queries."""
    queries: int
    """How many sample queries there were."""

    def to_json(self) -> dict[str, Any]:
        """Plain values, for `json.dump`."""
        return asdict(self)


@dataclass(frozen=True)
class Nearest:
    """What was found for one query, nearest first."""

    similarity: Float32[np.ndarray, " found"]
    """Inner products."""
    columns: dict[str, list[Any]]
    """The columns that were asked for, and `row`."""

    @property
    def rows(self) -> Int64[np.ndarray, " found"]:
        """Numbers of the rows."""
        return np.asarray(self.columns[ROW], np.int64)


class VectorTable:
    """One LanceDB table in a folder."""

    def __init__(self, table: Any) -> None:
        self.table = table

    @classmethod
    def create(cls, folder: Path, schema: Any) -> "VectorTable":
        """An empty table with the columns of a pyarrow schema."""
        return cls(import_lancedb().connect(str(folder)).create_table(NAME, schema=schema))

    @classmethod
    def open(cls, folder: Path) -> "VectorTable":
        """The table in a folder.

        Raises:
            DamagedError: there is none, or it cannot be read.
        """
        lancedb = import_lancedb()
        try:
            return cls(lancedb.connect(str(folder)).open_table(NAME))
        except (ValueError, RuntimeError, OSError) as error:
            raise DamagedError(
                f"{folder} holds no table that LanceDB can read ({_first_line(error)}): remove "
                "the folder and index again"
            ) from error

    def __len__(self) -> int:
        return self.table.count_rows()

    def append(self, columns: dict[str, Any]) -> None:
        """Add rows: all of them or, where it is interrupted, none."""
        import pyarrow

        schema = self.table.schema
        arrays = [_as_column(columns[field.name], field.type) for field in schema]
        self.table.add(pyarrow.Table.from_arrays(arrays, schema=schema))

    def make_parts(self, column: str, samples: Float32[np.ndarray, "_ _"], recall: float) -> Parts:
        """Make an approximate index of a column, and measure how many parts to look into.

        Args:
            column: of vectors.
            samples: queries to measure with.
            recall: share of the exact ten nearest to be found, at least.
        """
        from lancedb.index import IvfFlat

        parts = max(1, round(math.sqrt(len(self))))
        config = IvfFlat(
            distance_type="dot",
            num_partitions=parts,
            sample_rate=SAMPLE_RATE,
            max_iterations=ITERATIONS,
        )
        self.table.create_index(column, config=config)
        exact = self._exact_rows(column, samples, top=ALIKE)
        probes, found = parts, 1.0
        for probes in [*(p for p in PROBES if p < parts), parts]:
            guesses = self.nearest(column, samples, top=ALIKE, probes=probes)
            pairs = zip(guesses, exact, strict=True)
            found = float(np.mean([np.isin(true, guess.rows).mean() for guess, true in pairs]))
            if found >= recall:
                break
        return Parts(parts, probes, found, len(samples))

    def _exact_rows(
        self, column: str, queries: Float32[np.ndarray, "_ _"], *, top: int
    ) -> Int64[np.ndarray, "query top"]:
        """The nearest rows of many queries, reading the table once."""
        best = np.empty((len(queries), 0), np.float32)
        rows = np.empty((len(queries), 0), np.int64)
        for batch in self.table.search().select([ROW, column]).to_batches(8192):
            vectors = batch[column].flatten().to_numpy().reshape(-1, queries.shape[1])
            new = np.broadcast_to(batch[ROW].to_numpy(), (len(queries), len(vectors)))
            best = np.concatenate([best, queries @ vectors.T], 1)
            rows = np.concatenate([rows, new], 1)
            kept = np.argpartition(-best, min(top, best.shape[1]) - 1, axis=1)[:, :top]
            best, rows = np.take_along_axis(best, kept, 1), np.take_along_axis(rows, kept, 1)
        return rows

    def nearest(
        self,
        column: str,
        queries: Float32[np.ndarray, "_ _"],
        *,
        top: int,
        probes: int | None = None,
        where: str | None = None,
        columns: Sequence[str] = (),
    ) -> Iterator[Nearest]:
        """The nearest rows to each query, by inner product.

        Args:
            column: of vectors.
            queries: one a row.
            top: how many rows a query.
            probes: parts of the approximate index to look into; None compares every row.
            where: a condition on columns that rows must meet.
            columns: further columns to read.
        """
        for query in queries:
            search = self.table.search(query, vector_column_name=column).distance_type("dot")
            search = search.limit(top).select([ROW, "_distance", *columns])
            search = search.bypass_vector_index() if probes is None else search.nprobes(probes)
            if where is not None:
                search = search.where(where, prefilter=True)
            try:
                found = search.to_arrow().to_pydict()
            except (RuntimeError, OSError) as error:
                raise DamagedError(
                    f"the index cannot be read ({_first_line(error)}): remove its folder and index "
                    "again"
                ) from error
            # LanceDB calls 1 - q.x the distance.
            similarity = 1 - np.asarray(found.pop("_distance"), np.float32)
            yield Nearest(similarity, found)


def _as_column(values: Any, kind: Any) -> Any:
    """An array of numbers as a column of vectors or numbers; a column of a table as it is."""
    import pyarrow

    if isinstance(values, np.ndarray) and values.ndim == 2:
        flat = pyarrow.array(np.ascontiguousarray(values, np.float32).ravel())
        return pyarrow.FixedSizeListArray.from_arrays(flat, values.shape[1])
    if isinstance(values, np.ndarray):
        return pyarrow.array(values, kind)
    return values


def _first_line(error: Exception) -> str:
    """An error of LanceDB's without the place in its source."""
    text = re.sub(r",? /\S+\.rs:\d+:\d+", "", str(error))
    return text.splitlines()[0][:200] if text else type(error).__name__
