"""The text model: sentences to a small latent of what they mean, and back."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor

from amodal.errors import InputError
from amodal.specification import LatentSpec
from amodal.typing import Float
from amodal.unimodal.base import UnimodalModel
from amodal.unimodal.text_network import PhraseEncoder, TextDecoder, TextSizes
from amodal.unimodal.text_phrases import Phrases
from amodal.unimodal.text_vocabulary import Vocabulary


class TextAutoencoder(UnimodalModel):
    """Reads a sentence into a latent that holds its meaning, not its wording, and speaks it again.

    Latents lie near each other when two sentences are likely to describe one scene: "red" near
    "crimson", "on the left" near "on the far left". How it is made: `text_training`.

    Args:
        name: what it is called.
        words: the vocabulary, commonest first.
        length: tokens in the longest sentence that can be read or spoken, with its end mark.
        phrases: what the encoder listens for.
        sizes: the fields of `TextSizes`.
        reach: of phrases with a gap (see `Phrases`); 0 where there are none.

    Example:
        >>> words = ["a", "red", "egg", "."]
        >>> model = TextAutoencoder("mine", words=words, length=8, phrases=words, sizes={})
        >>> model.encode(["A red egg.", "A redd egg."]).shape
        torch.Size([2, 32])
    """

    kind = "text"

    def __init__(
        self,
        name: str,
        *,
        words: Sequence[str],
        length: int,
        phrases: Sequence[str],
        sizes: dict[str, int],
        reach: int = 0,
    ) -> None:
        sized = TextSizes(**sizes)
        super().__init__(name, LatentSpec.continuous(sized.dim))
        self._settings = {
            "words": list(words),
            "length": length,
            "phrases": list(phrases),
            "sizes": dict(sizes),
            # Left out where there is none, so that fingerprints from before gaps hold.
            **({"reach": reach} if reach else {}),
        }
        self.vocabulary = Vocabulary(words, length=length)
        self.encoder = PhraseEncoder(Phrases(phrases, reach=reach), sized.dim)
        self.decoder = TextDecoder(len(self.vocabulary), sized)

    def settings(self) -> dict[str, Any]:
        """Vocabulary, phrases and sizes: what the class is built from."""
        return self._settings

    def check(self, raw: Any) -> list[str]:
        """Return `raw` as a list of strings.

        Raises:
            InputError: one sentence instead of a list, or rows that are not strings.
        """
        if isinstance(raw, str):
            raise InputError(
                f"text: expected a list of sentences, got one string: write [{raw[:40]!r}]"
            )
        if isinstance(raw, np.ndarray):
            raw = raw.tolist()
        if not isinstance(raw, Sequence):
            raise InputError(f"text: expected a list of sentences, got {type(raw).__name__}")
        for index, row in enumerate(raw):
            if not isinstance(row, str):
                raise InputError(f"text, row {index}: expected a string, got {type(row).__name__}")
        # All rows are read before any is encoded, so that an error names the row of the whole.
        self.vocabulary.number(raw)
        return list(raw)

    def encode_batch(self, raw: Any) -> Float[Tensor, "batch dim"]:
        """Latents of a few sentences."""
        return self.encoder([self.vocabulary.known_words(sentence) for sentence in raw])

    def decode_batch(self, latents: Float[Tensor, "batch dim"]) -> list[str]:
        """The likeliest sentence of each latent, word by word."""
        rows = self.decoder.speak(latents, length=self.vocabulary.length)
        return self.vocabulary.sentences(rows.cpu().numpy())
