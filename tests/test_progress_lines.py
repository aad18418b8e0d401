"""Progress: lines where nobody watches a terminal, and a time left that counts new work only."""

from types import SimpleNamespace

import pytest

from amodal import progress as module
from amodal.progress import progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock that stands still until it is set."""
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


@pytest.mark.parametrize(("done", "left"), [(0, 90), (900, 0), (500, 40)])
def test_time_left_is_reckoned_from_new_work(
    clock: SimpleNamespace, capsys: pytest.CaptureFixture[str], done: int, left: int
) -> None:
    with progress("encoding", 1000, unit="rows", done=done) as advance:
        clock.now += 5
        advance(50)
        assert capsys.readouterr().err == ""
        clock.now += 5
        advance(50, "error 0.5")
    assert capsys.readouterr().err == (
        f"encoding: {done + 100:,}/1,000 rows, 10/s, {left} s left error 0.5\n"
    )


def test_a_bar_begins_where_the_work_does(
    clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    import rich.progress

    tasks = []

    class Bar(rich.progress.Progress):
        def add_task(self, *words, **settings):
            tasks.append((self, super().add_task(*words, **settings)))
            return tasks[-1][1]

    monkeypatch.setattr(rich.progress, "Progress", Bar)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with progress("encoding", 1000, done=600) as advance:
        clock.now += 3
        advance(100)
        bar, task = tasks[0]
        assert bar.tasks[task].fields["rate"] == "33/s"
        assert bar.tasks[task].completed == 700
        assert bar.tasks[task].visible
