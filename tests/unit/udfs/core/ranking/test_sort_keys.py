"""Scores as sort keys."""

from __future__ import annotations

import numpy as np

from tideline.udfs.core.counter_random import decision_seeds, shuffle_keys
from tideline.udfs.core.ranking.sort_keys import INELIGIBLE, NUMBER_BITS, best, highest, numbers_of, sort_keys

TIES = shuffle_keys(decision_seeds(np.arange(40, dtype=np.uint64), np.arange(40), np.arange(40), 1))


def test_a_key_orders_by_score_and_tells_its_activity() -> None:
    """Contract: the score's steps above, the place among equals below; INELIGIBLE outside the mask."""
    scores = np.tile([0.5, 0.25, 0.75, 0.5], (40, 1))
    mask = np.tile([True, True, False, True], (40, 1))
    keys = sort_keys(scores.copy(), mask, TIES)
    assert (keys[:, 2] == INELIGIBLE).all()
    assert (keys[:, 0] >> NUMBER_BITS == 2**29).all()
    assert (keys[:, 1] < keys[:, [0, 3]].min(axis=1)).all()
    assert (numbers_of(keys[:, [0, 1, 3]], TIES) == [0, 1, 3]).all()
    assert np.unique(keys[:, 0] > keys[:, 3]).size == 2


def test_the_highest_come_in_falling_order_and_end_with_who_is_eligible() -> None:
    """Contract: of few and of many activities; -1 where no more may be shown."""
    rng = np.random.default_rng(1)
    for count in (20, 1_500):
        scores, mask = rng.normal(size=(40, count)), rng.random((40, count)) < 0.5
        mask[:3] = False
        mask[:3, :2] = True
        keys = sort_keys(scores.copy(), mask, TIES)
        assert (highest(keys, 7) == np.sort(keys, axis=1)[:, ::-1][:, :7]).all()
        found = best(keys, 7, TIES)
        assert (found[:3, 2:] == -1).all()
        assert (np.sort(found[:3, :2], axis=1) == [0, 1]).all()
        assert (np.take_along_axis(keys[3:], found[3:], axis=1) == highest(keys, 7)[3:]).all()
