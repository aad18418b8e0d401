"""What two speakers say about the same scenes: what a text model learns from."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from amodal.data.kinds import Kind
from amodal.typing import Float
from amodal.unimodal.text_training import SceneTexts

WORDINGS = 4
"""Re-wordings of which the shortest is kept, where nothing else is asked for."""


def scene_texts(
    kind: Kind, factors: Float[np.ndarray, "n factor"], *, seed: int, wordings: int = WORDINGS
) -> SceneTexts:
    """Two speakers' captions of every scene, and a brief re-wording of the first's.

    The factors are seen by the speakers only; of each sentence, the learner gets its words.

    Args:
        kind: of the scenes.
        factors: rows of `kind.draw`.
        seed: the same sentences for the same seed.
        wordings: re-wordings of which the shortest is kept.

    Example:
        >>> from amodal.data.kinds import kind_of
        >>> kind = kind_of("shapes")
        >>> texts = scene_texts(kind, kind.draw(3, seed=0), seed=0)
        >>> kind.read(texts.first[2]) == kind.read(texts.reworded[2])
        True
    """
    first = kind.write(factors, seed=2 * seed)
    second = kind.write(factors, seed=2 * seed + 1)
    readings = [kind.read(sentence) for sentence in first]
    return SceneTexts(first, brief_wordings(kind, readings, seed=seed, wordings=wordings), second)


def brief_wordings(
    kind: Kind, readings: Sequence[Any], *, seed: int, wordings: int = WORDINGS
) -> list[str]:
    """The shortest in words of a few sentences that say the same, row by row.

    Sentences that differ less are learnt in fewer steps, and greedy decoding has no need for more
    variety than the shortest ones keep.
    """
    briefest = kind.reword(readings, seed=seed * wordings)
    # One wording of all rows after the other, so that two are held at a time, and not all.
    for each in range(1, wordings):
        others = kind.reword(readings, seed=seed * wordings + each)
        briefest = [
            other if other.count(" ") < kept.count(" ") else kept
            for kept, other in zip(briefest, others, strict=True)
        ]
    return briefest
