"""Decayed Markov against its formula."""

import itertools
from collections import Counter

import numpy as np
import pytest

from tests.support.baseline_data import ITEMS, ROWS, TEST, TRAIN, before, lists
from tideline.models.baselines import markov
from tideline.models.baselines.markov import Markov
from tideline.models.baselines.popularity import shares


def test_markov_is_the_decayed_mean_of_smoothed_transitions() -> None:
    share = shares(TRAIN)
    moves = Counter(pair for each in lists(TRAIN) for pair in itertools.pairwise(each))
    leaving = Counter(item for each in lists(TRAIN) for item in each[:-1])
    for row, scores in zip(ROWS.tolist(), Markov(TRAIN).scores(TEST, ROWS), strict=True):
        total, mixed = 0.0, np.zeros(ITEMS)
        for age, i in enumerate(before(row)[::-1][: markov.BACK]):
            if i >= 0:
                weight = markov.DECAY**age
                total += weight
                for j in range(ITEMS):
                    mixed[j] += weight * (moves[i, j] + markov.PRIOR * share[j]) / (leaving[i] + markov.PRIOR)
        assert scores == pytest.approx(mixed / total if total else share)
        assert scores.sum() == pytest.approx(1.0)
