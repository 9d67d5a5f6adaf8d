"""Each baseline against its formula, written as slow loops over small random data."""

import numpy as np
import pytest

from tests.support.sequences import sequences
from tideline.models.baselines.item_knn import ItemKnn
from tideline.models.baselines.markov import Markov
from tideline.models.baselines.ngram import Ngram
from tideline.models.baselines.popularity import Popularity
from tideline.models.baselines.session_popularity import SessionPopularity
from tideline.models.baselines.vsknn import VectorSessionKnn


@pytest.mark.parametrize("model", [Popularity, SessionPopularity, ItemKnn, Markov, VectorSessionKnn, Ngram])
def test_one_item_of_one_sequence_is_enough_to_fit(model: type) -> None:
    scores = model(sequences([[0]], 1)).scores(sequences([[-1, 0, 0]], 1), np.array([1, 2]))
    assert scores.shape == (2, 1)
    assert np.isfinite(scores).all()
