"""The letters used in tensor shapes, and the array types that carry them.

Shapes are written in signatures, `Float[Tensor, "run batch dim"]`, and checked in the tests.

    run      one member of a population: its own weights, matches, loss weights
    batch    rows of one step or call
    row      rows of a whole array
    thing    rows of a match table: one thing, seen through several modalities
    dim      numbers in a latent
    state    numbers in a workspace state
    side     height and width of an image in pixels
"""

from jaxtyping import Bool, Float, Float32, Int, Int64, UInt8

__all__ = ["Bool", "Float", "Float32", "Int", "Int64", "UInt8"]
