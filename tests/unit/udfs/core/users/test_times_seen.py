"""How often a user has seen each activity."""

from __future__ import annotations

from collections import Counter
from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tideline.udfs.core.hashing import activity_hash
from tideline.udfs.core.users.times_seen import (
    KEPT_A_PERIOD,
    MAX_SEEN_NUMBERS,
    MAX_TIMES,
    PERIOD_MS,
    entries_of,
    see,
    seen_fits,
    tag_of,
)

Impression = tuple[int, int]
"""activity_hash, time of the list."""


def plain(impressions: list[Impression]) -> dict[tuple[int, int], int]:
    """Times by period and the 13 bits of an activity's number, by the plainest means."""
    newest = max(as_of_ms // PERIOD_MS for _, as_of_ms in impressions)
    found = Counter((as_of_ms // PERIOD_MS, activity >> 19) for activity, as_of_ms in impressions)
    kept = {}
    for period in (newest, newest - 1):
        for tag in sorted(tag for each, tag in found if each == period)[:KEPT_A_PERIOD]:
            kept[period, tag] = min(found[period, tag], MAX_TIMES)
    return kept


def told(impressions: list[Impression], cuts: Random) -> bytes:
    seen, start = b"", 0
    while start < len(impressions):
        end = start + cuts.randint(1, 12)
        seen = see(seen, impressions[start:end])
        start = end
    return seen


def entries(seen: bytes) -> dict[tuple[int, int], int]:
    newest, size, *found = np.frombuffer(seen, np.uint16).tolist()
    return {(newest - (at >= size), each >> 3): each & 7 for at, each in enumerate(found)}


IMPRESSIONS = st.lists(
    st.tuples(st.integers(0, 300).map(lambda at: activity_hash(f"a{at}")), st.integers(0, 5 * PERIOD_MS)),
    min_size=1,
    max_size=700,
)


@settings(max_examples=60, deadline=None)
@given(IMPRESSIONS, st.randoms(use_true_random=False))
def test_any_order_gives_the_same_bytes(impressions: list[Impression], draw: Random) -> None:
    """Contract: whatever the order, cut into whatever batches, of however many activities and periods."""
    first = told(impressions, draw)
    assert entries(first) == plain(impressions)
    draw.shuffle(impressions)
    assert told(impressions, draw) == first
    assert seen_fits(first)
    assert len(first) <= 2 * MAX_SEEN_NUMBERS


def test_activities_beyond_the_kept_ones_count_as_not_seen_in_any_order() -> None:
    """Contract: of a period 96 are kept whichever come first, each with its right count, and no more bytes."""
    every = [(activity_hash(f"b{at}"), period * PERIOD_MS) for at in range(400) for period in (3, 4)] * 3
    found = set()
    for seed in range(4):
        draw = Random(seed)
        draw.shuffle(every)
        found.add(told(every, draw))
    assert len(found) == 1
    (seen,) = found
    assert len(seen) == 2 * MAX_SEEN_NUMBERS
    assert entries(seen) == plain(every)
    assert [each.tag.size for each in entries_of([seen])] == [KEPT_A_PERIOD] * 2


def read(users: list[bytes]) -> list[dict[tuple[int, int], int]]:
    """By period, the newest first: times by user and bits of the activity's number."""
    return [
        {(user, tag): times for user, tag, times in zip(*(each.tolist() for each in entries), strict=True)}
        for entries in entries_of(users)
    ]


def test_what_was_seen_is_told_for_each_user_and_activity() -> None:
    """Contract: each period by itself; of who has seen nothing there is nothing."""
    names = [activity_hash(name) for name in ("a", "b", "c", "d")]
    ours, theirs = 40 * PERIOD_MS, 41 * PERIOD_MS
    users = [
        see(b"", [(names[0], ours), (names[2], ours), (names[0], theirs), (names[0], theirs + 1)]),
        b"",
        see(b"", [(names[1], theirs)] * 9 + [(activity_hash("gone"), theirs)]),
        see(b"", [(names[2], ours)]),
    ]
    a, b, c, _ = tag_of(np.array(names, np.uint32)).tolist()
    (gone,) = tag_of(np.array([activity_hash("gone")], np.uint32)).tolist()
    newest, before = read(users)
    assert newest == {(0, a): 2, (2, b): MAX_TIMES, (2, gone): 1, (3, c): 1}
    assert before == {(0, a): 1, (0, c): 1}
    assert read([]) == read([b""]) == [{}, {}]


def test_after_two_periods_an_activity_is_as_if_never_seen() -> None:
    """A clock far ahead is no more than a late period."""
    name = activity_hash("a")
    seen = b""
    for as_of_ms, times in ((0, 1), (PERIOD_MS, 2), (2 * PERIOD_MS, 2), (9 * PERIOD_MS, 1), (2**48 - 1, 1)):
        seen = see(seen, [(name, as_of_ms)])
        assert sum(sum(each.values()) for each in read([seen])) == times
    assert see(seen, [(name, 0)]) == seen


def test_bytes_that_do_not_say_how_many_they_are_do_not_fit() -> None:
    seen = see(b"", [(activity_hash(f"c{at}"), at % 2 * PERIOD_MS) for at in range(9)])
    assert seen_fits(b"")
    assert seen_fits(seen)
    for broken in (seen[:2], seen[:2] + b"\x0a\x00" + seen[4:], bytes(2 * MAX_SEEN_NUMBERS)):
        assert not seen_fits(broken)
