"""The pairs of a batch of users with a catalogue."""

from __future__ import annotations

import numpy as np

from tests.support.core_world import activity
from tideline.udfs.core.hashing import activity_hash, hash32
from tideline.udfs.core.pairs.affinity import AFFINITIES, MOST, content_of, steps
from tideline.udfs.core.pairs.pair_numbers import MAX_SEEN, affinity_at, seen_of
from tideline.udfs.core.pairs.pairs_of import pairs_of, strangers_pairs
from tideline.udfs.core.users.history import merge
from tideline.udfs.core.users.times_seen import PERIOD_MS, see
from tideline.udfs.core.users.user_state import EVENT, decode_states, encode_states

CONTENT = content_of([activity("a", categories=("bread",)), activity("b", categories=("milk", "tea")), activity("c")])


def test_a_user_who_has_done_nothing_is_a_stranger() -> None:
    """Only breadth tells activities apart then."""
    found = pairs_of(CONTENT, decode_states([None, None], 0), np.arange(2))
    assert found.tolist() == [strangers_pairs(CONTENT).tolist()] * 2
    assert found[0].tolist() == [1, 2, 0]


def test_each_user_has_pairs_of_his_own() -> None:
    """Rows come in the order asked for."""
    batch = decode_states([None, None], 0)
    events = np.zeros(1, EVENT)
    events["category"], events["event"], events["ts_ms"] = hash32("bread"), 1, 1
    merge(batch, np.array([1]), events)
    found = pairs_of(CONTENT, batch, np.array([1, 0]))
    assert [int(affinity_at(found, at)[0, 0]) for at in range(AFFINITIES)] == [MOST] * AFFINITIES
    assert found[1].tolist() == strangers_pairs(CONTENT).tolist()


def test_what_has_left_the_history_counts_at_the_longer_half_lives() -> None:
    """Forty times bread, then nothing else than a history full of milk: bread is half forgotten, and read again."""
    batch = decode_states([None], 0)
    events = np.zeros(71, EVENT)
    events["category"] = np.where(np.arange(71) < 40, hash32("bread"), hash32("milk"))
    events["event"] = events["ts_ms"] = 1 + np.arange(71)
    merge(batch, np.zeros(71, np.int64), events)
    again = decode_states(encode_states(batch), 0)
    for each in (batch, again):
        found = pairs_of(CONTENT, each, np.arange(1))
        assert affinity_at(found, 0)[0].tolist() == [0, MOST, 0]
        for at, half_life in ((1, 100), (2, 1_000)):
            weights = 0.5 ** (np.arange(70, -1, -1) / half_life)
            bread = weights[:40].sum() / weights.sum()
            assert affinity_at(found, at)[0].tolist() == steps(np.array([bread, 1 - bread, 0])).tolist()


def test_what_was_seen_is_counted() -> None:
    """Up to seven times, whatever else is known of the user."""
    batch = decode_states([None, None], 0)
    batch.seen[1] = see(b"", [(activity_hash("b"), 5)] * 3 + [(activity_hash("c"), 5)] * 9)
    assert seen_of(pairs_of(CONTENT, batch, np.arange(2))).tolist() == [[0, 0, 0], [0, 3, MAX_SEEN]]


def test_what_was_seen_before_and_lately_is_counted_together() -> None:
    """Both periods, of all activities that an entry may be of, and never above the most."""
    batch = decode_states([None], 0)
    batch.seen[0] = see(b"", [(activity_hash("b"), at * PERIOD_MS) for at in (4, 4, 4, 4, 5, 5, 5, 5)])
    assert seen_of(pairs_of(CONTENT, batch, np.arange(1))).tolist() == [[0, MAX_SEEN, 0]]
    batch.seen[0] = see(b"", [(activity_hash("b"), at * PERIOD_MS) for at in (4, 4, 5)])
    assert seen_of(pairs_of(CONTENT, batch, np.arange(1))).tolist() == [[0, 3, 0]]


def test_a_catalogue_of_nothing_has_no_pairs() -> None:
    assert pairs_of(content_of([]), decode_states([None], 0), np.arange(1)).shape == (1, 0)
