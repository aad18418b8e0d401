"""The two halves of the text model: phrases to a latent, a latent to words."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor, nn

from amodal.errors import InputError
from amodal.typing import Float, Int64
from amodal.unimodal.text_phrases import Phrases
from amodal.unimodal.text_vocabulary import END, PADDING, START


@dataclass(frozen=True)
class TextSizes:
    """Sizes of the text model."""

    dim: int = 32
    """Numbers in a latent."""
    state: int = 160
    """Width of the decoder's recurrent state."""
    spoken: int = 64
    """Numbers per word that the decoder hears of itself."""

    def __post_init__(self) -> None:
        problems = [
            f"{name} is {value}, expected a whole number of at least 1"
            for name, value in asdict(self).items()
            if not isinstance(value, int) or value < 1
        ]
        if problems:
            raise InputError("text model: " + "; ".join(problems))


class PhraseEncoder(nn.Module):
    """A latent is a sum: what each known phrase of the sentence adds, and an offset."""

    table: Tensor
    offset: Tensor

    def __init__(self, phrases: Phrases, dim: int) -> None:
        super().__init__()
        self.phrases = phrases
        self.register_buffer("table", torch.zeros(len(phrases), dim))
        self.register_buffer("offset", torch.zeros(dim))

    def forward(self, sentences: Sequence[Sequence[str]]) -> Float[Tensor, "batch dim"]:
        """Latents of sentences that are given as known words."""
        bags = self.phrases.bags(sentences)
        numbers, starts = (torch.from_numpy(part).to(self.table.device) for part in bags)
        if not len(starts):
            return self.table.new_zeros(0, self.table.shape[1])
        sums = nn.functional.embedding_bag(numbers, self.table, starts, mode="sum")
        return sums + self.offset


class TextDecoder(nn.Module):
    """Latents to words: a recurrent network that is reminded of the latent at every step."""

    def __init__(self, words: int, sizes: TextSizes) -> None:
        super().__init__()
        state = sizes.state
        self.reading = nn.Sequential(
            nn.Linear(sizes.dim, 2 * state), nn.SiLU(), nn.Linear(2 * state, state), nn.SiLU()
        )
        self.embedding = nn.Embedding(words, sizes.spoken, padding_idx=PADDING)
        self.start = nn.Linear(state, state)
        self.reminder = nn.Linear(state, sizes.spoken)
        self.recurrent = nn.GRU(sizes.spoken, state, batch_first=True)
        self.words = nn.Linear(state, words)

    def forward(
        self, latents: Float[Tensor, "batch dim"], rows: Int64[Tensor, "batch length"]
    ) -> Float[Tensor, "batch length words"]:
        """Scores of every next word, when the words before it are those of `rows`."""
        begin = torch.full_like(rows[:, :1], START)
        read = self.reading(latents)
        spoken = self.embedding(torch.cat([begin, rows[:, :-1]], 1))
        inputs = spoken + self.reminder(read)[:, None]
        hidden, _ = self.recurrent(inputs, torch.tanh(self.start(read))[None])
        return self.words(hidden)

    @torch.no_grad()
    def speak(
        self, latents: Float[Tensor, "batch dim"], *, length: int
    ) -> Int64[Tensor, "batch length"]:
        """The likeliest word at each step, given those before it (greedy decoding)."""
        read = self.reading(latents)
        reminder = self.reminder(read)[:, None]
        state = torch.tanh(self.start(read))[None]
        rows = torch.full((len(latents), length), PADDING, device=latents.device)
        word = torch.full((len(latents), 1), START, device=latents.device)
        running = torch.ones(len(latents), dtype=torch.bool, device=latents.device)
        for step in range(length):
            hidden, state = self.recurrent(self.embedding(word) + reminder, state)
            scores = self.words(hidden[:, 0])
            scores[:, :END] = -torch.inf
            word = scores.argmax(-1, keepdim=True)
            rows[:, step] = torch.where(running, word[:, 0], PADDING)
            running &= word[:, 0] != END
            if not running.any():
                break
        return rows


def mixed(dim: int) -> Float[np.ndarray, "dim dim"]:
    """An orthogonal matrix that spreads every direction over all columns alike.

    Latents are scaled column by column before they are aligned. Uncorrelated directions of unlike
    spread, mixed by a Hadamard matrix, have columns of equal spread, so that such scaling cannot
    raise the least of them to the rank of the first. Only powers of two have such a matrix here;
    other sizes are left as they are.

    Example:
        >>> mixed(2).round(3).tolist()
        [[0.707, 0.707], [0.707, -0.707]]
    """
    matrix = np.ones((1, 1))
    while len(matrix) < dim:
        matrix = np.block([[matrix, matrix], [matrix, -matrix]])
    return matrix / np.sqrt(dim) if len(matrix) == dim else np.eye(dim)
