"""`amodal fit`: fit a workspace on latents and matches."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amodal.errors import InputError


@dataclass(frozen=True)
class Fit:
    """Fit a workspace on the latents of two or more modalities and a few matches.

    Latents have their own numbers of rows; most rows match nothing, and are used all the same.
    Stopped half-way, the same command goes on where it was.

    Example: amodal fit --latents image=latents/image text=latents/text --matches matches.csv --out
    runs/mine
    """

    latents: tuple[str, ...]
    """modality=place for each: a folder made by `amodal encode`, a .npy, .npz (or file.npz:key),
    .csv or .parquet file of numbers, cells.h5ad:X_pca, or cells.h5mu:rna:X_pca."""
    out: Path
    """The run folder to make."""
    matches: Path | None = None
    """Table (.csv, .jsonl, .parquet): a column for each modality, a line for each thing: its row
    (from 0) or its item's name in each, or nothing where it was not seen. Without it only cycles
    teach."""
    match_names: bool = False
    """Instead of a table: items of the same name in several modalities (cells, say) are matches."""
    preset: str = "default"
    """default, or devillers2024 for the settings of Devillers et al. 2024."""
    members: int | None = None
    """Workspaces whose answers are averaged, and whose disagreement tells how far to trust them."""
    steps: int | None = None
    """Updates at most; 0 keeps the closed-form start."""
    seed: int = 0
    """Of everything random."""
    tensorboard: bool = False
    """Write the learning curves for TensorBoard, too; needs that extra."""

    def run(self) -> None:
        """Fit, and say what came of it."""
        from amodal.latents.places import read_place

        if self.match_names and self.matches is not None:
            raise InputError("--matches and --match-names both say what matches: give one of them")
        places = self.places()
        found = {name: read_place(name, place) for name, place in places.items()}
        check_names(places)
        matches = self.table(found)
        from amodal.diagnosis import diagnose
        from amodal.model import Workspace

        latents = {name: given.rows for name, given in found.items()}
        sizes = {name: len(rows) for name, rows in latents.items()}
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

    def table(self, found: Mapping[str, Any]) -> Any:
        """The matches, from the table or from the names of the items; None without any."""
        from amodal.latents.match_file import read_matches
        from amodal.latents.same_names import matches_by_name

        names = {name: given.names for name, given in found.items()}
        if self.match_names:
            return matches_by_name(names)
        if self.matches is None:
            return None
        return read_matches(
            self.matches, {name: len(given.rows) for name, given in found.items()}, names=names
        )

    def places(self) -> dict[str, Path]:
        """Modality -> where its latents are.

        Example:
            >>> Fit(("image=latents/image", "text=t.npy"), Path("runs/mine")).places()["text"].name
            't.npy'
        """
        from amodal.latents.places import split_arguments

        places = {name: Path(place) for name, place in split_arguments(self.latents).items()}
        if len(places) < 2:
            raise InputError(f"--latents: a workspace joins two or more, got {list(places)}")
        return places


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
    from amodal.model.blending import named_shares

    counted = ", ".join(f"{name} {size:,} rows" for name, size in sizes.items())
    things = "match" if model.matches_ == 1 else "matches"
    lines = [f"{counted}; {model.matches_:,} {things}; {seconds:.1f} s"]
    if not model.held_out_errors_:
        lines.append("no matches were held out, so nothing says what training added")
    if not model.trained_:
        lines.append("members kept their start: nothing was trained, or training did not help")
    if model.unmatched_weight_ != 1:
        lines.append(_weighed(model.unmatched_weight_))
    for (source, target), errors in model.held_out_errors_.items():
        lines.append(f"{source} to {target}: {_judged(errors)}")
        shares = named_shares(model.ensemble_.shares[source, target], trained=model.trained_)
        told = [f"{name} {share:.0%}" for name, share in shares.items() if share]
        lines.append(f"  shares of the answer: {', '.join(told)}")
    return "\n".join(lines)


def _weighed(factor: float) -> str:
    """What held-out matches said of demi-cycles and cycles, where that is not the usual."""
    if factor == 0:
        return "unmatched rows teach nothing here that the matches do not: trained on matches alone"
    return f"demi-cycles and cycles weigh {factor:g} times the usual, as held-out matches ask for"


def _judged(errors: Mapping[str, float]) -> str:
    """How near the answers are to held-out matches, beside the best simple map alone."""
    from amodal.model.blending import KERNEL, START

    blended = errors["blended"]
    simple = {name: errors[name] for name in (START, KERNEL) if name in errors}
    text = f"held-out squared error {blended:.3g} (saying the mean has about 1)"
    best = min(simple, key=lambda name: simple[name], default=None)
    if best is None or simple[best] == 0:  # rows that are all alike
        return text
    return f"{text}, {blended / simple[best]:.2f} times that of {best} alone"
