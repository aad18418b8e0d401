"""Single cells: fit on MuData or AnnData, and write the shared state and translations back."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from amodal.errors import InputError, unknown_name
from amodal.latents import Latents
from amodal.latents.item_names import NamedLatents
from amodal.latents.same_names import matches_by_name, row_by_name
from amodal.model import Workspace

STATE = "X_amodal"
"""The `.obsm` key of the shared state; a translation's has the target's name behind it."""


def fit(
    cells: Any,
    keys: Mapping[str, str],
    *,
    model: Any = None,
    matched: Collection[str] | None = None,
    **more: Any,
) -> Any:
    """Fit a workspace on cells that were measured in one modality, in another, or in both.

    Cells that share a name (obs_names) in several modalities are the matches; cells that lack a
    modality take part all the same.

    Args:
        cells: a MuData, or a dict {"rna": AnnData, "atac": AnnData}.
        keys: the `.obsm` key of each modality's latents, {"rna": "X_pca", "atac": "X_lsi"}; "X"
            for the matrix itself.
        model: what to fit, a `Workspace` with settings of your own or a baseline.
        matched: names of the cells that may be matches; all that are shared when left out.
        more: for the model's own `fit`, such as `folder`.

    Returns:
        The fitted model.

    Raises:
        InputError, UnknownNameError: see `latents_of_cells` and `matches_by_name`.

    Example:
        >>> import numpy as np, pandas as pd
        >>> from anndata import AnnData
        >>> draw = np.random.default_rng(0).normal(size=(60, 3))
        >>> def measured(first, last, mixing):
        ...     names = pd.DataFrame(index=[f"cell{row}" for row in range(first, last)])
        ...     return AnnData(obs=names, obsm={"X_pca": draw[first:last] @ mixing})
        >>> both = {"rna": measured(0, 40, np.eye(3)), "atac": measured(20, 60, np.eye(3)[::-1])}
        >>> model = fit(both, {"rna": "X_pca", "atac": "X_pca"}, model=Workspace(steps=0))
        >>> model.matches_
        20
        >>> annotate(both, {"rna": "X_pca", "atac": "X_pca"}, model)
        >>> sorted(both["rna"].obsm)
        ['X_amodal', 'X_amodal_atac', 'X_pca']
    """
    found = latents_of_cells(cells, keys)
    names = {name: given.names for name, given in found.items()}
    table = matches_by_name(names, only=matched, numbers=hasattr(cells, "mod"))
    rows = {name: given.rows for name, given in found.items()}
    return (Workspace() if model is None else model).fit(rows, matches=table, **more)


def annotate(cells: Any, keys: Mapping[str, str], model: Any) -> None:
    """Write what a fitted model says of cells into their `.obsm`, in place.

    Every modality gets X_amodal, the shared state of its cells seen through it alone, and
    X_amodal_<other>, their translation. A MuData gets X_amodal too, in which a cell that has
    several modalities is seen through all of them.

    Args:
        cells: as in `fit`; they need not be those that the model was fitted on.
        keys: the `.obsm` key of the latents of the modalities that the cells have.
        model: a fitted `Workspace` or baseline.
    """
    found = latents_of_cells(cells, keys)
    for name, arrays in answers_for_cells(model, found).items():
        for key, values in arrays.items():
            _modalities(cells)[name].obsm[key] = values
    if hasattr(cells, "mod"):
        cells.obsm[STATE] = shared_states(model, found, list(cells.obs_names))


def latents_of_cells(cells: Any, keys: Mapping[str, str]) -> dict[str, NamedLatents]:
    """The latents of each modality, with the names of the cells.

    Raises:
        InputError: neither MuData nor AnnData by name, or an array that is no table of numbers.
        UnknownNameError: there is no such modality or key; the nearest is offered.
    """
    known = _modalities(cells)
    found = {}
    for name, key in keys.items():
        if name not in known:
            raise unknown_name("modality of the cells", name, known)
        data = known[name]
        if key != "X" and key not in data.obsm:
            raise unknown_name(f".obsm key of modality {name!r}:", key, [*data.obsm, "X"])
        rows = data.X if key == "X" else data.obsm[key]
        rows = rows.toarray() if hasattr(rows, "toarray") else np.asarray(rows)
        found[name] = NamedLatents(rows, [str(each) for each in data.obs_names])
    return found


def answers_for_cells(
    model: Any, found: Mapping[str, NamedLatents]
) -> dict[str, dict[str, np.ndarray]]:
    """Each modality's shared state and translations, by `.obsm` key, for its own cells."""
    answers = {}
    for name, given in found.items():
        translations = {
            f"{STATE}_{other}": np.asarray(model.translate(given.rows, name, other))
            for other in model.modalities_
            if other != name
        }
        answers[name] = {STATE: np.asarray(model.embed({name: given.rows}))} | translations
    return answers


def shared_states(
    model: Any, found: Mapping[str, NamedLatents], names: Sequence[str]
) -> np.ndarray:
    """The shared state of cells, each seen through all the modalities that it has.

    Args:
        model: a fitted `Workspace` or baseline.
        found: latents by modality, with the names of the cells.
        names: of the cells wanted, in order.

    Returns:
        (cell, state); NaN for a cell that none of the modalities has.

    Raises:
        InputError: two cells of a modality share a name.
    """
    rows = {modality: row_by_name(modality, given.names) for modality, given in found.items()}
    table = np.array([[rows[m].get(name, -1) for m in rows] for name in names], dtype=np.int64)
    seen = table >= 0
    states: np.ndarray | None = None
    for pattern in np.unique(seen[seen.any(1)], axis=0):
        here = np.flatnonzero((seen == pattern).all(1))
        values = {
            name: _taken(found[name].rows, table[here, at])
            for at, name in enumerate(rows)
            if pattern[at]
        }
        part = np.asarray(model.embed(values))
        if states is None:
            states = np.full((len(names), part.shape[1]), np.nan, dtype=part.dtype)
        states[here] = part
    if states is None:
        raise InputError("none of the cells wanted is in any of the modalities given")
    return states


def _taken(rows: Any, chosen: np.ndarray) -> Any:
    return rows.take(chosen) if isinstance(rows, Latents) else rows[chosen]


def _modalities(cells: Any) -> Mapping[str, Any]:
    """AnnData by modality."""
    known = getattr(cells, "mod", cells)
    if not isinstance(known, Mapping) or not all(hasattr(a, "obsm") for a in known.values()):
        raise InputError(
            'cells: expected a MuData, or a dict of AnnData such as {"rna": rna, "atac": atac}, '
            f"got {type(cells).__name__}"
        )
    return known
