"""The parts of a report: text that cannot break the page, tables, galleries, curves."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from amodal.report import galleries, tables
from amodal.report.contents import ArmResult, Examples, Search
from amodal.report.examples_sheet import examples_sheet
from amodal.report.page import page, paragraph, tiles
from amodal.report.plots import comparison_curves, learning_curves, spread_over


def test_text_cannot_break_the_page() -> None:
    assert paragraph("<b> & co") == "<p>&lt;b&gt; &amp; co</p>"
    assert "<script" not in tiles([("<script>", "<script>")])
    assert "<script" not in tables.table(["<script>"], [["<script>"]])
    assert "<script" not in galleries.quoted("<script>")


def test_page_is_whole_and_has_its_style_inside() -> None:
    text = page("A & B", ["<p>body</p>"])
    assert text.startswith("<!doctype html>")
    assert "<title>A &amp; B</title>" in text
    assert "prefers-color-scheme: dark" in text
    assert "<link" not in text


def test_picture_is_inside_and_exact() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (32, 32, 3)).astype(np.uint8)
    html = galleries.picture(pixels, "a 'quoted' \"caption\"")
    data = re.findall(r"base64,([^\"]+)", html)[0]
    with Image.open(io.BytesIO(base64.b64decode(data))) as image:
        assert np.array_equal(np.asarray(image), pixels)


def test_right_answers_are_marked() -> None:
    black = np.zeros((3, 32, 32, 3), np.uint8)
    search = Search("red", black, [False, True, False], rank=2, pool=1000)
    html = galleries.searches([search])
    assert html.count('class="picture right"') == 1
    assert "2 \u2713" in html
    assert "number 2 of 1,000" in html


def rows_of_history(step: int, scores: list[float]) -> list[dict]:
    judged = [
        {"step": step, "run": i + 1, "group": i, "draw": i, "held_out": s, "translation": 0.5}
        for i, s in enumerate(scores)
    ]
    whole = {"step": step, "run": 0, "group": 0, "draw": 0, "held_out": None, "translation": 0.5}
    return [whole, *judged]


def test_curves_are_geometric_means_and_end_when_the_first_stops() -> None:
    history = rows_of_history(0, [0.0, 2.0]) + rows_of_history(25, [1.0])
    judged = [row for row in history if row["held_out"] is not None]
    steps, means, lows, highs = spread_over(judged, "held_out", by="draw", log=False)
    assert steps == [0]
    assert means == [pytest.approx(np.e)]
    assert lows[0] < means[0] < highs[0]


def test_drawings_name_their_axes_and_are_the_same_twice() -> None:
    history = rows_of_history(0, [0.0, 0.1]) + rows_of_history(25, [-0.5, -0.4])
    svg = learning_curves(history)
    assert svg == learning_curves(history)
    assert svg.startswith("<svg")
    for words in ("<!-- step -->", "squared error, of unit variance", "<!-- training losses -->"):
        assert words in svg
    results = [
        ArmResult(name, name, latents, [], [], history)
        for latents in tables.LATENTS
        for name in ("one", "two")
    ]
    assert "<!-- two -->" in comparison_curves(results, tables.LATENTS)


def test_the_sheet_of_examples_shows_each_picture_in_its_colour() -> None:
    colours = [[200, 10, 10], [10, 160, 10], [10, 10, 220]]
    pictures = [np.full((2, 32, 32, 3), c, np.uint8) for c in colours]
    sentences = ["a sentence that is too long for a single line under a picture", "a short one"]
    given = Examples(
        true={"text": sentences, "image": pictures[0]},
        translated={("text", "image"): pictures[1], ("image", "text"): sentences},
        round_trips={},
        searches=[],
        own_words=[],
    )
    sheet = examples_sheet(given, "a title")
    assert sheet == examples_sheet(given, "a title")
    with Image.open(io.BytesIO(sheet)) as image:
        pixels = np.asarray(image.convert("RGB")).reshape(-1, 3)
    shares = [(pixels == colour).all(1).mean() for colour in colours]
    assert shares[0] == pytest.approx(shares[1], rel=0.05)
    assert shares[1] > 0.1
    assert shares[2] == 0
