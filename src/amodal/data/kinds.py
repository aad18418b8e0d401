"""The kinds of things that can be generated, each as a handful of functions behind one name."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from amodal.errors import unknown_name


@dataclass(frozen=True)
class Kind:
    """What `amodal.data.generation` and `amodal.data.dataset` need to know of one kind of data."""

    name: str
    """As typed: "shapes"."""
    version: int
    """Raised when the same seed gives other bytes than before."""
    factor_names: tuple[str, ...]
    """Columns of the factors."""
    draw: Callable[..., np.ndarray]
    """(n, *, seed, start) -> factors, float32."""
    render: Callable[..., np.ndarray]
    """(factors, *, side) -> uint8 pictures, channels last."""
    write: Callable[..., list[str]]
    """(factors, *, seed, start) -> sentences."""
    attributes: Callable[[np.ndarray], np.ndarray]
    """factors -> attributes, float32."""
    triplets: Callable[..., np.ndarray]
    """(factors, rows, *, count, seed) -> odd-one-out triplets: three rows, the odd one's position,
    the number of the attribute that the other two share."""
    side: int = 32
    """Height and width of the pictures in pixels, when nothing else is asked for."""


KIND_NAMES = ("shapes", "factory")


def kind_of(name: str) -> Kind:
    """The kind called `name`.

    Raises:
        UnknownNameError: there is none; the nearest name is offered.

    Example:
        >>> kind_of("shapes").factor_names[:3]
        ('shape', 'x', 'y')
    """
    if name not in KIND_NAMES:
        raise unknown_name("kind of data", name, KIND_NAMES)
    if name == "factory":
        from amodal.data import factory

        return Kind(
            name="factory",
            version=1,
            factor_names=factory.FACTOR_NAMES,
            draw=factory.draw_factors,
            render=factory.render,
            write=factory.write_captions,
            attributes=factory.attributes,
            triplets=factory.draw_triplets,
            side=64,
        )
    from amodal.data import shapes
    from amodal.data.shapes.triplets import draw_triplets

    return Kind(
        name="shapes",
        version=2,
        factor_names=shapes.FACTOR_NAMES,
        draw=shapes.draw_factors,
        render=shapes.render,
        write=shapes.write_captions,
        attributes=shapes.attributes,
        triplets=draw_triplets,
    )
