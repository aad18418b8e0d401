"""The model card of a saved workspace: README.md in its folder, for people and for the Hub.

It says what is in config.json in words and tables, and is never read back.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from amodal.model.blending import KERNEL, START
from amodal.model.judging import BLENDED
from amodal.model.presets import PRESETS

TAGS = ("amodal", "multimodal", "cross-modal-retrieval", "representation-alignment")
_CHOOSE = "# license: choose one (apache-2.0, say); mind those of the data and of the models"
_HELD = (
    ". Of the data it holds the latents of the matched things (kernel ridge regression answers by "
    "their likeness): do not share it where those must stay private."
)
FEW = 20
"""With fewer held-out matches a direction's figures are rough."""


def card(
    config: Mapping[str, Any], *, holds_latents: bool = False, licence: str | None = None
) -> str:
    """The card as Markdown, with the head that the Hugging Face Hub reads.

    Args:
        config: what config.json holds.
        holds_latents: whether the matched latents themselves are in the folder.
        licence: its name on the Hub, "apache-2.0" say; a reminder to choose one when left out.
    """
    names = ", ".join(map(_quoted, config["architecture"]["specs"]))
    parts = [
        *_head(licence),
        f"# A workspace of {names}",
        "",
        "Fitted with Amodal: it translates latents of each modality into latents of each other, "
        "embeds them in one state, and ranks rows of one by rows of another. It holds no unimodal "
        f"model{_HELD if holds_latents else ', and no data but statistics of it.'}",
        "",
        *_use(config),
        *_section("Data", _data(config)),
        *_section("Held-out matches", _figures(config)),
        *_section("Settings", _settings(config)),
        *_section("Limits", _limits(config)),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _head(licence: str | None) -> Iterator[str]:
    yield "---"
    yield "library_name: amodal"
    # JSON's strings are YAML's, too: no licence name can break the head.
    yield f"license: {json.dumps(licence)}" if licence else _CHOOSE
    yield "tags:"
    yield from (f"- {tag}" for tag in TAGS)
    yield from ("---", "")


def _use(config: Mapping[str, Any]) -> Iterator[str]:
    source, target, *_ = config["architecture"]["specs"]
    yield "```python"
    yield "import amodal"
    yield ""
    yield 'model = amodal.Workspace.from_pretrained("this folder, or the name of its repository")'
    yield f"answer = model.translate(rows, {source!r}, {target!r})  # numpy or torch, (row, dim)"
    yield from ("```", "")


def _section(title: str, lines: Iterator[str]) -> Iterator[str]:
    yield from (f"## {title}", "", *lines, "")


def _data(config: Mapping[str, Any]) -> Iterator[str]:
    yield "| modality | rows | dim | blocks | unimodal model | fingerprint |"
    yield "| --- | ---: | ---: | --- | --- | --- |"
    for name, blocks in config["architecture"]["specs"].items():
        rows = config.get("rows", {}).get(name)
        cells = [
            _quoted(name),
            "unknown" if rows is None else f"{rows:,}",
            str(len(config["normalisation"][name]["shift"])),
            ", ".join(f"{_quoted(b['name'])}: {b['size']} {b['kind']}" for b in blocks),
            _quoted(config["models"].get(name) or "not named"),
            _quoted(config["fingerprints"].get(name, "")[:12] or "none: plain arrays"),
        ]
        yield f"| {' | '.join(cells)} |"
    yield ""
    matches = config["matches"]
    yield (
        f"{matches:,} match{'' if matches == 1 else 'es'} (things known in two or more of the "
        "modalities) were learnt from; all other rows are unmatched."
    )


def _figures(config: Mapping[str, Any]) -> Iterator[str]:
    errors = {(s, t): e for s, t, e in config["held_out_errors"]}
    if not errors:
        yield "No matches were held out: nothing here says how good the answers are."
        return
    yield "Squared error of translation, where 1 is the variance of a column of the target."
    yield ""
    yield "| from | to | matches | error | best simple map | its error | variance explained |"
    yield "| --- | --- | ---: | ---: | --- | ---: | ---: |"
    trust = {(s, t): value for s, t, value in config["trust"]}
    for (source, target), found in errors.items():
        simple = {name: found[name] for name in (START, KERNEL) if name in found}
        best = min(simple, key=lambda name: simple[name], default="none was fitted")
        known = trust.get((source, target))
        cells = [
            _quoted(source),
            _quoted(target),
            "unknown" if known is None else f"{known['matches']:,}",
            f"{found[BLENDED]:.3g}" if BLENDED in found else "unknown",
            best,
            f"{simple[best]:.3g}" if best in simple else "",
            "" if known is None else f"{known['of_all']:.0%}",
        ]
        yield f"| {' | '.join(cells)} |"


def _settings(config: Mapping[str, Any]) -> Iterator[str]:
    parameters, architecture = config["parameters"], config["architecture"]
    preset = PRESETS.get(parameters.get("preset", "default"))
    chosen = {name: value for name, value in parameters.items() if value is not None}
    if preset is not None:
        usual = {name: getattr(preset, name) for name in ("losses", "members", "folds")}
        usual["learning_rate"] = preset.learning_rate
        usual["steps"] = preset.training.steps
        chosen = usual | chosen
    shape = ("state", "hidden", "layers", "activation", "bounded")
    chosen |= {name: architecture[name] for name in shape}
    yield "| setting | value |"
    yield "| --- | --- |"
    for name in sorted(chosen):
        yield f"| {name} | {_quoted(json.dumps(chosen[name], ensure_ascii=False))} |"
    yield ""
    yield "Versions and the time of writing: `environment.json`. Everything else: `config.json`."


def _limits(config: Mapping[str, Any]) -> Iterator[str]:
    yield (
        "- It answers for latents of the same unimodal models as it was fitted on, and for things "
        "like those; it cannot tell when a thing is of another kind."
    )
    unknown = [name for name, mark in config["fingerprints"].items() if not mark]
    if unknown:
        listed = ", ".join(map(_quoted, unknown))
        yield f"- Plain arrays were given for {listed}: latents of another model are not refused."
    yield (
        "- The held-out matches also chose when to stop and the shares of an answer, so that their "
        "errors are a little too low. They are drawn from the matches given: where those are not "
        "like the rest of the data, the figures say less."
    )
    few = [f"{s} to {t}" for s, t, value in config["trust"] if value["matches"] < FEW]
    if few:
        yield f"- Fewer than {FEW} held-out matches, so rough figures: {_quoted('; '.join(few))}."


def _quoted(text: str) -> str:
    """A name as it may stand in a cell of a table, whatever it holds."""
    plain = " ".join(text.split()).replace("\\", "\\\\")
    for sign in "|`<>*_[]":
        plain = plain.replace(sign, "\\" + sign)
    return plain
