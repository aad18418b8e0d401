"""`import amodal` and `amodal --help` stay quick: neither reaches for the heavy packages."""

import subprocess
import sys

import pytest

from amodal.cli.main import VERBS

HEAVY = ("torch", "scipy", "sklearn", "matplotlib", "numpy", "tyro", "rich", "PIL")


def loaded_after(statement: str) -> set[str]:
    """Which heavy packages a fresh interpreter holds after a statement."""
    code = f"{statement}\nimport sys\nprint('loaded:', *[m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].removeprefix("loaded:").split())


@pytest.mark.parametrize(
    "statement",
    [
        "import amodal",
        "from amodal.cli.main import main; main(['--help'])",
        "from amodal.cli.main import main; main(['--version'])",
        "from amodal.cli.main import main; main(['trnaslate'])",
    ],
)
def test_quick_things_load_nothing_heavy(statement: str) -> None:
    assert loaded_after(statement) == set()


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_verb_does_without_torch(verb: str) -> None:
    help_of = f"from amodal.cli.main import main; main([{verb!r}, '--help'])"
    assert "torch" not in loaded_after(help_of)


def test_the_check_sees_what_is_loaded() -> None:
    assert "torch" in loaded_after("import amodal; amodal.Workspace")
