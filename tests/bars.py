"""A kind of data of the tests' own, unlike Simple Shapes in every number: coloured bars."""

import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from amodal.data import dataset, kinds
from amodal.data.figures import Figure
from amodal.data.kinds import Kind, kind_of
from amodal.data.random import BLOCK, drawn_in_blocks
from amodal.data.typed import TypedFactor
from amodal.specification import Block, LatentSpec

WIDTHS, PLACES = ("narrow", "wide"), ("left", "middle", "right")
COLOURS = ("red", "green", "blue")
TEMPLATES = ("a {width} {colour} bar on the {place}", "on the {place}: a {colour} bar, {width}")


@dataclass(frozen=True)
class BarReading:
    """What a sentence says of a bar."""

    width: str | None
    colour: str | None
    place: str | None


def draw(n: int, *, seed: int, start: int = 0) -> np.ndarray:
    """Columns wide (0 or 1), x and hue in [0, 1), and a glare that pictures alone show."""

    def block(generator: np.random.Generator) -> np.ndarray:
        rows = generator.random((BLOCK, 4), np.float32)
        rows[:, 0] = rows[:, 0] < 0.5
        return rows

    return drawn_in_blocks(block, n, seed=seed, stream=71, start=start)


def render(factors: np.ndarray, *, side: int) -> np.ndarray:
    columns = (np.arange(side) + 0.5) / side
    inside = np.abs(columns - factors[:, 1:2]) < 0.1 + 0.15 * factors[:, :1]
    hue = factors[:, 2:3] - np.arange(3) / 3
    colour = 0.5 + 0.5 * np.cos(2 * np.pi * hue)
    glare = 0.1 * factors[:, 3, None, None]
    row = np.clip(inside[:, :, None] * colour[:, None] + glare, 0, 1)
    return np.repeat((255 * row).astype(np.uint8)[:, None], side, axis=1)


def attributes(factors: np.ndarray) -> np.ndarray:
    turn = 2 * np.pi * factors[:, 2].astype(np.float64)
    wide = factors[:, :1] == np.arange(2)
    columns = [wide, factors[:, 1:2] * 2 - 1, np.cos(turn)[:, None], np.sin(turn)[:, None]]
    return np.concatenate([np.asarray(each, np.float32) for each in columns], axis=1)


def factors_from_attributes(rows) -> np.ndarray:
    rows = np.asarray(rows, np.float32)
    hue = np.arctan2(rows[:, 4], rows[:, 3]) / (2 * np.pi) % 1
    x = (rows[:, 2].clip(-1, 1) + 1) / 2
    columns = [rows[:, :2].argmax(1), x, hue, np.zeros(len(rows))]
    return np.stack(columns, axis=1).astype(np.float32)


def readable_errors(predicted, true) -> dict[str, float]:
    p, t = np.asarray(predicted, np.float64), np.asarray(true, np.float64)
    turn = np.arctan2(p[:, 4], p[:, 3]) - np.arctan2(t[:, 4], t[:, 3])
    return {
        "width_accuracy": float((p[:, :2].argmax(1) == t[:, :2].argmax(1)).mean()),
        "x_percent": float(50 * np.abs(p[:, 2] - t[:, 2]).mean()),
        "hue_degrees": float(np.degrees(np.abs(np.angle(np.exp(1j * turn)))).mean()),
    }


def named(factors: np.ndarray) -> list[BarReading]:
    """What each bar is called."""
    return [
        BarReading(WIDTHS[int(wide)], COLOURS[round(3 * hue) % 3], PLACES[min(int(3 * x), 2)])
        for wide, x, hue, _ in factors.tolist()
    ]


def write(factors: np.ndarray, *, seed: int, start: int = 0) -> list[str]:
    return [
        TEMPLATES[(seed + start + row) % 2].format(**vars(reading))
        for row, reading in enumerate(named(factors))
    ]


def read_loosely(sentence: str) -> BarReading:
    words = set(sentence.lower().replace(":", " ").replace(",", " ").split())

    def found(names: tuple[str, ...]) -> str | None:
        return next((name for name in names if name in words), None)

    return BarReading(found(WIDTHS), found(COLOURS), found(PLACES))


def reword(readings, *, seed: int) -> list[str]:
    return [TEMPLATES[seed % 2].format(**vars(reading)) for reading in readings]


def agreement(readings, factors: np.ndarray) -> dict[str, np.ndarray]:
    pairs = list(zip(readings, named(factors), strict=True))
    return {
        name: np.array([getattr(said, name) == getattr(true, name) for said, true in pairs])
        for name in ("width", "colour", "place")
    }


def draw_triplets(factors: np.ndarray, rows: np.ndarray, *, count: int, seed: int) -> np.ndarray:
    """Two bars of one width and one of the other; their colours are as they are."""
    generator = np.random.default_rng([seed, 72])
    wide = factors[rows, 0] > 0.5
    found = []
    for _ in range(count if 2 <= wide.sum() <= len(rows) - 2 else 0):
        two, one = (wide, ~wide) if generator.random() < 0.5 else (~wide, wide)
        pair = generator.choice(rows[two], 2, replace=False)
        found.append([*pair, generator.choice(rows[one]), 2, 0])
    return np.array(found, np.int64).reshape(-1, 5)


WIDTH = Figure("width_accuracy", "width")
X = Figure("x_percent", "place", unit="% of the width", digits=1)
HUE = Figure("hue_degrees", "hue", unit="degrees", digits=0)
BARS = Kind(
    name="bars",
    title="Coloured Bars",
    version=1,
    side=16,
    factor_names=("wide", "x", "hue", "glare"),
    draw=draw,
    render=render,
    triplets=draw_triplets,
    shared_names=("width",),
    in_heldout_region=lambda factors, *, seed=0: (factors[:, 0] > 0.5) & (factors[:, 1] < 0.5),
    heldout_words=lambda *, seed=0: "wide bars in the left half",
    attribute_names=("narrow", "wide", "x", "cos hue", "sin hue"),
    attribute_blocks=LatentSpec(
        (Block("width", "categorical", 2), Block("x", "continuous", 1), Block("hue", "circular", 2))
    ),
    attributes=attributes,
    factors_from_attributes=factors_from_attributes,
    readable_errors=readable_errors,
    figures=(WIDTH, X, HUE),
    headline=(X, WIDTH),
    finest=HUE,
    roughest=WIDTH,
    typed=(
        TypedFactor("wide", "wide", names=WIDTHS),
        TypedFactor("x", "25", high=100, per=100),
        TypedFactor("hue", "120", high=360, per=360, circular=True),
    ),
    descriptor_names=("width", "colour", "place"),
    write=write,
    read=read_loosely,
    read_loosely=read_loosely,
    reword=reword,
    agreement=agreement,
    leniency="Nothing but the very name counts as right",
    own_words=("a wide red bar on the left", "a narrow blue bar"),
)


@contextmanager
def known_bars():
    """Within it, bars are a kind of data like any other; they have no unimodal models."""
    from amodal.demo import settings
    from amodal.unimodal import registry

    with pytest.MonkeyPatch.context() as patch:
        for module in (kinds, dataset, settings, registry):
            patch.setattr(module, "KIND_NAMES", (*module.KIND_NAMES, "bars"))
        patch.setitem(sys.modules, "amodal.data.bars.kind", SimpleNamespace(KIND=BARS))
        yield kind_of("bars")


@contextmanager
def shipped_bars(folder: Path):
    """Within it, small models of bars count as shipped."""
    from amodal.unimodal import registry
    from amodal.unimodal.pretraining import Schedule
    from amodal.unimodal.text_corpus import scene_texts
    from amodal.unimodal.text_network import TextSizes
    from amodal.unimodal.text_training import TextTraining, train_text
    from amodal.unimodal.vae import ImageVae, VaeTraining, train_vae

    images = render(draw(200, seed=0), side=BARS.side)
    short = VaeTraining(Schedule(steps=30, batch=32, learning_rate=2e-3))
    text = TextTraining(
        Schedule(steps=60, batch=32, learning_rate=1e-2), TextSizes(8, 24, 12), phrases=40
    )
    models = {
        "image": train_vae(images, short, name="bars/image"),
        "image-vae": train_vae(images, short, name="bars/image-vae"),
        "text": train_text(scene_texts(BARS, draw(200, seed=0), seed=0), text, name="bars/text"),
        # As wide as the attributes, which is all that is asked of a reader here.
        "reader": ImageVae("bars/reader", side=BARS.side, dim=5, width=4).freeze(),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(registry.SHIPPED, "bars/attributes", None)
        for name, model in models.items():
            path = folder / f"{name}.safetensors"
            model.save(path)
            patch.setitem(registry.SHIPPED, f"bars/{name}", str(path))
        yield
