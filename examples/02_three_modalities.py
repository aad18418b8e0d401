"""Three modalities, of which two never met: the third one joins them.

python examples/02_three_modalities.py
"""

import numpy as np

import amodal

rng = np.random.default_rng(0)
things = rng.normal(size=(3000, 4))
picture = np.tanh(things @ rng.normal(size=(4, 9)) / 2)
sentence = things @ rng.normal(size=(4, 6))
sound = things @ rng.normal(size=(4, 5)) + 0.2 * things[:, :1] ** 2

model = amodal.Workspace(steps=200, members=1).fit(
    {"picture": picture[:1000], "sentence": sentence[940:2000], "sound": sound[1940:2900]},
    matches=[
        {"picture": np.arange(940, 1000), "sentence": np.arange(60)},
        {"sentence": np.arange(1000, 1060), "sound": np.arange(60)},
    ],
)
for source, given in (("sentence", sentence), ("picture", picture)):
    guess = model.translate(given[2900:], source, "sound")
    error = np.square(guess - sound[2900:]).sum()
    explained = 1 - error / np.square(sound[2900:] - sound[2900:].mean(0)).sum()
    print(f"{source} to sound: {explained:.0%} of the variance explained")
