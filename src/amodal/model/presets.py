"""Named settings of a workspace: what was measured to be best, and the paper's own."""

from dataclasses import dataclass, field

from amodal.errors import unknown_name
from amodal.training import TrainingSettings


@dataclass(frozen=True)
class Preset:
    """Everything about a fit that is not data."""

    losses: dict[str, float] = field(
        default_factory=lambda: {
            "translation": 1.0,
            "contrastive": 0.03,
            "demi_cycle": 0.1,
            "cycle": 1.0,
        }
    )
    """Weight of each loss."""
    start: bool = True
    """Begin at ridge regression on the matches; the networks learn what it leaves."""
    kernel: bool = True
    """Let kernel ridge regression on the matches answer too, by the share that held-out matches
    give it; only with a start."""
    align: bool = True
    """Let an alignment by transport between unmatched rows answer and rank too, by the share that
    held-out matches give it; only with a start."""
    self_train: bool = True
    """Let a workspace that learns from pseudo-matches of unmatched rows answer too, by the share
    that held-out matches give it; only with a start."""
    principal: int | None = 128
    """Principal coordinates kept of a latent space that is wider and all continuous; None or 0
    keeps it as it is."""
    state: int | None = None
    """Numbers in a state; None takes as many as all modalities have together, at most 512."""
    hidden: int = 64
    """Width of the networks' hidden layers."""
    hidden_many: int | None = 128
    """The same with more than `few` matches; None takes `hidden` then, too."""
    layers: int = 2
    """Hidden layers in each encoder and decoder."""
    activation: str = "silu"
    """Between the layers: silu or relu."""
    dropout: float = 0.0
    """Share of hidden numbers dropped while training."""
    bounded: bool = False
    """Pass states through tanh."""
    learning_rate: float = 6e-3
    """At its height."""
    few: int | None = 100
    """Matches up to which they are few. With more, networks are `hidden_many` wide, weights decay
    in inverse proportion to the matches, as a prior weighs less against more observations, and the
    `unmatched_weights` are tried; None leaves all that as it is for few, however many there are."""
    unmatched_weights: tuple[float, ...] = (1.0, 0.1, 0.0)
    """Factors on the weights of demi-cycles and cycles; with many matches a held-out part of them
    chooses one."""
    members: int = 3
    """Workspaces trained from different seeds, whose answers are averaged."""
    folds: int = 4
    """Parts of the matches that are held out in turn, to choose when to stop."""
    training: TrainingSettings = field(default_factory=TrainingSettings)
    """The loop."""

    def width(self, matches: int) -> int:
        """Of hidden layers, for so many matches.

        Example:
            >>> Preset().width(50), Preset().width(1000), Preset(hidden_many=None).width(1000)
            (64, 128, 64)
        """
        return self.hidden_many if self._many(matches) and self.hidden_many else self.hidden

    def decay(self, matches: int) -> float:
        """Of weights, for so many matches.

        Example:
            >>> Preset().decay(50), Preset().decay(1000)
            (3.0, 0.3)
        """
        decay = self.training.weight_decay
        return decay if self.few is None else decay * self.few / max(self.few, matches)

    def factors(self, matches: int) -> tuple[float, ...]:
        """On the losses of unmatched rows: what is tried with so many matches.

        Example:
            >>> Preset().factors(50), Preset().factors(1000)
            ((1.0,), (1.0, 0.1, 0.0))
        """
        return self.unmatched_weights if self._many(matches) else (1.0,)

    def _many(self, matches: int) -> bool:
        return self.few is not None and matches > self.few


PRESETS: dict[str, Preset] = {
    "default": Preset(),
    # Devillers et al. 2024 and its code: a 12-number state through tanh, encoders and decoders of
    # ReLU layers with dropout, AdamW at 1e-4 (encoders) and 3e-4 (decoders), weights all 1.
    "devillers2024": Preset(
        losses={"translation": 1.0, "contrastive": 1.0, "demi_cycle": 1.0, "cycle": 1.0},
        start=False,
        principal=None,
        state=12,
        hidden=128,
        layers=2,
        activation="relu",
        dropout=0.3,
        bounded=True,
        learning_rate=1e-4,
        hidden_many=None,
        few=None,
        unmatched_weights=(1.0,),
        members=1,
        training=TrainingSettings(
            steps=100_000,
            batch=128,
            unmatched_batch=128,
            warm_up=0,
            weight_decay=5e-5,
            decoder_speed=3.0,
            cycle_flow=1.0,
            evaluate_every=500,
            patience=20,
        ),
    ),
}


def find_preset(name: str) -> Preset:
    """The preset called `name`.

    Raises:
        UnknownNameError: there is none of that name.
    """
    if name not in PRESETS:
        raise unknown_name("preset", name, PRESETS)
    return PRESETS[name]
