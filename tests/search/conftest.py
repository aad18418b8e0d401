"""What the tests of search share: one workspace and one index of 300 rows, made once."""

from pathlib import Path

import pytest
from catalogue import draw, fitted, items

from amodal import Workspace
from amodal.search import Index


@pytest.fixture(scope="session")
def workspace() -> Workspace:
    return fitted()


@pytest.fixture(scope="session")
def rows() -> dict:
    """300 new things through each modality."""
    return draw(300, seed=5)


@pytest.fixture(scope="session")
def index(
    workspace: Workspace, rows: dict, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Index, Path]:
    """An exact index of touch, with metadata, and its folder."""
    out = tmp_path_factory.mktemp("index") / "touch"
    built = Index.build(workspace, rows["touch"], out, modality="touch", metadata=items(300))
    return built, out
