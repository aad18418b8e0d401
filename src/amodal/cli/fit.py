"""`amodal fit`: fit a workspace on latents and matches."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amodal.errors import DamagedError, InputError, NotFoundError


@dataclass(frozen=True)
class Fit:
    """Fit a workspace on the latents of two or more modalities and a few matches.

    Latents have their own numbers of rows; most rows match nothing, and are used all the same.
    Stopped half-way, the same command goes on where it was.

    Example: amodal fit --latents image=latents/image text=latents/text --matches matches.csv --out
    runs/mine
    """

    latents: tuple[str, ...]
    """modality=place for each: a folder made by `amodal encode`, or a .npy file of numbers."""
    out: Path
    """The run folder to make."""
    matches: Path | None = None
    """CSV file: a header with modalities, then one line a thing, its row in each (from 0), or
    nothing where it was not seen. Without it only cycles teach."""
    preset: str = "default"
    """default, or devillers2024 for the settings of Devillers et al. 2024."""
    members: int | None = None
    """Workspaces whose answers are averaged; their spread tells how far to trust an answer."""
    steps: int | None = None
    """Updates at most; 0 keeps the closed-form start."""
    seed: int = 0
    """Of everything random."""
    tensorboard: bool = False
    """Write the learning curves for TensorBoard, too; needs that extra."""

    def run(self) -> None:
        """Fit, and say what came of it."""
        places = self.places()
        latents = {name: read_latents(name, place) for name, place in places.items()}
        check_names(places)
        from amodal.diagnosis import diagnose
        from amodal.latents.match_file import read_matches
        from amodal.model import Workspace

        sizes = {name: len(given) for name, given in latents.items()}
        matches = None if self.matches is None else read_matches(self.matches, sizes)
        losses = {"demi_cycle": 1.0, "cycle": 1.0} if matches is None else None
        start = time.monotonic()
        model = Workspace(
            self.preset, losses=losses, members=self.members, steps=self.steps, seed=self.seed
        )
        model.fit(latents, matches=matches, folder=self.out, tensorboard=self.tensorboard)
        print(summary(model, sizes, time.monotonic() - start))
        if model.evidence_ or not model.trust_:  # runs of older versions kept nothing to judge by
            print(f"{diagnose(model).verdict} (more by amodal diagnose {self.out})")
        print(f"{self.out}: fitted; in Python: amodal.load({str(self.out)!r})")

    def places(self) -> dict[str, Path]:
        """Modality -> where its latents are.

        Example:
            >>> Fit(("image=latents/image", "text=t.npy"), Path("runs/mine")).places()["text"].name
            't.npy'
        """
        places: dict[str, Path] = {}
        for argument in self.latents:
            name, equals, place = argument.partition("=")
            if not (name and equals and place):
                raise InputError(f"--latents got {argument!r}, expected modality=place")
            if name in places:
                raise InputError(f"--latents names the modality {name!r} twice")
            places[name] = Path(place)
        if len(places) < 2:
            raise InputError(f"--latents: a workspace joins two or more, got {list(places)}")
        return places


def read_latents(name: str, place: Path) -> Any:
    """Latents of one modality: a store, or a plain array.

    Raises:
        NotFoundError, DamagedError, InputError: there is none, or it cannot be read.
    """
    if place.suffix == ".npy":
        import numpy as np

        try:
            return np.load(place, mmap_mode="r", allow_pickle=False)
        except FileNotFoundError:
            raise NotFoundError(f"modality {name!r}: there is no file {place}") from None
        except (ValueError, EOFError, OSError) as error:
            raise DamagedError(f"modality {name!r}: {place} cannot be read ({error})") from error
    if place.is_file():
        raise InputError(
            f"modality {name!r}: {place} is neither a folder made by `amodal encode` nor a .npy "
            "file: save your array with numpy.save"
        )
    from amodal.latents.store import open_store

    return open_store(place)


def check_names(places: Mapping[str, Path]) -> None:
    """Refuse a store of one of the modalities that is given as another of them.

    Raises:
        InputError: two have changed places, or one was given twice.
    """
    from amodal.latents.store import MANIFEST, read_manifest

    for name, place in places.items():
        own = read_manifest(place).modality if (place / MANIFEST).is_file() else name
        if own != name and own in places:
            raise InputError(
                f"modality {name!r}: {place} holds latents of {own!r}, which is another one of "
                f"those given ({', '.join(places)})"
            )


def summary(model: Any, sizes: dict[str, int], seconds: float) -> str:
    """What was fitted, and who answers each question: those whom held-out matches found best."""
    from amodal.model.blending import ANSWERERS

    counted = ", ".join(f"{name} {size:,} rows" for name, size in sizes.items())
    things = "match" if model.matches_ == 1 else "matches"
    lines = [f"{counted}; {model.matches_:,} {things}; {seconds:.1f} s"]
    if not model.held_out_errors_:
        lines.append("no matches were held out, so nothing says what training added")
    for (source, target), errors in model.held_out_errors_.items():
        lines.append(f"{source} to {target}: {_judged(errors)}")
        shares = model.ensemble_.shares[source, target].mean(1).tolist()
        told = [f"{name} {share:.0%}" for name, share in zip(ANSWERERS, shares, strict=True)]
        lines.append(f"  shares of the answer: {', '.join(told)}")
    return "\n".join(lines)


def _judged(errors: Mapping[str, float]) -> str:
    """How near the answers are to held-out matches, beside the best simple map alone."""
    from amodal.model.blending import KERNEL, START

    blended = errors["blended"]
    simple = {name: errors[name] for name in (START, KERNEL) if name in errors}
    text = f"held-out squared error {blended:.3g} (a column's variance is 1)"
    if not simple:
        return text
    best = min(simple, key=lambda name: simple[name])
    return f"{text}, {blended / max(simple[best], 1e-12):.2f} times that of {best} alone"
