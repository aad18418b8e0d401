"""A demo, far smaller than the smoke size, made once for all tests of the commands."""

from pathlib import Path

import pytest

TINY = {"unmatched": 150, "test": 30, "draws": 2, "members": 1, "steps": 5, "comparison_steps": 3}


@pytest.fixture(scope="session")
def demo_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from amodal.demo import DemoSettings, run_demo

    out = tmp_path_factory.mktemp("demo") / "run"
    assert run_demo(DemoSettings(matches=12, **TINY), out)
    return out
