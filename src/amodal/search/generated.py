"""The things behind a catalogue of generated data: their metadata, and their pictures."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from amodal.data.kinds import Kind
from amodal.search.metadata import Metadata
from amodal.typing import Int64, UInt8

BLOCK = 10_000
"""Things that are described at once."""


@dataclass(frozen=True)
class CatalogueThings:
    """The thing behind each row of a catalogue."""

    kind: Kind
    """What they are made of."""
    factors: np.ndarray
    """Of all things, memory-mapped or not."""
    raw: Callable[[str, Any], Any]
    """(modality, things) -> them as that modality shows them."""
    rows: Int64[np.ndarray, " row"]
    """Number of the thing that each row of the catalogue shows."""
    origin: dict[str, Any]
    """How to find the things again, as plain values."""

    def pictures(self, found: Any) -> UInt8[np.ndarray, "found side side 3"]:
        """What was found for a query (a `Found`), as pictures."""
        return self.raw("image", self.rows[found.rows])

    def metadata(self) -> Metadata:
        """What each thing's sentence says, and its factors in the units that people type."""
        import pyarrow

        schema = pyarrow.schema(list(self._fields().items()))

        def blocks() -> Iterator[Any]:
            for start in range(0, len(self.rows), BLOCK):
                columns = self._described(self.rows[start : start + BLOCK])
                yield pyarrow.table(columns, schema=schema)

        digest = hashlib.sha256(f"{self.origin} {self._fields()}".encode())
        digest.update(self.rows.tobytes())
        return Metadata("the things' metadata", schema, digest.hexdigest(), blocks)

    def _fields(self) -> dict[str, Any]:
        """Column -> its type: the sentence, words in it, and numbers."""
        import pyarrow

        kind = self.kind
        words = dict.fromkeys(("caption", *kind.descriptor_names), pyarrow.string())
        typed = {t.word: pyarrow.string() if t.names else pyarrow.float32() for t in kind.typed}
        return {name.replace(" ", "_"): each for name, each in (words | typed).items()}

    def _described(self, rows: Int64[np.ndarray, " some"]) -> dict[str, list[Any]]:
        factors = self.factors[rows]
        sentences = self.raw("text", rows)
        readings = [self.kind.read_loosely(sentence) for sentence in sentences]
        found: dict[str, list[Any]] = {"caption": list(sentences)}
        for name in self.kind.descriptor_names:
            found[name.replace(" ", "_")] = [getattr(reading, name) for reading in readings]
        for each in self.kind.typed:
            values = factors[:, self.kind.factor_names.index(each.name)]
            found[each.word] = (
                [each.names[int(value)] for value in values]
                if each.names
                else [round(float(value) * each.per, each.digits) for value in values]
            )
        return found
