"""Cells with RNA, cells with ATAC, and 60 with both. Needs `pip install "amodal[cells]"`.

python examples/03_single_cells.py
"""

import mudata
import numpy as np
import pandas as pd
from anndata import AnnData

from amodal import Workspace, cells

mudata.set_options(pull_on_update=False)
rng = np.random.default_rng(0)
hidden = rng.normal(size=(800, 3))
names = [f"cell{number}" for number in range(800)]


def measured(rows: range, key: str, dim: int) -> AnnData:
    """Some of the cells, in one modality."""
    latents = np.tanh(hidden[rows] @ rng.normal(size=(3, dim)) / 2)
    return AnnData(obs=pd.DataFrame(index=[names[row] for row in rows]), obsm={key: latents})


data = mudata.MuData(
    {"rna": measured(range(430), "X_pca", 8), "atac": measured(range(370, 800), "X_lsi", 6)}
)
keys = {"rna": "X_pca", "atac": "X_lsi"}
model = cells.fit(data, keys, model=Workspace(steps=100, members=1))
cells.annotate(data, keys, model)
print(f"{model.matches_} cells with both, of {data.n_obs}")
print(f"X_amodal of all cells: {data.obsm['X_amodal'].shape}")
print(f"accessibility told for the cells with RNA: {data['rna'].obsm['X_amodal_atac'].shape}")
