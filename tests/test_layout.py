"""Habits of AGENTS.md that a program can check: import order, size, docstrings, safe loading."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "amodal"
FILES = sorted(PACKAGE.rglob("*.py"))
NAMES = [str(path.relative_to(PACKAGE)) for path in FILES]
LONGEST = 400
ANYTHING = ("__init__.py", "__main__.py")
"""Files that may import from every folder: the top of the package, and its command line."""


def read_order() -> dict[str, int]:
    """Folder or row-0 file -> its row, from the table of AGENTS.md."""
    order: dict[str, int] = {}
    for row, places in re.findall(
        r"^\| (\d+) \| ([^|]+) \|", (ROOT / "AGENTS.md").read_text(), re.M
    ):
        for place in re.findall(r"`([^`]+)`", places):
            order[place.removesuffix("/").removesuffix(".py")] = int(row)
    return order


ORDER = read_order()


def place_of(name: str) -> str:
    """The folder, or row-0 file, that a path inside the package belongs to."""
    return name.split("/")[0].removesuffix(".py")


def imported_places(tree: ast.Module) -> list[tuple[int, str]]:
    """Line and folder of every import from amodal, lazy ones included."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
            if node.module == "amodal":
                modules = [f"amodal.{alias.name}" for alias in node.names]
        else:
            continue
        parts = [module.split(".") for module in modules]
        found += [(node.lineno, p[1]) for p in parts if p[0] == "amodal" and len(p) > 1]
    return found


def out_of_order(name: str, tree: ast.Module, order: dict[str, int]) -> list[str]:
    """What a file imports although it comes later."""
    own = order.get(place_of(name), 0)
    complaints = []
    for line, place in imported_places(tree):
        if place == "__version__":
            continue
        if place not in order:
            complaints.append(
                f"{name}:{line} imports amodal.{place}, which AGENTS.md does not list"
            )
        elif order[place] > own:
            complaints.append(f"{name}:{line} imports {place} ({order[place]}) from row {own}")
    return complaints


def parsed(name: str) -> ast.Module:
    return ast.parse((PACKAGE / name).read_text("utf-8"))


def test_agents_table_lists_every_folder() -> None:
    folders = {p.name for p in PACKAGE.iterdir() if p.is_dir() and any(p.rglob("*.py"))}
    files = {p.stem for p in PACKAGE.glob("*.py")} - {"__init__", "__main__"}
    there = (folders | files) - {"weights"}
    assert there - set(ORDER) == set(), "AGENTS.md has no row for these"
    assert set(ORDER) - there == set(), "AGENTS.md has rows for what does not exist"


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ANYTHING and "weights/" not in n])
def test_imports_go_upwards(name: str) -> None:
    assert out_of_order(name, parsed(name), ORDER) == []


def test_an_import_against_the_order_is_found() -> None:
    tree = ast.parse("def f():\n    from amodal.model import Workspace")
    assert out_of_order("latents/store.py", tree, ORDER) == [
        "latents/store.py:2 imports model (9) from row 3"
    ]
    assert out_of_order("model/workspace.py", tree, ORDER) == []


@pytest.mark.parametrize("name", NAMES)
def test_file_is_short_and_says_what_it_is(name: str) -> None:
    text = (PACKAGE / name).read_text("utf-8")
    assert len(text.splitlines()) <= LONGEST
    assert ast.get_docstring(ast.parse(text)), f"{name} has no docstring"


@pytest.mark.parametrize("name", NAMES)
def test_nothing_unsafe_or_careless(name: str) -> None:
    complaints = []
    for node in ast.walk(parsed(name)):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Assert):
            complaints.append(f"{line}: assert does not run with -O; raise one of amodal.errors")
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [alias.name for alias in node.names] + [getattr(node, "module", "") or ""]
            if {"pickle", "joblib", "dill"} & {module.split(".")[0] for module in modules}:
                complaints.append(f"{line}: pickled files can run code")
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("torch.load", "eval", "exec"):
            complaints.append(f"{line}: {ast.unparse(node.func)} can run code")
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("np.load", "numpy.load"):
            safe = any(ast.unparse(keyword) == "allow_pickle=False" for keyword in node.keywords)
            if not safe:
                complaints.append(f"{line}: np.load without allow_pickle=False")
        text = node.value if isinstance(node, ast.Constant) else ""
        if isinstance(text, str) and re.search(r"(^|[\s'\"(])/(work|home|root)\b", text):
            complaints.append(f"{line}: names a folder of one machine")
    assert complaints == []
