"""Retrieval where translations are exact, whatever the maps between the modalities are."""

import numpy as np
import pytest
from plain_data import quick


@pytest.mark.parametrize("seed", range(3))
def test_exact_translations_are_not_spoilt_by_the_shared_directions(seed: int) -> None:
    # General maps, far from rotations: the mean of one and the other's transpose means little.
    generator = np.random.default_rng(seed)
    things = generator.normal(size=(300, 3))
    sound = things @ generator.normal(size=(3, 5))
    smell = things @ generator.normal(size=(3, 4))
    model = quick().fit(
        {"sound": sound[:240], "smell": smell[:240]},
        matches={"sound": range(40), "smell": range(40)},
    )
    best, _ = model.rank("sound", sound[240:], smell[240:], top=1)
    assert (best[:, 0] == np.arange(60)).mean() > 0.95


def test_vectors_have_length_one_and_similarity_is_their_product() -> None:
    generator = np.random.default_rng(4)
    things = generator.normal(size=(120, 3))
    rows = {"sound": things @ generator.normal(size=(3, 5)), "smell": things[:, ::-1] ** 3}
    model = quick().fit(rows, matches={"sound": range(30), "smell": range(30)})
    own = model.retrieval_vectors(rows["sound"], "sound", "smell")
    other = model.retrieval_vectors(rows["smell"], "smell", "sound")
    np.testing.assert_allclose(np.linalg.norm(own, axis=1), 1, atol=1e-5)
    similarity = model.similarity(rows["sound"], rows["smell"], source="sound", target="smell")
    np.testing.assert_allclose(own @ other.T, similarity, atol=1e-5)
