"""Metadata: a table with one line for each row of the latents, read block by block."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amodal.errors import DamagedError, InputError, MissingExtraError, NotFoundError
from amodal.files import checksum
from amodal.search.table import ROW

ITEM = "item"
"""The column with the names of the items, where they have names."""
RESERVED = ("vector_", "hubness_", "_")
"""How the names of the index's own columns begin."""
BLOCK_BYTES = 8 * 2**20
"""Of a CSV file, read at once; the types of its columns are those of the first such block."""
NAMES_AT_ONCE = 10_000
"""Names of items that are held at once."""
FORMATS = (".csv", ".parquet", ".jsonl")
EXPECTED = """
expected a header and one line for each row of the latents, in their order:
  title,colour,price
  summer dress,red,19.9
  rain coat,blue,54.0
  ..."""


@dataclass(frozen=True)
class Metadata:
    """A table that is read in blocks, from its beginning as often as needed."""

    name: str
    """What it is called in messages: its file."""
    schema: Any
    """pyarrow's: names and types of the columns."""
    digest: str
    """SHA-256 of its content."""
    blocks: Callable[[], Iterator[Any]]
    """Its pyarrow tables, in order."""

    def check(self, rows: int) -> None:
        """Read all of it once, and refuse what does not fit.

        Args:
            rows: of the latents.

        Raises:
            InputError: another number of lines, or columns that cannot be used.
        """
        for name in self.schema.names:
            if name == ROW or name.startswith(RESERVED) or "." in name or not name.strip():
                raise InputError(
                    f"{self.name}: a column is called {name!r}; {ROW!r}, names with a dot and "
                    f"names that begin with {', '.join(map(repr, RESERVED))} are the index's own: "
                    "rename it"
                )
        lowered = [name.lower() for name in self.schema.names]
        (only, *more) = self.schema.names or [""]
        if not more and any(sign in only for sign in ";\t|"):
            raise InputError(
                f"{self.name} has one column, {only!r}: separate columns by commas, or save the "
                "table as Parquet or lines of JSON"
            )
        unread = [field.name for field in self.schema if "binary" in str(field.type)]
        if unread:
            raise InputError(
                f"{self.name}: the column {unread[0]!r} holds bytes that are no UTF-8: save the "
                "file as UTF-8"
            )
        twice = sorted({name for name in lowered if lowered.count(name) > 1})
        if twice:
            raise InputError(f"{self.name}: columns of the same name: {twice}: rename them")
        lines = sum(len(block) for block in self.blocks())
        if lines != rows:
            raise InputError(
                f"{self.name} has {lines:,} lines, the latents have {rows:,} rows: {EXPECTED}"
            )

    def reader(self, skip: int) -> Callable[[int], dict[str, Any]]:
        """A function count -> the next so many lines by column, after `skip` lines."""
        blocks = self.blocks()
        import pyarrow

        rest = self.schema.empty_table()

        def take(count: int) -> dict[str, Any]:
            nonlocal rest
            while len(rest) < count:
                rest = pyarrow.concat_tables([rest, next(blocks)])
            taken, rest = rest.slice(0, count), rest.slice(count)
            return {name: taken.column(name).combine_chunks() for name in self.schema.names}

        while skip:
            skipped = min(skip, 10_000)
            take(skipped)
            skip -= skipped
        return take

    @property
    def columns(self) -> dict[str, str]:
        """Names and types, as plain words."""
        return {field.name: str(field.type) for field in self.schema}


def read_metadata(given: Any) -> Metadata | None:
    """What users hand over as metadata: a CSV, Parquet or JSONL file, a dict of columns, or a
    DataFrame of pandas.

    Raises:
        NotFoundError, DamagedError, InputError: it cannot be read.
        MissingExtraError: pyarrow is not installed.

    Example:
        >>> read_metadata({"colour": ["red", "blue"], "price": [3.0, 4.5]}).columns
        {'colour': 'string', 'price': 'double'}
    """
    if given is None or isinstance(given, Metadata):
        return given
    try:
        import pyarrow
    except ImportError as error:
        raise MissingExtraError("pyarrow", "search") from error
    if hasattr(given, "to_dict"):  # pandas
        given = given.to_dict("list")
    try:
        return _of_columns(given) if isinstance(given, Mapping) else _of_file(Path(given))
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError) as error:
        name = "metadata" if isinstance(given, Mapping) else str(given)
        raise DamagedError(f"{name} cannot be read ({error}): {EXPECTED}") from error


def with_names(metadata: Metadata | None, names: Sequence[str]) -> Metadata:
    """Metadata with a first column of what each row is called.

    Args:
        metadata: what else is known, if anything; a column `item` of its own must hold the names.
        names: one for each row, perhaps on the disk: read block by block.

    Raises:
        InputError: it has such a column, of other things or in another order.

    Example:
        >>> with_names(read_metadata({"price": [3.0, 4.5]}), ["mug", "bowl"]).columns
        {'item': 'string', 'price': 'double'}
    """
    import pyarrow

    if metadata is not None and ITEM in metadata.schema.names:
        _check_names(metadata, names)
        return metadata
    field = pyarrow.field(ITEM, pyarrow.string())
    schema = pyarrow.schema([field, *(metadata.schema if metadata else [])])
    digest = hashlib.sha256((metadata.digest if metadata else "").encode())
    for name in names:
        digest.update(f"{len(name)} {name}".encode())

    def blocks() -> Iterator[Any]:
        first = 0
        for block in metadata.blocks() if metadata else _alone(len(names)):
            # Where metadata has more lines than there are rows, its check says so.
            some = [names[row] for row in range(first, min(first + len(block), len(names)))]
            some += [""] * (len(block) - len(some))
            yield block.add_column(0, field, [pyarrow.array(some, pyarrow.string())]).select(
                schema.names
            )
            first += len(block)

    name = metadata.name if metadata else "the names of the items"
    return Metadata(name, schema, digest.hexdigest(), blocks)


def _check_names(metadata: Metadata, names: Sequence[str]) -> None:
    told = (str(value) for block in metadata.blocks() for value in block[ITEM].to_pylist())
    # Of different lengths, the check of the lines says so.
    for row, (name, other) in enumerate(zip(names, told, strict=False)):
        if name != other:
            raise InputError(
                f"{metadata.name}: row {row} (counted from 0) of its column {ITEM!r} is {other!r}, "
                f"in the latents it is {name!r}: sort its lines as the latents are, or call the "
                "column otherwise"
            )


def _alone(count: int) -> Iterator[Any]:
    """Tables of so many lines in all, of a column that nobody asks for."""
    import pyarrow

    for start in range(0, count, NAMES_AT_ONCE):
        yield pyarrow.table({ROW: range(start, min(start + NAMES_AT_ONCE, count))})


def _of_columns(columns: Mapping[str, Any]) -> Metadata:
    import pyarrow

    table = pyarrow.table(dict(columns))
    # Of the values alone: how they lie in memory would change the bytes.
    digest = hashlib.sha256(str(table.schema).encode())
    for block in table.combine_chunks().to_batches(max_chunksize=10_000):
        digest.update(repr(block.to_pydict()).encode())
    return Metadata("metadata", table.schema, digest.hexdigest(), lambda: iter([table]))


def _of_file(path: Path) -> Metadata:
    if path.suffix.lower() not in FORMATS:
        raise InputError(f"metadata {path}: expected a file that ends in {', '.join(FORMATS)}")
    if not path.is_file():
        raise NotFoundError(f"there is no file {path} with metadata")
    read = {".csv": _csv, ".parquet": _parquet, ".jsonl": _jsonl}[path.suffix.lower()]
    schema, blocks = read(path)

    def explained() -> Iterator[Any]:
        import pyarrow

        try:
            yield from blocks()
        except pyarrow.ArrowInvalid as error:
            raise DamagedError(
                f"{path} cannot be read ({error}): all values of a column must be of the type of "
                f"its first ones; {EXPECTED}"
            ) from error

    return Metadata(str(path), schema, checksum(path), explained)


Reading = tuple[Any, Callable[[], Iterator[Any]]]
"""A schema, and what reads the blocks."""


def _csv(path: Path) -> Reading:
    import pyarrow
    from pyarrow import csv

    # An empty field is an absent value; "NA" is a text like another.
    convert = {"null_values": [""], "strings_can_be_null": True}
    options = csv.ReadOptions(block_size=BLOCK_BYTES)
    quoted = csv.ParseOptions(newlines_in_values=True)  # or a block may end within a value
    first_types = csv.ConvertOptions(**convert)
    with csv.open_csv(path, options, quoted, first_types) as first:
        # Columns that are empty so far may hold anything later: texts.
        fields = [f.with_type(pyarrow.string()) if f.type == "null" else f for f in first.schema]
    schema = pyarrow.schema(fields)

    def blocks() -> Iterator[Any]:
        typed = csv.ConvertOptions(column_types=schema, **convert)
        with csv.open_csv(path, options, quoted, typed) as reader:
            for batch in reader:
                yield pyarrow.Table.from_batches([batch], schema)

    return schema, blocks


def _parquet(path: Path) -> Reading:
    import pyarrow
    from pyarrow import parquet

    schema = parquet.read_schema(path).remove_metadata()

    def blocks() -> Iterator[Any]:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches():
                yield pyarrow.Table.from_batches([batch]).cast(schema)

    return schema, blocks


def _jsonl(path: Path) -> Reading:
    from pyarrow import json

    table = json.read_json(path)
    return table.schema, lambda: iter([table])
