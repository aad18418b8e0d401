"""Frozen models of others, by name: transformers vision models, sentence-transformers."""

from amodal.unimodal.named.name import ModelName, is_named

__all__ = ["ModelName", "is_named"]
