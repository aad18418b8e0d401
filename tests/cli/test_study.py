"""`amodal study` from the shell."""

import pytest

from amodal.cli.main import main, parse


def test_words_become_settings() -> None:
    command = parse(["study", "saving", "--matches", "20", "50", "--seeds", "2"])
    assert (command.name, command.matches, command.seeds, command.budget) == (
        "saving",
        (20, 50),
        2,
        "laptop",
    )


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["savin"], "unknown study 'savin': did you mean 'saving'?"),
        (["saving", "--pairing", "image-txt"], "did you mean 'image-text'?"),
        (["saving", "--seeds", "-1"], "--seeds is -1, expected a positive number"),
        (["saving", "--matches", "2"], "2 matches, expected at least 4"),
        (["saving", "--data", "nowhere"], "there is no data folder nowhere"),
    ],
)
def test_what_cannot_be_done_is_explained(words, text, tmp_path, capsys) -> None:
    assert main(["study", *words, "--budget", "smoke", "--out", str(tmp_path)]) in (1, 2)
    assert text in capsys.readouterr().err


@pytest.mark.slow
def test_a_smoke_study_runs(tmp_path, capsys) -> None:
    words = ["study", "ablation", "--budget", "smoke", "--seeds", "1", "--matches", "20"]
    words += ["--pairing", "image-attributes", "--out", str(tmp_path / "study")]
    assert main(words) == 0
    assert "report:" in capsys.readouterr().out
    assert (tmp_path / "study" / "ablation" / "ablation.svg").exists()
    assert (tmp_path / "study" / "report.html").exists()
