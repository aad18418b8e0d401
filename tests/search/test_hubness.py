"""Hubness corrections: the formulas, written out slowly, and an index that applies them."""

import math
from pathlib import Path

import numpy as np
import pytest

from amodal import Workspace
from amodal.errors import InputError, UnknownNameError
from amodal.search import Index, IndexSettings

pytest.importorskip("lancedb")


def slow_scores(similarity: np.ndarray, bank: np.ndarray, settings: IndexSettings) -> np.ndarray:
    """The papers' scores of (query, row), from similarities of the bank (query of it, row)."""
    scores = np.zeros(similarity.shape)
    for row in range(similarity.shape[1]):
        near = sorted(bank[:, row])[-settings.neighbours :]
        total = sum(math.exp(each / settings.temperature) for each in bank[:, row])
        for query in range(len(similarity)):
            if settings.hubness == "csls":
                scores[query, row] = 2 * similarity[query, row] - np.mean(near)
            else:
                scores[query, row] = math.exp(similarity[query, row] / settings.temperature) / total
    return scores


@pytest.mark.parametrize("name", ["csls", "softmax"])
def test_ranks_are_those_of_the_papers(
    name: str, workspace: Workspace, rows: dict, tmp_path: Path
) -> None:
    settings = IndexSettings(hubness=name, neighbours=5, temperature=0.1)
    queries, bank = rows["sound"][:20], rows["sound"][100:200]
    index = Index.build(
        workspace,
        rows["touch"],
        tmp_path / "touch",
        modality="touch",
        sources=["sound"],
        banks={"sound": bank},
        settings=settings,
    )
    plain = workspace.similarity(queries, rows["touch"], source="sound", target="touch")
    of_bank = workspace.similarity(bank, rows["touch"], source="sound", target="touch")
    expected = np.argsort(-slow_scores(plain, of_bank, settings), axis=1)
    for query, found in enumerate(index.search(queries, top=10)):
        np.testing.assert_array_equal(found.rows, expected[query, :10])
        np.testing.assert_allclose(found.similarity, plain[query, found.rows], atol=1e-5)
        assert (np.diff(found.score) <= 0).all()
    for query, found in enumerate(index.search(queries, top=10, corrected=False)):
        np.testing.assert_array_equal(found.rows, np.argsort(-plain[query])[:10])
        np.testing.assert_allclose(found.similarity, plain[query, found.rows], atol=1e-5)
    assert (expected[:, :10] != np.argsort(-plain, axis=1)[:, :10]).any()


def test_a_correction_needs_queries_of_every_source(
    workspace: Workspace, rows: dict, tmp_path: Path
) -> None:
    for settings, banks, message in (
        (IndexSettings(hubness="csls"), {}, r"needs example queries of \['sound', 'taste'\], got"),
        (IndexSettings(), {"sound": rows["sound"]}, "'none' needs example queries of no modality"),
    ):
        with pytest.raises(InputError, match=message):
            Index.build(
                workspace,
                rows["touch"],
                tmp_path / "out",
                modality="touch",
                banks=banks,
                settings=settings,
            )


def test_settings_out_of_range() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'csls'"):
        IndexSettings(hubness="clsl")
    with pytest.raises(InputError, match="temperature is 0, expected more than 0"):
        IndexSettings(temperature=0)
    with pytest.raises(InputError, match=r"neighbours is 0.*recall is 1.5"):
        IndexSettings(neighbours=0, recall=1.5)
