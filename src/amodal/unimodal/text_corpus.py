"""What two speakers say about the same scenes of Simple Shapes: what the text model learns from."""

import numpy as np

from amodal.data.shapes import CaptionReading, read_caption, reword, write_captions
from amodal.typing import Float
from amodal.unimodal.text_training import SceneTexts

WORDINGS = 4
"""Re-wordings of which the shortest is kept."""


def scene_texts(factors: Float[np.ndarray, "n 8"], *, seed: int) -> SceneTexts:
    """Two speakers' captions of every scene, and a brief re-wording of the first's.

    The factors are seen by the speakers only; of each sentence, the learner gets its words.

    Args:
        factors: rows of `data.shapes.draw_factors`.
        seed: the same sentences for the same seed.

    Example:
        >>> from amodal.data.shapes import draw_factors
        >>> texts = scene_texts(draw_factors(3, seed=0), seed=0)
        >>> read_caption(texts.first[2]) == read_caption(texts.reworded[2])
        True
    """
    first = write_captions(factors, seed=2 * seed)
    second = write_captions(factors, seed=2 * seed + 1)
    readings = [read_caption(sentence) for sentence in first]
    return SceneTexts(first, brief_wordings(readings, seed=seed), second)


def brief_wordings(readings: list[CaptionReading], *, seed: int) -> list[str]:
    """The shortest in words of a few sentences that say the same, row by row.

    Sentences that differ less are learnt in fewer steps, and greedy decoding has no need for more
    variety than the shortest ones keep.
    """
    choices = [reword(readings, seed=seed * WORDINGS + wording) for wording in range(WORDINGS)]
    return [
        min(row, key=lambda sentence: sentence.count(" ")) for row in zip(*choices, strict=True)
    ]
