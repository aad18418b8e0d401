"""An index of one modality, searched by the other. Needs `pip install "amodal[search]"`.

python examples/04_search.py
"""

import tempfile
from pathlib import Path

import numpy as np

import amodal
from amodal.search import Index

rng = np.random.default_rng(0)
things = rng.normal(size=(5000, 4))
sound = things @ rng.normal(size=(4, 8))
touch = things @ rng.normal(size=(4, 6))
matches = {"sound": np.arange(50), "touch": np.arange(50)}
model = amodal.Workspace(steps=0).fit({"sound": sound[:500], "touch": touch[:500]}, matches=matches)

kinds = ["cup", "bowl", "plate", "jug", "pan"] * 1000
folder = Path(tempfile.mkdtemp()) / "touch"
index = Index.build(model, touch, folder, modality="touch", metadata={"kind": kinds})
[found] = index.search(sound[4321:4322], top=3, where="kind = 'bowl'")
for row, likeness, what in zip(found.rows, found.similarity, found.metadata, strict=True):
    print(f"row {row}: {what}, similarity {likeness:.2f}")
