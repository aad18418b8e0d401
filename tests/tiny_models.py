"""Models of each family of transformers, two layers and a few numbers wide, saved in a folder.

They are made by the libraries' own classes and `save_pretrained`, as real ones were.
"""

from pathlib import Path
from typing import Any

import torch

SMALL = {
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 48,
}
WORDS = [
    "a",
    "the",
    "red",
    "green",
    "blue",
    "small",
    "large",
    "egg",
    "kite",
    "triangle",
    "on",
    "left",
]


def save_vit(folder: Path, *, pooler: bool = True, **settings: Any) -> Path:
    """A ViT of 16 patches; without a pooler, as most checkpoints for it are."""
    from transformers import ViTConfig, ViTImageProcessorPil, ViTModel

    torch.manual_seed(0)
    config = ViTConfig(image_size=32, patch_size=8, **SMALL)
    ViTModel(config, add_pooling_layer=pooler).save_pretrained(folder, **settings)
    ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


def save_dinov2(folder: Path) -> Path:
    """A DINOv2 of 4 patches."""
    from transformers import BitImageProcessorPil, Dinov2Config, Dinov2Model

    torch.manual_seed(1)
    config = Dinov2Config(image_size=28, patch_size=14, mlp_ratio=2, **SMALL)
    Dinov2Model(config).save_pretrained(folder)
    crop = {"height": 28, "width": 28}
    BitImageProcessorPil(size={"shortest_edge": 32}, crop_size=crop).save_pretrained(folder)
    return folder


def save_clip_tower(folder: Path) -> Path:
    """The vision tower of a CLIP with its projection to 10 numbers."""
    from transformers import CLIPVisionModelWithProjection

    torch.manual_seed(2)
    CLIPVisionModelWithProjection(_clip_vision()).save_pretrained(folder)
    return _clip_processor(folder)


def save_clip(folder: Path) -> Path:
    """A whole CLIP: a tower that sees and one that reads."""
    from transformers import CLIPConfig, CLIPModel, CLIPTextConfig

    torch.manual_seed(3)
    text = CLIPTextConfig(vocab_size=50, projection_dim=10, **SMALL)
    config = CLIPConfig(
        text_config=text.to_dict(), vision_config=_clip_vision().to_dict(), projection_dim=10
    )
    CLIPModel(config).save_pretrained(folder)
    return _clip_processor(folder)


def _clip_vision() -> Any:
    from transformers import CLIPVisionConfig

    return CLIPVisionConfig(image_size=32, patch_size=8, projection_dim=10, **SMALL)


def _clip_processor(folder: Path) -> Path:
    from transformers import CLIPImageProcessorPil

    crop = {"height": 32, "width": 32}
    CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=crop).save_pretrained(folder)
    return folder


def save_bert(folder: Path, *, seed: int = 0, **settings: Any) -> Path:
    """A BERT with a WordPiece vocabulary of its own."""
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    pieces = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *WORDS,
        "##s",
        *"abcdefghijklmnopqrstuvwxyz",
    ]
    (folder / "vocab.txt").write_text("\n".join(dict.fromkeys(pieces)) + "\n")
    tokenizer = BertTokenizerFast(vocab=str(folder / "vocab.txt"), model_max_length=32)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(seed)
    config = BertConfig(vocab_size=len(tokenizer), max_position_embeddings=64, **SMALL)
    BertModel(config).save_pretrained(folder, **settings)
    return folder


def save_sentence_model(folder: Path, *, seed: int = 0, dense: bool = False) -> Path:
    """A sentence-transformers model of modules over such a BERT."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import (
        Dense,
        Normalize,
        Pooling,
        Transformer,
    )

    bert = save_bert(folder.with_name(folder.name + "-bert"), seed=seed)
    torch.manual_seed(seed)
    middle = [Dense(24, 12)] if dense else []
    modules = [Transformer(str(bert)), Pooling(24, "mean"), *middle, Normalize()]
    SentenceTransformer(modules=modules, device="cpu").save_pretrained(
        str(folder), create_model_card=False
    )
    return folder
