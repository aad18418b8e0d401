"""The training loop: runs that do not see their neighbours, exact resumption, stopping."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from small_training import EVERY_LOSS, fit, rows_of, some_runs

from amodal.errors import DamagedError, InputError, UnknownNameError
from amodal.specification import LatentSpec
from amodal.training import Run, TrainingSettings, chunks, loop, remove_checkpoints, train
from amodal.training.machine import threads
from amodal.workspace import Architecture


@pytest.mark.parametrize(("dropout", "steps"), [(0.0, 200), (0.3, 50)])
def test_a_run_alone_is_the_run_inside_a_population(typed, dropout: float, steps: int) -> None:
    """Beside a neighbour with more matches and fewer losses, with cycles."""
    options = {"dropout": dropout, "steps": steps, "evaluate_every": 100}
    runs = some_runs()[:2]
    together = fit(typed, runs, **options)
    alone = fit(typed, runs[:1], **options)
    torch.testing.assert_close(
        alone.population.matrix[0], together.population.matrix[0], atol=1e-5, rtol=0
    )
    assert alone.step[0] == together.step[0]


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_every_run_of_a_population_is_itself(typed, dropout: float) -> None:
    """Three modalities, partial matches, every loss; a few steps."""
    names, runs = ("sight", "words", "touch"), some_runs()
    runs[0].losses["broadcast"] = 1.0
    options = {"dropout": dropout, "steps": 10, "names": names}
    together = fit(typed, runs, **options)
    for index, run in enumerate(runs):
        alone = fit(typed, [run], **options)
        torch.testing.assert_close(
            alone.population.matrix[0], together.population.matrix[index], atol=1e-5, rtol=0
        )


def test_training_lowers_the_losses(typed) -> None:
    run = replace(some_runs()[0], learning_rate=1e-2)
    outcome = fit(typed, [run], start=False, steps=120)
    first, last = outcome.history[1], outcome.history[-1]
    for name in EVERY_LOSS:
        assert last[name] < first[name], name
    assert outcome.score[0] < outcome.first_score[0]


def test_the_same_again_is_the_same(typed) -> None:
    first, second = (fit(typed, some_runs()[:2], dropout=0.2, steps=10) for _ in range(2))
    assert torch.equal(first.population.matrix, second.population.matrix)
    assert first.history == second.history


def test_another_seed_is_another_training(typed) -> None:
    run = some_runs()[0]
    first = fit(typed, [run], start=False)
    second = fit(typed, [replace(run, seed=99)], start=False)
    assert not torch.allclose(first.population.matrix, second.population.matrix)


def test_the_population_handed_over_is_left_as_it_was(typed, monkeypatch) -> None:
    given = []

    def remembered(population, *arguments, **options):
        given.append((population, population.matrix.clone()))
        return train(population, *arguments, **options)

    monkeypatch.setattr("small_training.train", remembered)
    fit(typed, some_runs())
    [(population, before)] = given
    assert torch.equal(population.matrix, before)


class Stop:
    """Raises KeyboardInterrupt at a look, once."""

    def __init__(self, look: int) -> None:
        self.left = look

    def __call__(self, rows: list) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("look", [1, 3])
def test_interrupted_and_uninterrupted_runs_end_equal(
    typed, tmp_path, monkeypatch, look: int, dropout: float
) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", -1.0)
    path = tmp_path / "checkpoint.safetensors"
    runs = some_runs()[::2]
    whole = fit(typed, runs, dropout=dropout)
    with pytest.raises(KeyboardInterrupt):
        fit(typed, runs, dropout=dropout, checkpoint=path, on_look=Stop(look))
    assert path.exists() == (look > 1)
    resumed = fit(typed, runs, dropout=dropout, checkpoint=path)
    assert torch.equal(resumed.population.matrix, whole.population.matrix)
    assert resumed.history == whole.history
    assert (resumed.step, resumed.score) == (whole.step, pytest.approx(whole.score, nan_ok=True))
    assert resumed.first_score == pytest.approx(whole.first_score, nan_ok=True)


def test_interrupted_twice_and_after_a_group_has_stopped(typed, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", -1.0)
    path = tmp_path / "checkpoint.safetensors"
    runs = some_runs()
    runs[1] = replace(runs[1], fixed=True)
    options = {"patience": 2, "steps": 50}
    whole = fit(typed, runs, **options)
    for look in (2, 3):
        with pytest.raises(KeyboardInterrupt):
            fit(typed, runs, checkpoint=path, on_look=Stop(look), **options)
    resumed = fit(typed, runs, checkpoint=path, **options)
    assert torch.equal(resumed.population.matrix, whole.population.matrix)
    assert resumed.history == whole.history


@pytest.mark.parametrize("damage", ["truncated", "text", "other population"])
def test_a_damaged_or_foreign_checkpoint_is_said(typed, tmp_path, monkeypatch, damage) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", -1.0)
    path = tmp_path / "checkpoint.safetensors"
    fit(typed, some_runs()[:2], checkpoint=path)
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:-100])
    elif damage == "text":
        path.write_text("not a checkpoint at all, but a text")
    runs = some_runs()[:2]
    if damage == "other population":
        runs.append(replace(runs[0], seed=5, group=5))
    words = "of another population" if damage == "other population" else "is damaged.*delete it"
    with pytest.raises(DamagedError, match=words):
        fit(typed, runs, checkpoint=path)


def many_runs(count: int) -> list[Run]:
    """Runs with the same losses, pairs of them in a group."""
    first = some_runs()[0]
    return [replace(first, seed=100 + i, group=i // 2) for i in range(count)]


def test_chunks_and_threads_change_nothing(typed, monkeypatch) -> None:
    runs = many_runs(10)
    whole = fit(typed, runs, dropout=0.2)
    monkeypatch.setattr(chunks, "MOST", 4)
    cut_up, workers = [], []
    for count in (1, 2):
        with threads(count):
            cut_up.append(fit(typed, runs, dropout=0.2))
            workers.append(torch.get_num_threads())
    assert workers == [1, 2]
    for each in cut_up:
        torch.testing.assert_close(
            each.population.matrix, whole.population.matrix, atol=1e-5, rtol=0
        )
        assert [(r["step"], r["run"]) for r in each.history] == [
            (r["step"], r["run"]) for r in whole.history
        ]
        assert each.step == whole.step
        assert each.score == pytest.approx(whole.score, abs=1e-5)


def test_chunks_keep_groups_whole_and_put_like_with_like() -> None:
    made = Architecture({n: LatentSpec.continuous(2) for n in "ab"}, state=3, hidden=4)
    few = {"losses": {"translation": 1.0}}
    runs = [run if i % 4 < 2 else replace(run, **few) for i, run in enumerate(many_runs(40))]
    found = chunks.cut(runs, made, batch=8)
    assert sorted(run for chunk in found for run in chunk) == list(range(40))
    for chunk in found:
        assert len({len(runs[run].losses) for run in chunk}) == 1
        for run in chunk:
            assert {other for other in range(40) if runs[other].group == runs[run].group} <= set(
                chunk
            )


@pytest.mark.parametrize("look", [2, 3])
def test_an_interrupted_run_of_many_chunks_ends_equal(typed, tmp_path, monkeypatch, look) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", -1.0)
    monkeypatch.setattr(chunks, "MOST", 4)
    path, runs = tmp_path / "checkpoint.safetensors", many_runs(10)
    whole = fit(typed, runs)
    with threads(2):
        with pytest.raises(KeyboardInterrupt):
            fit(typed, runs, checkpoint=path, on_look=Stop(look * 3))
        resumed = fit(typed, runs, checkpoint=path)
    assert resumed.history == whole.history
    torch.testing.assert_close(
        resumed.population.matrix, whole.population.matrix, atol=1e-6, rtol=0
    )
    remove_checkpoints(path)
    assert list(tmp_path.iterdir()) == []


def test_each_run_has_its_own_weight_decay(typed) -> None:
    nothing = np.empty(0, dtype=np.int64)
    run = replace(some_runs()[0], losses={"translation": 1.0}, held_out=nothing)
    runs = [replace(run, weight_decay=decay, group=i) for i, decay in enumerate([0.0, 3.0, None])]
    outcome = fit(typed, runs, steps=10, evaluate_every=10, start=False, weight_decay=3.0)
    first, second, usual = outcome.population.matrix
    assert torch.equal(second, usual)
    assert float(second.norm()) < float(first.norm())
    with pytest.raises(InputError, match=r"weight_decay must be at least 0, got -1\.0"):
        replace(run, weight_decay=-1.0)


def test_hidden_layers_in_bfloat16_train_alike(typed) -> None:
    runs = many_runs(4)
    exact, rounded = (fit(typed, runs, precision=p) for p in ("float32", "bfloat16"))
    for group in exact.score:
        assert rounded.score[group] == pytest.approx(exact.score[group], abs=0.05)
    with pytest.raises(InputError, match=r"precision must be one of .*, got 'half'"):
        fit(typed, runs, precision="half")


def test_each_run_has_its_own_learning_rate(typed) -> None:
    run = some_runs()[0]
    rates = [1e-5, 1e-3]
    runs = [replace(run, learning_rate=rate, group=i) for i, rate in enumerate(rates)]
    outcome = fit(typed, [*runs, replace(run, group=2, fixed=True)], steps=10, evaluate_every=10)
    last = outcome.population.matrix
    moved = [float((last[i] - last[2]).norm()) for i in range(2)]
    assert 0 <= moved[0] < moved[1] / 5


def test_held_out_matches_are_never_learnt_from(typed) -> None:
    """Whatever the held-out matches say, the weights after each step are the same."""
    run = replace(some_runs()[0], losses={"translation": 1.0, "contrastive": 1.0})
    first = fit(typed, [run], steps=30)
    changed = np.arange(40, 46)
    second = fit(typed, [replace(run, held_out=changed)], steps=30)
    losses = [[row["translation"] for row in o.history[1:]] for o in (first, second)]
    assert losses[0] == losses[1]
    scores = [[row["held_out"] for row in o.history] for o in (first, second)]
    assert scores[0] != scores[1]
    with pytest.raises(InputError, match="match 12 is both learnt from and held out"):
        replace(run, held_out=np.array([12]), things=np.array([12, 13]))


def test_a_group_stops_together_and_others_go_on(typed) -> None:
    """Group 0 cannot improve (its rate ruins it), group 1 goes on to the end."""
    good = some_runs()[1]
    ruined = {"learning_rate": 3.0, "group": 0, "losses": EVERY_LOSS}
    runs = [
        replace(good, **ruined),
        replace(good, **ruined, seed=5, held_out=np.empty(0, dtype=np.int64)),
        replace(good, group=1, held_out=np.empty(0, dtype=np.int64)),
    ]
    outcome = fit(typed, runs, patience=2, steps=60)
    looks = {run: [r["step"] for r in outcome.history if r["run"] == run] for run in range(3)}
    assert looks[0] == looks[1]
    assert looks[0][-1] < 60
    assert looks[2][-1] == 60
    alone = fit(typed, runs[2:], patience=2, steps=60)
    torch.testing.assert_close(
        alone.population.matrix[0], outcome.population.matrix[2], atol=1e-5, rtol=1e-5
    )


def test_the_weights_kept_are_those_of_the_best_look(typed) -> None:
    outcome = fit(typed, some_runs()[:2], start=False)
    for group in (0, 1):
        rows = [r for r in outcome.history if r["group"] == group]
        best = min(rows, key=lambda r: r["held_out"])
        assert outcome.step[group] == best["step"]
        assert outcome.score[group] == pytest.approx(best["held_out"], abs=1e-6)


def test_no_score_is_worse_than_the_starts(typed) -> None:
    outcome = fit(typed, some_runs()[:2])
    for group in (0, 1):
        assert outcome.score[group] <= outcome.first_score[group]


def test_numbers_are_as_before_after_training(typed) -> None:
    """The loop lets the processor drop denormals; nobody else's numbers may change by that."""
    tiny = torch.full((1,), 1e-38)
    fit(typed, some_runs()[:1], steps=2)
    assert float(tiny * 1e-3) > 0


def test_a_run_that_diverges_keeps_its_start(typed) -> None:
    run = replace(some_runs()[0], learning_rate=1e30)
    outcome = fit(typed, [run], steps=40)
    start = fit(typed, [run], steps=0)
    assert torch.equal(outcome.population.matrix, start.population.matrix)
    assert outcome.step == {0: 0}
    assert all(row["held_out"] is None for row in outcome.history[1:])


def test_a_fixed_run_stays_where_it_starts(typed) -> None:
    runs = some_runs()
    fixed = replace(runs[2], fixed=True)
    outcome = fit(typed, [runs[0], fixed])
    start = fit(typed, [fixed], steps=0)
    assert torch.equal(outcome.population.matrix[1], start.population.matrix[0])
    assert outcome.step[2] == 0


def test_runs_without_any_loss_do_not_move(typed) -> None:
    runs = [replace(run, losses={"translation": 0.0}) for run in some_runs()]
    moved = fit(typed, runs, steps=20).population.matrix
    start = fit(typed, runs, steps=0).population
    networks = [name for name in start.views() if name.endswith((".linear", ".bias", ".out"))]
    for name in networks:  # hidden weights decay, which changes nothing while `out` is zero
        assert torch.equal(start.views(moved)[name], start.views()[name]), name


def test_unmatched_rows_come_from_their_pools_only(typed, monkeypatch) -> None:
    pool = {"sight": np.arange(70, 80), "words": np.arange(80, 90)}
    rows = rows_of(typed)
    allowed = {n: {tuple(r) for r in rows[n][pool[n]].tolist()} for n in pool}
    original, looked = loop.compute_step, []

    def watched(weights, architecture, batch, **options):
        for name, given in batch.unmatched.items():
            assert {tuple(r) for r in given.flatten(0, 1).tolist()} <= allowed[name]
        looked.append(True)
        return original(weights, architecture, batch, **options)

    monkeypatch.setattr(loop, "compute_step", watched)
    fit(typed, some_runs(), unmatched=pool, steps=20)
    assert len(looked) == 60  # each run has losses of its own, and so is a chunk of its own


def test_the_gradient_of_one_run_is_clipped_alone() -> None:
    gradient = torch.tensor([[1.0, 0, 0], [0, 60.0, 80.0]])
    loop._shorten(gradient, 5.0)
    torch.testing.assert_close(gradient, torch.tensor([[1.0, 0, 0], [0, 3.0, 4.0]]))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: TrainingSettings(steps=-1), "steps must be at least 0, got -1"),
        (lambda: TrainingSettings(batch=1), "batch must be at least 2, got 1"),
        (lambda: TrainingSettings(smoothing=1.0), r"smoothing must be in \[0, 1\)"),
        (lambda: TrainingSettings(patience=0, clip=-1), "patience must be.*; clip must be"),
        (
            lambda: TrainingSettings(clip=0),
            r"clip must be above 0 \(a large number for none\), got 0",
        ),
        (lambda: TrainingSettings(cycle_flow=-3), r"cycle_flow must be in \[0, 1\], got -3"),
        (lambda: TrainingSettings(scale=0), "scale must be above 0 and finite, got 0"),
        (lambda: TrainingSettings(weight_decay=float("nan")), "weight_decay must be .* got nan"),
        (lambda: Run(0, {"cycle": -1.0}, np.arange(2)), "'cycle' is -1.0, expected"),
        (lambda: Run(0, {"cycle": float("nan")}, np.arange(2)), "'cycle' is nan, expected"),
        (lambda: Run(0, {}, np.arange(2), learning_rate=0.0), "learning_rate must be positive"),
    ],
)
def test_impossible_settings_are_refused(make, words: str) -> None:
    with pytest.raises(InputError, match=words):
        make()


def test_an_unknown_loss_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="'cicle': did you mean 'cycle'"):
        Run(0, {"cicle": 1.0}, np.arange(2))
