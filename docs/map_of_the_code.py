"""A hook of mkdocs: the map of the code, which lies beside this folder, as a page of the site."""

from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

MAP = Path(__file__).parents[1] / "AGENTS.md"


def on_files(files: Files, config: Any) -> Files:
    """Add the page."""
    files.append(File.generated(config, "map.md", content=MAP.read_text("utf-8")))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Links that lead to the file in the repository lead to the page on the site."""
    return markdown.replace("](../AGENTS.md)", "](map.md)")
