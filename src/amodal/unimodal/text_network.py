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
    raise the least of them to the rank of the first. Matrices come from Paley's construction (1933)
    for sizes that are a prime of the form 4 k + 3 and one, then by doubling (Sylvester's): 2, 4, 8,
    12, 20, 24, 32, 40, 44, 48 and so on. Other sizes are left as they are.

    Example:
        >>> mixed(2).round(3).tolist()
        [[0.707, 0.707], [0.707, -0.707]]
    """
    matrix = _undoubled(dim)
    while len(matrix) < dim:
        matrix = np.block([[matrix, matrix], [matrix, -matrix]])
    return matrix / np.sqrt(dim) if len(matrix) == dim else np.eye(dim)


def _undoubled(dim: int) -> Float[np.ndarray, "size size"]:
    """The Hadamard matrix from which that of size `dim` comes by doubling."""
    size = dim
    while size > 4 and size % 4 == 0:
        # Powers of two are doubled from 1, although Paley has some of them, too.
        if size & (size - 1) and _is_prime(size - 1):
            return _paley(size - 1)
        size //= 2
    return np.ones((1, 1))


def _paley(prime: int) -> Float[np.ndarray, "size size"]:
    """Ones and minus ones from which numbers are squares modulo a prime of the form 4 k + 3."""
    squares = {number * number % prime for number in range(1, prime)}
    signs = np.array([0.0] + [1.0 if n in squares else -1.0 for n in range(1, prime)])
    matrix = np.eye(prime + 1)
    matrix[0, 1:], matrix[1:, 0] = 1, -1
    matrix[1:, 1:] += signs[np.subtract.outer(np.arange(prime), np.arange(prime)) % prime]
    return matrix


def _is_prime(number: int) -> bool:
    return number > 1 and all(number % each for each in range(2, int(number**0.5) + 1))
