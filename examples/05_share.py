"""Save a workspace, read it back, and write one of its answers as an ONNX file (`amodal[onnx]`).

python examples/05_share.py
"""

import tempfile
from pathlib import Path

import numpy as np

import amodal
from amodal.export import export_onnx

rng = np.random.default_rng(0)
things = rng.normal(size=(500, 4))
sound, touch = things @ rng.normal(size=(4, 8)), things @ rng.normal(size=(4, 6))
matches = {"sound": np.arange(260, 300), "touch": np.arange(40)}
model = amodal.Workspace(steps=50, members=1).fit(
    {"sound": sound[:300], "touch": touch[260:]}, matches=matches
)
folder = Path(tempfile.mkdtemp())
model.save(folder / "run")
again = amodal.load(folder / "run")
same = np.array_equal(
    model.translate(sound, "sound", "touch"), again.translate(sound, "sound", "touch")
)
print(f"{sorted(path.name for path in (folder / 'run').iterdir())}, answers the same: {same}")

told = export_onnx(again, folder / "touch.onnx", source="sound", target="touch")
print(f"touch.onnx: {told.bytes / 1000:.0f} kB, {told.outputs}, checked by {told.checked.by}")
