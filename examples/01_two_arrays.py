"""Two arrays, 40 matches: fit, translate, search, and ask whether to trust it.

python examples/01_two_arrays.py
"""

import numpy as np

import amodal

rng = np.random.default_rng(0)
things = rng.normal(size=(2000, 4))  # what both models see, each in its own way
sound = np.tanh(things @ rng.normal(size=(4, 8)) / 2)
touch = things @ rng.normal(size=(4, 6)) + 0.3 * things[:, :1] ** 2

# Rows 0 to 899 of sound and 860 to 1799 of touch are known; 40 things of them in both.
model = amodal.Workspace(steps=200, members=1).fit(
    {"sound": sound[:900], "touch": touch[860:1800]},
    matches={"sound": np.arange(860, 900), "touch": np.arange(40)},
)

new_sound, new_touch = sound[1800:], touch[1800:]
guess, doubt = model.translate(new_sound, "sound", "touch", uncertainty=True)
explained = 1 - np.square(guess - new_touch).sum() / np.square(new_touch - new_touch.mean(0)).sum()
print(f"variance of touch explained by what was heard: {explained:.0%}")
print(
    f"expected error of the surest and the least sure answer: {doubt.min():.2f}, {doubt.max():.2f}"
)

nearest, _ = model.rank("sound", new_sound, new_touch, top=10)
found = (nearest == np.arange(len(new_sound))[:, None]).any(1).mean()
print(f"right one among the first ten of {len(new_touch)}: {found:.0%}")
print(amodal.diagnose(model).verdict)
