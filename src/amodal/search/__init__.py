"""Search: a catalogue of one modality on disk, found again by queries of any other."""

from amodal.search.index import Found, Index
from amodal.search.settings import IndexSettings

__all__ = ["Found", "Index", "IndexSettings"]
