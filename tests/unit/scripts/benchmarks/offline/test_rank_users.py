"""The users that the ranking benchmark times: all that is kept of a user is there."""

from __future__ import annotations

import numpy as np

from tideline.scripts.benchmarks.offline.rank_users import activities_of, users_of
from tideline.udfs.core.pairs.affinity import content_of
from tideline.udfs.core.pairs.pair_numbers import affinity_at, seen_of
from tideline.udfs.core.pairs.pairs_of import pairs_of
from tideline.udfs.core.users.long_liked import KEPT


def test_each_user_has_all_that_is_kept() -> None:
    """Contract: a full history, 32 categories liked before it, 40 activities seen, and something to do with many."""
    activities = activities_of(200)
    users = users_of(64, activities)
    assert (users.history["category"] != 0).all()
    assert ((users.liked[:, :, 0] != 0).sum(axis=1) == KEPT).all()
    pairs = pairs_of(content_of(activities), users, np.arange(64))
    assert 35 < (seen_of(pairs) > 0).sum(axis=1).mean() <= 45  # two activities may have the same bits
    assert (affinity_at(pairs, 2) > 0).mean() > 0.2


def test_of_few_activities_all_are_seen() -> None:
    """Contract: as many as there are, where there are fewer than 40."""
    activities = activities_of(5)
    pairs = pairs_of(content_of(activities), users_of(3, activities), np.arange(3))
    assert (seen_of(pairs) == 1).all()


def test_the_same_users_come_each_time() -> None:
    """Contract: nothing is drawn without a seed."""
    one, other = users_of(4, activities_of(9)), users_of(4, activities_of(9))
    assert np.array_equal(one.liked, other.liked)
    assert one.seen == other.seen
