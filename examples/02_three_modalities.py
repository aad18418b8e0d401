"""Three modalities, of which two never met: the third one joins them.

python examples/02_three_modalities.py
"""

import numpy as np

import amodal

rng = np.random.default_rng(0)
things = rng.normal(size=(1400, 4))
picture = np.tanh(things @ rng.normal(size=(4, 9)) / 2)
sentence = things @ rng.normal(size=(4, 6))
sound = things @ rng.normal(size=(4, 5)) + 0.2 * things[:, :1] ** 2

model = amodal.Workspace(steps=200, members=1).fit(
    {"picture": picture[:500], "sentence": sentence[440:900], "sound": sound[840:1300]},
    matches=[
        {"picture": np.arange(440, 500), "sentence": np.arange(60)},
        {"sentence": np.arange(400, 460), "sound": np.arange(60)},
    ],
)
for source, given in (("sentence", sentence), ("picture", picture)):
    guess = model.translate(given[1300:], source, "sound")
    error = np.square(guess - sound[1300:]).sum()
    explained = 1 - error / np.square(sound[1300:] - sound[1300:].mean(0)).sum()
    print(f"{source} to sound: {explained:.0%} of the variance explained")
