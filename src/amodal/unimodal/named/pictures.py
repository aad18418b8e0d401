"""One picture, from a file or from memory, as transformers' processors take it."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from amodal.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from PIL.Image import Image

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")
"""What counts as a picture in a folder."""
REMEDY = (
    "replace it by an intact copy or take it out of the folder, and give the same command again: "
    "what came before it is kept"
)


def as_picture(raw: Any) -> "Image":
    """A file, an array (height, width, 3) of bytes or a PIL image as an upright RGB picture.

    Raises:
        NotFoundError: there is no such file.
        InputError: it cannot be read, or is nothing like a picture.
    """
    from PIL import Image

    if isinstance(raw, str | Path):
        return _read(Path(raw))
    if isinstance(raw, Image.Image):
        return _upright(raw, "the picture")
    if isinstance(raw, np.ndarray) and _is_bytes(raw):
        return Image.fromarray(raw).convert("RGB")
    found = f"{raw.dtype} {raw.shape}" if isinstance(raw, np.ndarray) else type(raw).__name__
    raise InputError(
        "expected a picture: the path of a file, a PIL image, or a uint8 array of shape "
        f"(height, width, 3), got {found}"
    )


def _is_bytes(raw: np.ndarray) -> bool:
    """Whether an array holds grey levels, or colours, of 8 bits."""
    coloured = raw.ndim == 3 and raw.shape[2] in (3, 4)
    return raw.dtype == np.uint8 and (raw.ndim == 2 or coloured)


def _read(path: Path) -> "Image":
    from PIL import Image

    try:
        with warnings.catch_warnings():
            # Remarks on odd metadata are of no use here; a picture of a size that could fill
            # the memory is a failure.
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as opened:
                return _upright(opened, str(path))
    except FileNotFoundError:
        raise NotFoundError(f"there is no picture {path}") from None
    except InputError:
        raise
    # Damaged files make Pillow raise nearly anything (OSError, SyntaxError, struct.error, ...).
    except Exception as error:
        raise InputError(f"{path} cannot be read as a picture ({error}): {REMEDY}") from error


def _upright(picture: "Image", name: str) -> "Image":
    from PIL import ImageOps

    if picture.mode.startswith(("I", "F")):
        raise InputError(
            f"{name} has more than 8 bits a channel (mode {picture.mode}), which models of "
            "pictures do not take: scale it to 8 bits yourself, so that you choose what is black "
            "and what is white"
        )
    return ImageOps.exif_transpose(picture).convert("RGB")
