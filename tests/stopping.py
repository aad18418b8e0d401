"""Interruptions of the training of unimodal models, for tests."""

import pytest

from amodal.unimodal import pretraining


def stopped_once(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Make the loop stop as Ctrl-C does, once, after so many steps: in the midst of one, when its
    weights have changed already. A checkpoint is written at every step."""
    update, done = pretraining._update, []

    def stopping(*arguments):
        note = update(*arguments)
        done.append(1)
        if len(done) == after:
            raise KeyboardInterrupt
        return note

    monkeypatch.setattr(pretraining, "CHECKPOINT_EVERY", 1)
    monkeypatch.setattr(pretraining, "_update", stopping)
