"""A frozen vision model of transformers: pictures -> latents."""

import json
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from amodal.errors import AmodalError, InputError
from amodal.typing import Float
from amodal.unimodal.named.base import NamedModel
from amodal.unimodal.named.fingerprint import fingerprint_of
from amodal.unimodal.named.folder import ModelFolder
from amodal.unimodal.named.lost import weights_are_lost
from amodal.unimodal.named.name import ModelName
from amodal.unimodal.named.pictures import as_picture
from amodal.unimodal.named.quiet import quietly, usable_device
from amodal.unimodal.named.readout import Readout, choose_readout

READING = "upright by its EXIF mark, RGB, first frame; resized by the processor's PIL backend"
"""What happens to a picture's file, a part of the fingerprint."""


class VisionModel(NamedModel):
    """Pictures through a transformers vision model and its own image processor.

    Args:
        name: what to load, and what to read off it.
        folder: where it lies.

    Raises:
        InputError: it is no vision model, needs code of its own, lacks weights, or what was asked
            to be read off it.
        MissingExtraError: transformers is not installed.
    """

    kind: ClassVar[str] = "hf"
    modality = "image"
    block = 64
    """Pictures encoded between two marks of progress."""

    def __init__(self, name: ModelName, folder: ModelFolder) -> None:
        with quietly():
            processor, network, untrained = _load(name, folder)
        network.requires_grad_(False).eval().to(usable_device())
        with torch.no_grad():
            readout, dim = _tried(name, processor, network, untrained)
        details = {
            "library": "transformers",
            "class": type(network).__name__,
            "revision": folder.revision,
            "reads": readout.in_words(),
            "preprocessing": {
                "picture": READING,
                "processor": json.loads(processor.to_json_string()),
            },
        }
        fingerprint = fingerprint_of(self.kind, folder, [READING, readout.kind, readout.layer])
        super().__init__(name, dim, fingerprint=fingerprint, details=details)
        self.processor, self.network, self.readout = processor, network, readout
        self.freeze()

    def check(self, raw: Any) -> Any:
        """Return `raw` if it is a series of pictures."""
        if isinstance(raw, str) or not hasattr(raw, "__len__"):
            raise InputError(f"{self.name}: expected a list of pictures, got {raw!r}")
        if isinstance(raw, np.ndarray) and raw.ndim == 3 and raw.shape[2] in (3, 4):
            raise InputError(
                f"{self.name}: expected a list of pictures, got one of shape {raw.shape}: use "
                "[picture]"
            )
        return raw

    def encode(self, raw: Any, *, batch: int = 16) -> Float[Tensor, "row dim"]:
        """Latents of pictures, `batch` at a time: files, PIL images or arrays of bytes.

        Args:
            raw: list of paths, PIL images or uint8 arrays (height, width, 3).
            batch: pictures in one pass; changes the speed, and the result by rounding only.

        Raises:
            InputError: one is no picture, or a damaged one; it says which.
        """
        return super().encode(raw, batch=batch)

    def encode_batch(self, raw: Any) -> Float[Tensor, "batch dim"]:
        """Latents of a few pictures."""
        inputs = prepared(self.processor, [as_picture(each) for each in raw])
        return self.readout(self.network, inputs).float().cpu()


def prepared(processor: Any, pictures: list[Any]) -> dict[str, Tensor]:
    """Pictures as the network takes them, where it is."""
    inputs = processor(images=pictures, return_tensors="pt")
    return {name: value.to(usable_device()) for name, value in inputs.items()}


def _load(name: ModelName, folder: ModelFolder) -> tuple[Any, nn.Module, list[str]]:
    """The processor, the network, and the names of weights that its file lacks."""
    from transformers import AutoConfig, AutoImageProcessor, AutoModel

    safe = {"trust_remote_code": False, "local_files_only": True}
    try:
        config = AutoConfig.from_pretrained(folder.path, **safe)
        if not ((folder.path / "preprocessor_config.json").is_file() or _sees(config)):
            raise InputError(
                f"{name} is a {config.model_type} and no vision model (it has no "
                f"preprocessor_config.json): a text model is given as st:{name.place}"
            )
        processor = AutoImageProcessor.from_pretrained(folder.path, backend="pil", **safe)
        network, report = _class_of(config, AutoModel).from_pretrained(
            folder.path,
            use_safetensors=True,
            dtype=torch.float32,
            output_loading_info=True,
            **safe,
        )
    except AmodalError:
        raise
    # These libraries raise OSError, ValueError, KeyError, ImportError, ... on foreign folders.
    except Exception as error:
        raise InputError(f"{name} cannot be loaded as a vision model: {error}") from error
    untrained = sorted(map(str, report["missing_keys"]))
    lost = [each for each in untrained if "pooler" not in each]
    if lost:
        raise InputError(weights_are_lost(name, lost))
    return processor, network, untrained


def _sees(config: Any) -> bool:
    return hasattr(config, "vision_config") or hasattr(config, "image_size")


def _class_of(config: Any, usual: Any) -> Any:
    """The class to load: the usual one, but for CLIP's tower alone with its projection."""
    import transformers

    saved = (config.architectures or [""])[0]
    if saved.endswith("VisionModelWithProjection"):
        return getattr(transformers, saved, usual)
    return usual


def _tried(
    name: ModelName, processor: Any, network: nn.Module, untrained: list[str]
) -> tuple[Readout, int]:
    """Encode one picture twice: what is read, how many numbers, and that it is the same again."""
    from PIL import Image

    noise = np.random.default_rng(0).integers(256, size=(64, 64, 3), dtype=np.uint8)
    try:
        inputs = prepared(processor, [Image.fromarray(noise)])
        readout = choose_readout(
            network, inputs, layer=name.layer, pool=name.pool, untrained=untrained
        )
        first, again = readout(network, inputs), readout(network, inputs)
    except InputError as error:
        raise InputError(f"{name}: {error}") from error
    except Exception as error:
        raise InputError(
            f"{name} does not take a picture and give a vector ({error}): wrap it in a function "
            "of your own, amodal.encode(items, model=FUNCTION, version=..., out=...)"
        ) from error
    # Not equal to the bit: graphics processors add up in any order.
    if not torch.allclose(first, again, rtol=1e-3, atol=1e-4):
        raise InputError(
            f"{name} answers the same picture differently each time (by masking at random, say), "
            "so its latents mean nothing fixed: choose another model"
        )
    return readout, first.shape[1]
