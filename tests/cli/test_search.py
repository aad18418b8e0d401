"""`amodal index` and `amodal search`: a demo's things, a data folder's, plain arrays."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import amodal
from amodal.cli.main import main

pytest.importorskip("lancedb")
pytestmark = pytest.mark.xdist_group("search")

SENTENCE = "a small red triangle in the top left corner, pointing up"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The main model of a tiny demo, with an index of its pictures."""
    from amodal.demo.job import Job
    from amodal.demo.settings import DemoSettings

    out = tmp_path_factory.mktemp("search") / "run"
    settings = DemoSettings(matches=12, unmatched=150, test=30, draws=2, members=1, steps=0)
    Job(settings, out).fit()
    assert main(["index", str(out), "--modality", "image"]) == 0
    return out


def lines_of(text: str) -> list[list[str]]:
    """The fields of a table that is separated by tabs, without its heading."""
    heading, *lines = text.splitlines()
    assert heading.split("\t") == ["query", "rank", "row", "similarity"]
    return [line.split("\t") for line in lines]


def test_index_of_a_demo_says_what_it_holds(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["index", str(run), "--modality", "image"]) == 0
    told = capsys.readouterr().out
    assert "already holds this index of 192 rows" in told  # 12 matches, 150 unmatched, 30 held out
    assert "search is exact" in told
    assert "metadata: caption, shape, size, colour, place, orientation, x, y" in told
    words = ["--hubness", "csls", "--out", str(run / "index" / "corrected")]
    assert main(["index", str(run), "--modality", "image", *words]) == 0
    assert "192 rows of image for queries of text, attributes" in capsys.readouterr().out
    ask = ["search", str(run), SENTENCE, "--top", "4"]
    assert main(ask) == 1
    assert "has indexes of ['corrected', 'image']: say which" in capsys.readouterr().err
    scores = []
    for extra in (["--uncorrected"], []):
        assert main([*ask, "--index", str(run / "index" / "corrected"), *extra]) == 0
        scores.append([line[2] for line in lines_of(capsys.readouterr().out)])
    assert main([*ask, "--modality", "image"]) == 0
    assert [line[2] for line in lines_of(capsys.readouterr().out)] == scores[0]
    shutil.rmtree(run / "index" / "corrected")


def test_sentence_finds_what_the_workspace_ranks_first(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from amodal.demo.catalogue import demo_catalogue, encoded
    from amodal.unimodal import load_model

    assert main(["search", str(run), SENTENCE, "--top", "5"]) == 0
    found = lines_of(capsys.readouterr().out)
    things = demo_catalogue(run, "image")
    assert things is not None
    catalogue = encoded(things, "image", load_model("shapes/image"))
    query = load_model("shapes/text").encode([SENTENCE])
    nearest, similarity = amodal.load(run).rank("text", query, {"image": catalogue}, top=5)
    assert [int(line[2]) for line in found] == nearest[0].tolist()
    assert [float(line[3]) for line in found] == pytest.approx(similarity[0].tolist(), abs=1e-3)


def test_show_prints_metadata_and_draws_what_was_found(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "found.png"
    words = ["search", str(run), SENTENCE, "--show", "--out", str(out), "--top", "3"]
    assert main([*words, "--where", "shape = 'egg' AND red > 100"]) == 0
    told = capsys.readouterr().out
    assert SENTENCE in told
    assert told.count(" egg ") >= 3
    assert f"{out}: 3 pictures" in told
    with Image.open(out) as sheet:
        assert np.asarray(sheet).std() > 5
    assert main(words) == 1
    assert "is already there: choose another --out" in capsys.readouterr().err
    assert main([*words, "--overwrite", "--where", "red > 300"]) == 0
    assert "no row meets the condition" in capsys.readouterr().out


def test_the_pictures_are_those_of_the_rows(run: Path) -> None:
    from amodal.demo.catalogue import demo_catalogue

    things = demo_catalogue(run, "image")
    assert things is not None
    table = things.metadata()
    red = table.reader(0)(192)["red"].to_pylist()
    shown = things.pictures(SimpleNamespace(rows=np.arange(192))).reshape(192, -1, 3).max(1)[:, 0]
    np.testing.assert_allclose(shown, red, atol=3)


def test_data_folder_gives_metadata_and_pictures(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["generate", "shapes", "--n", "200", "--out", "shapes"]) == 0
    assert main(["generate", "shapes", "--n", "200", "--seed", "3", "--out", "others"]) == 0
    encode = ["encode", "shapes", "--modality", "image", "--rows", "100:160", "--out", "image"]
    assert main(encode) == 0
    index = ["index", str(run), "--modality", "image", "--latents", "image", "--out", "index"]
    assert main([*index, "--data", "others"]) == 1
    assert "the latents were not made from others" in capsys.readouterr().err
    assert main([*index, "--data", "shapes"]) == 0
    assert "60 rows of image" in capsys.readouterr().out
    search = ["search", str(run), SENTENCE, "--index", "index", "--show", "--top", "2"]
    assert main(search) == 0
    row = next(line for line in capsys.readouterr().out.splitlines() if line[2:7].strip() == "1")
    number = int(row.split("│")[2])
    caption = (tmp_path / "shapes" / "captions.txt").read_text().splitlines()[100 + number]
    # The table wraps a sentence; its first words stand in the first line.
    assert f" {' '.join(caption.split()[:2])} " in row
    factors = np.load(tmp_path / "shapes" / "factors.npy", allow_pickle=False)[100 + number]
    assert [cell.strip() for cell in row.split("│")][10:12] == [
        f"{x:g}" for x in factors[1:3].round(1)
    ]
    (tmp_path / "shapes").rename(tmp_path / "moved")
    assert main([*search, "--overwrite"]) == 1
    assert "there is no data folder" in capsys.readouterr().err
    assert main([*search, "--overwrite", "--data", "moved"]) == 0


def test_pictures_of_ones_own_are_named_and_shown(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from amodal.data import generate
    from amodal.latents.encoding import encode_to_store
    from amodal.unimodal import load_model

    monkeypatch.chdir(tmp_path)
    images = generate("shapes", 40, tmp_path / "shapes", seed=9).images[:40]
    names = [f"photo {number}.png" for number in range(40)]
    Path("photos").mkdir()
    for name, image in zip(names, images, strict=True):
        Image.fromarray(image).resize((60, 30)).save(Path("photos") / name)
    encode_to_store(load_model("shapes/image"), images, Path("image"), names=names)
    Path("prices.csv").write_text("price\n" + "".join(f"{n}\n" for n in range(40)))

    index = ["index", str(run), "--modality", "image", "--latents", "image", "--out", "index"]
    assert main([*index, "--data", "."]) == 1
    assert "the first of image is 'photo 0.png'" in capsys.readouterr().err
    assert main([*index, "--data", "photos", "--metadata", "prices.csv"]) == 0
    assert "metadata: item, price" in capsys.readouterr().out
    search = ["search", str(run), SENTENCE, "--index", "index", "--top", "3"]
    assert main(search) == 0
    heading, *lines = capsys.readouterr().out.splitlines()
    assert heading.split("\t") == ["query", "rank", "row", "similarity", "item"]
    for line in lines:
        fields = line.split("\t")
        assert fields[4] == f"photo {fields[2]}.png"
    assert main([*search, "--show", "--out", "own.png", "--where", "item = 'photo 7.png'"]) == 0
    told = capsys.readouterr().out
    assert "photo 7.png" in told
    assert "own.png: 1 pictures" in told
    with Image.open("own.png") as sheet:
        found = np.asarray(sheet.convert("RGB")).astype(int)
    # The picture is twice as wide as high: paper above it, its own colours in its middle.
    top, left, side = len(found) - 28 - 20 * 3 - 8 - 192, 28, 192
    drawn = found[top : top + side, left : left + side].reshape(-1, 3)
    assert (drawn.max(0) == 255).all()
    assert (drawn.min(0) < 60).all()
    shutil.move("photos", "moved")
    again = [*search, "--show", "--out", "own.png", "--overwrite"]
    assert main(again) == 1
    assert "say where they are with --data FOLDER" in capsys.readouterr().err
    assert main([*again, "--data", "moved"]) == 0


def test_without_pictures_that_is_said(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from amodal.demo.catalogue import demo_catalogue, encoded
    from amodal.unimodal import load_model

    monkeypatch.chdir(tmp_path)
    things = demo_catalogue(run, "image")
    assert things is not None
    np.save("image.npy", encoded(things, "image", load_model("shapes/image")).rows.numpy())
    index = ["index", str(run), "--modality", "image", "--latents", "image.npy", "--out", "index"]
    assert main(index) == 0
    search = ["search", str(run), SENTENCE, "--index", "index"]
    assert main([*search, "--show", "--top", str(10**20)]) == 0
    assert "no pictures are known" in capsys.readouterr().out
    assert not Path("found.png").exists()
    for file in Path("index").rglob("*.lance"):
        if file.is_file():
            file.write_bytes(file.read_bytes()[:100])
    assert main(search) == 1
    assert "again" in capsys.readouterr().err


def test_plain_arrays_with_metadata_and_latents_as_queries(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    things = rng.normal(size=(90, 3))
    rows = {"sound": things @ rng.normal(size=(3, 5)), "touch": things @ rng.normal(size=(3, 4))}
    model = amodal.Workspace(steps=0).fit(rows, matches={name: np.arange(30) for name in rows})
    model.save("run")
    np.save("touch.npy", rows["touch"])
    np.save("queries.npy", rows["sound"][70:72])
    Path("items.csv").write_text("name\n" + "".join(f"thing {i}\n" for i in range(90)))
    index = ["index", "run", "--modality", "touch"]
    assert main(index) == 1
    assert "which rows of 'touch'? run does not say: give --latents" in capsys.readouterr().err
    assert main([*index, "--latents", "touch.npy", "--data", "shapes"]) == 1
    assert "--data goes with latents made by `amodal encode`" in capsys.readouterr().err
    assert main([*index, "--latents", "touch.npy", "--metadata", "items.csv"]) == 0
    capsys.readouterr()
    ask = ["search", "run", "--latents", "queries.npy"]
    assert main([*ask, "--top", "1"]) == 0
    assert [line[:3] for line in lines_of(capsys.readouterr().out)] == [
        ["0", "1", "70"],
        ["1", "1", "71"],
    ]
    assert main([*ask, "--top", "2", "--show", "--where", "name <> 'thing 70'"]) == 0
    told = capsys.readouterr().out
    assert "thing 71" in told
    assert "thing 70" not in told
    assert main([*ask, "--where", "nam = 'x'"]) == 1
    assert "did you mean 'name'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "say what to search for"),
        (["egg", "--latents", "q.npy"], "not both"),
        (["egg", "--from", "txt"], "did you mean 'text'"),
        (["egg", "--modality", "imag"], "did you mean 'image'"),
        (["egg", "--index", "absent"], "there is no index in absent"),
        (["--latents", "absent.npy"], "say which, --from text"),
        (["--from", "text", "--latents", "absent.npy"], "there is no file absent.npy"),
    ],
)
def test_what_is_asked_wrongly_is_told(
    words: list[str], message: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["search", str(run), *words]) in (1, 2)
    assert message in " ".join(capsys.readouterr().err.split())


def test_run_without_index(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(run, bare, ignore=shutil.ignore_patterns("index"))
    assert main(["search", str(bare), "egg"]) == 1
    assert f"has no index: make one with `amodal index {bare}" in capsys.readouterr().err
