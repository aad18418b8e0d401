"""The documents build into a site, without a warning."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_the_site_builds_and_fetches_nothing(tmp_path: Path) -> None:
    pytest.importorskip("mkdocstrings")
    site = tmp_path / "site"
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", site]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    front = (site / "index.html").read_text("utf-8")
    assert not re.findall(r'<(?:script|link)[^>]+(?:src|href)="https?://', front)
    api = (site / "api" / "workspace" / "index.html").read_text("utf-8")
    assert "uncertainty" in api
    assert (site / "map" / "index.html").exists()


def test_how_to_pages_are_numbered_and_in_the_menu() -> None:
    pages = sorted(path.name for path in (ROOT / "docs" / "how-to").glob("*.md"))
    assert [page[:2] for page in pages] == [f"{number:02}" for number in range(1, 11)]
    menu = (ROOT / "mkdocs.yml").read_text("utf-8")
    assert all(f"how-to/{page}" in menu for page in pages)
