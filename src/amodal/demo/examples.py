"""Examples for the report: the first held-out things, not the best ones."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from amodal.data.kinds import Kind
from amodal.demo.things import DemoThings
from amodal.evaluation.evaluate import HeldOutThings
from amodal.evaluation.raw import RawTranslator
from amodal.report.contents import Examples, OwnWords, Search

SHOWN = 6
SEARCHES = 4
FOUND = 6


def choose_examples(
    things: DemoThings, tested: HeldOutThings, translator: RawTranslator
) -> Examples:
    """Translate the first held-out things in all directions, for people to look at."""
    kind, rows = things.settings.kind, things.test[:SHOWN]
    raw = {name: things.raw(name, rows) for name in tested.latents}
    between = {
        (source, target): translator.translate(raw[source], source, target)
        for source in raw
        for target in raw
        if source != target
    }
    return Examples(
        true={name: shown(kind, given, name) for name, given in raw.items()},
        translated={way: shown(kind, given, way[1]) for way, given in between.items()},
        round_trips={
            (source, way): shown(
                kind, translator.translate(between[source, way], way, source), source
            )
            for source, way in between
        },
        searches=_searches(things, tested, translator),
        own_words=[_own_words(kind, sentence, translator) for sentence in kind.own_words],
    )


def shown(kind: Kind, raw: Any, name: str) -> Any:
    """What a page can show: pictures and sentences as they are, attributes drawn."""
    if name != "attributes":
        return raw
    return kind.render(kind.factors_from_attributes(raw), side=kind.side)


def _searches(things: DemoThings, tested: HeldOutThings, translator: RawTranslator) -> list[Search]:
    """The pictures that are nearest to sentences, in the pool of all held-out things."""
    queries, catalogue = tested.latents["text"].rows[:SEARCHES], tested.latents["image"].rows
    scores = np.asarray(
        translator.workspace.similarity(queries, catalogue, source="text", target="image")
    )
    order = np.argsort(-scores, axis=1, kind="stable")
    sentences = things.raw("text", things.test[:SEARCHES])
    return [
        Search(
            sentence=sentences[query],
            pictures=things.raw("image", things.test[ranked[:FOUND]]),
            right=(ranked[:FOUND] == query).tolist(),
            rank=int(np.flatnonzero(ranked == query)[0]) + 1,
            pool=len(catalogue),
        )
        for query, ranked in enumerate(order)
    ]


def _own_words(kind: Kind, sentence: str, translator: RawTranslator) -> OwnWords:
    pictures, trusts = translator.ask([sentence], "text", "image")
    attributes: Sequence[Any] = translator.translate([sentence], "text", "attributes")
    trust = trusts[0].in_words() if trusts else "nothing says how far to trust this"
    return OwnWords(sentence, pictures[0], shown(kind, attributes, "attributes")[0], trust)
