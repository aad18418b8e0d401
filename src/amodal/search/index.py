"""`Index`: a catalogue of one modality, searched by queries of another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from amodal.errors import InputError, unknown_name
from amodal.model import Workspace
from amodal.search.build import as_tensor, build_index
from amodal.search.filters import count_kept
from amodal.search.hubness import queries_with
from amodal.search.manifest import Manifest, check_run, read_manifest
from amodal.search.settings import IndexSettings
from amodal.search.table import ROW, VectorTable
from amodal.typing import Float32, Int64


@dataclass(frozen=True)
class Found:
    """What was found for one query, nearest first."""

    rows: Int64[np.ndarray, " found"]
    """Numbers of the catalogue's rows."""
    similarity: Float32[np.ndarray, " found"]
    """How alike they are, in [-1, 1]."""
    score: Float32[np.ndarray, " found"]
    """What they are ranked by: the similarity, less what the hubness correction takes off."""
    metadata: list[dict[str, Any]]
    """The metadata of each row, by column; empty dicts without any."""

    def __len__(self) -> int:
        return len(self.rows)


class Index:
    """Vectors of a catalogue in a LanceDB folder, with metadata, for one fitted workspace.

    Example:
        >>> import tempfile
        >>> rng = np.random.default_rng(0)
        >>> things = rng.normal(size=(300, 3))
        >>> sound, touch = things @ rng.normal(size=(3, 5)), things @ rng.normal(size=(3, 4))
        >>> model = Workspace(steps=0).fit(
        ...     {"sound": sound[:100], "touch": touch[:100]},
        ...     matches={"sound": np.arange(50), "touch": np.arange(50)},
        ... )
        >>> out = Path(tempfile.mkdtemp()) / "touch"
        >>> index = Index.build(
        ...     model, touch, out, modality="touch", metadata={"even": [True, False] * 150}
        ... )
        >>> [found] = index.search(sound[200:201], top=3)
        >>> int(found.rows[0]), found.metadata[0]
        (200, {'even': True})
    """

    def __init__(self, model: Workspace, table: VectorTable, manifest: Manifest) -> None:
        """Not to be called: `build` and `open` are."""
        self.model, self.table, self.manifest = model, table, manifest

    @classmethod
    def build(
        cls,
        model: Workspace,
        latents: Any,
        out: str | Path,
        *,
        modality: str,
        sources: Sequence[str] = (),
        metadata: str | Path | Mapping[str, Any] | Any = None,
        names: Sequence[str] | None = None,
        banks: Mapping[str, Any] | None = None,
        settings: IndexSettings | None = None,
        origin: Mapping[str, Any] | None = None,
    ) -> "Index":
        """Index a catalogue's latents, and open the index.

        Works in constant memory: give a store, or a memory-mapped array. An interrupted build is
        taken up by the same call; a finished one is opened as it is.

        Args:
            model: a fitted workspace.
            latents: rows of `modality`: `Latents`, numpy or torch.
            out: the folder to make.
            modality: what the catalogue is of.
            sources: the modalities that queries will be of; all others when left out.
            metadata: a .csv, .parquet or .jsonl file with one line for each row, or a dict of
                columns.
            names: what each row is called: becomes the column `item` of the metadata.
            banks: with a hubness correction, latents of queries for each of `sources`: any rows
                of that modality, such as those that the workspace was fitted on.
            settings: of the build.
            origin: plain values to keep with the index, on where the raw things are.

        Raises:
            MissingExtraError: LanceDB is not installed.
            InputError, UnknownNameError: the latents, metadata or names do not fit.
            ExistsError: the folder holds something else.
            DiskError: the disk refuses; what is done is kept.
        """
        manifest = build_index(
            model,
            latents,
            out,
            modality=modality,
            sources=tuple(sources),
            metadata=metadata,
            names=names,
            banks=banks,
            settings=settings,
            origin=origin,
        )
        return cls(model, VectorTable.open(Path(out)), manifest)

    @classmethod
    def open(cls, folder: str | Path, model: Workspace) -> "Index":
        """Open an index that this very workspace has made.

        Raises:
            NotFoundError: there is none, or it is not finished.
            DamagedError: it is damaged or foreign.
            InputError: another workspace has made it.
        """
        folder = Path(folder)
        manifest = read_manifest(folder)
        check_run(folder, manifest, model)
        return cls(model, VectorTable.open(folder), manifest)

    def __len__(self) -> int:
        return self.manifest.rows

    def search(
        self,
        queries: Any,
        *,
        source: str | None = None,
        top: int = 10,
        where: str | None = None,
        corrected: bool = True,
    ) -> list[Found]:
        """The rows of the catalogue that are nearest to each query.

        Args:
            queries: rows of `source`, (query, dim).
            source: their modality; may be left out where there is only one other.
            top: how many rows a query, at most.
            where: a condition on the metadata, as SQL has it: "colour = 'red' AND price < 20".
            corrected: apply the hubness correction, if the index has one.

        Returns:
            For each query what was found; fewer than `top` where fewer rows meet the condition.

        Raises:
            InputError, UnknownNameError: queries, names or the condition do not fit.
        """
        number = self._number(source)
        if not isinstance(top, int | np.integer) or top < 1:
            raise InputError(f"top must be at least 1, got {top}")
        source = self.manifest.sources[number]
        vectors = as_tensor(self.model.retrieval_vectors(queries, source, self.manifest.modality))
        candidates = len(self)
        if where is not None:
            candidates = count_kept(self.table, where, self.manifest.columns)
            if candidates == 0:
                return [_found({ROW: []}, np.zeros(0, np.float32), "") for _ in vectors]
        parts = self.manifest.parts.get(source)
        # A condition that leaves few rows is searched exactly: they may lie in any of the parts.
        exact = parts is None or candidates < self.manifest.settings.exact_below
        nearest = self.table.nearest(
            f"vector_{number}",
            queries_with(vectors, corrected=corrected).numpy(),
            top=min(int(top), len(self)),
            probes=None if exact or parts is None else parts.probes,
            where=where,
            columns=[f"hubness_{number}", *self.manifest.columns],
        )
        taken = f"hubness_{number}" if corrected else ""
        return [_found(each.columns, each.similarity, taken) for each in nearest]

    def _number(self, source: str | None) -> int:
        known = self.manifest.sources
        if source is None and len(known) > 1:
            raise InputError(f"queries may be of {list(known)}: say which, source={known[0]!r}")
        if source is None:
            return 0
        if source not in known:
            raise unknown_name("modality of queries to this index", source, known)
        return known.index(source)


def _found(columns: dict[str, list[Any]], score: np.ndarray, taken: str) -> Found:
    rows = np.asarray(columns.pop(ROW), np.int64)
    off = np.asarray(columns[taken], np.float32) if taken else np.float32(0)
    plain = {name: values for name, values in columns.items() if not name.startswith("hubness_")}
    metadata = [{name: values[i] for name, values in plain.items()} for i in range(len(rows))]
    return Found(rows, score + off, score, metadata)
