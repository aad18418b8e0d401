"""Two small sets in the form of the real ones."""

from pathlib import Path

import numpy as np

from amodal.files import write_json


def write_sets(place: Path) -> Path:
    """`cells`: two modalities of 200 things, one of them wide; `digits`: matched by class."""
    draw = np.random.default_rng(0)
    hidden = draw.normal(size=(200, 3))
    wide = hidden @ draw.normal(size=(3, 140)) + 0.1 * draw.normal(size=(200, 140))
    label = (hidden[:, 0] > 0).astype(int)
    rna = hidden @ draw.normal(size=(3, 4))
    np.savez(place / "cells.npz", atac=wide, rna=rna, label=label)
    row = {"R1": [0.1, 0.01], "R10": [0.5, 0.02], "n_pairs": 14}
    write_json(
        place / "cells.json",
        {
            "modalities": ["atac (topics)", "rna"],
            "sanity": {"atac <-> rna": {"ridge@0.1": row}},
            "published": [{"metric": "mAP", "values": {"peer": "0.3"}, "cite": "a paper"}],
        },
    )
    classes = draw.integers(3, size=150), draw.integers(3, size=120)
    sound, image = (np.eye(3)[c] + 0.1 * draw.normal(size=(len(c), 3)) for c in classes)
    arrays = {"sound": sound, "image": image, "take": np.arange(150) % 10}
    arrays |= {"label_sound": classes[0], "label_image": classes[1]}
    np.savez(place / "digits.npz", **arrays)
    about = {"modalities": ["sound", "image"], "pairing": "CLASS-LEVEL only"}
    write_json(place / "digits.json", about | {"protocol": {"test_below": {"take": 2}}})
    return place
