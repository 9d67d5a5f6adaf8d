"""A shard of pushes as a whole: the same ids whatever is read first and however often it is restored."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from tests.support.push_shard import (
    DAY_MS,
    DISORDER_MS,
    TERMS,
    PushEvent,
    PushShard,
    Told,
    by_day,
    ids_of,
    played,
)
from tideline.udfs.core.push.push_choice import Why

START_MS = 20_000 * DAY_MS
USERS, DAYS = 12, 12


def story(seed: int) -> list[PushEvent]:
    """Return events in the order of their times: visits, some who unsubscribe, and failures of what was sent."""
    random = np.random.default_rng(seed)
    at = np.sort(START_MS + random.integers(0, DAYS * DAY_MS, 400)).tolist()
    events = [PushEvent(each, f"u{random.integers(USERS)}") for each in at]
    events += [
        PushEvent(int(START_MS + random.integers(3 * DAY_MS, DAYS * DAY_MS)), f"u{each}", "unsubscribe")
        for each in (0, 1)
    ]
    for each in [told for told in played(sorted(events), [7]) if told.decided.sent][::4]:
        name = str(each.decided.push_id)
        events += [PushEvent(each.at_ms + int(random.integers(1, DAY_MS)), each.user_id, "failed", name)] * 2
    return sorted(events)


def shuffled(events: list[PushEvent], seed: int) -> list[PushEvent]:
    """Return events as they come where each comes up to the stated disorder late."""
    late = np.array([each.ts_ms for each in events]) + np.random.default_rng(seed).integers(0, DISORDER_MS, len(events))
    return [events[at] for at in np.argsort(late, kind="stable").tolist()]


def differing(told: list[Told], others: list[Told], events: list[PushEvent]) -> list[tuple[str, int]]:
    """Return what was decided in two ways, but where one knew sooner that a user would unsubscribe after the point."""
    left = {each.user_id: each.ts_ms for each in events if each.what == "unsubscribe"}
    one, two, at_ms = by_day(told), by_day(others), {(each.user_id, each.at_ms // DAY_MS): each.at_ms for each in told}
    assert one.keys() == two.keys()
    odd = [each for each in one if one[each] != two[each]]
    sooner = [
        each for each in odd if Why.NO_CONSENT in (one[each].why, two[each].why) and at_ms[each] < left.get(each[0], 0)
    ]
    return sorted(set(odd) - set(sooner))


@pytest.mark.parametrize("seed", range(6))
def test_the_same_events_in_any_order_give_the_same_ids(seed: int) -> None:
    """Contract: inside the stated disorder, in batches of any size, with failures read before or after their push.

    An unsubscribe counts as soon as it is read, before or after the points that were due before it.
    """
    events = story(seed)
    calm = played(events, [1])
    assert len(ids_of(calm)) > 10
    for other in range(5):
        again = played(shuffled(events, other), [1 + other * 40, 3])
        assert differing(calm, again, events) == []
        assert len(set(ids_of(again, sent=False))) == len(ids_of(again, sent=False))


@pytest.mark.parametrize("seed", range(6))
def test_a_restore_in_the_middle_tells_the_same_ids(seed: int) -> None:
    """Contract: what was told since the checkpoint is told again under the same ids, and nothing else is."""
    events, random = shuffled(story(seed), seed), np.random.default_rng(seed)
    batches = [events[at : at + 11] for at in range(0, len(events), 11)]
    calm = played(events, [11])
    shard, told, at, kept = PushShard(), [], 0, (PushShard(), 0)
    for crash in sorted(random.integers(1, len(batches), 4).tolist()):
        while at < crash:
            if random.random() < 0.3:
                kept = (shard.copy(), at)
            told += shard.take(batches[at])
            at += 1
        shard, at = kept[0].copy(), kept[1]
    for batch in batches[at:]:
        told += shard.take(batch)
    assert len(told) > len(calm)
    assert set(ids_of(told)) == set(ids_of(calm))
    assert by_day(told) == by_day(calm)


@pytest.mark.parametrize("seed", range(4))
def test_another_policy_after_a_restore_gives_no_user_two_ids_of_a_slot(seed: int) -> None:
    """Contract: ids are not of the content, so a sender that claims them sends one message, whoever won it."""
    events = story(seed)
    half = len(events) // 2
    before = played(events, [5])
    shard = PushShard()
    shard.take(events[:half])
    restored = shard.copy()
    restored.terms = TERMS._replace(price=2**23, known=False)
    after = restored.take(events[half:])
    assert [each.decided.chance for each in after] != [each.decided.chance for each in before if each in after]
    ids = defaultdict(set)
    for each in (*before, *after):
        if each.decided.push_id:
            ids[each.user_id, each.at_ms // DAY_MS].add(each.decided.push_id)
    assert {len(each) for each in ids.values()} == {1}


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_sent_to_who_unsubscribed_and_no_cap_is_exceeded(seed: int) -> None:
    """Contract: in any order of arrival; a push that failed counts until the end of the day on which it did."""
    events = story(seed)
    left = {each.user_id: each.ts_ms for each in events if each.what == "unsubscribe"}
    failed = {each.push_id: each.ts_ms // DAY_MS for each in events if each.what == "failed"}
    told = [each for each in played(shuffled(events, seed), [4]) if each.decided.sent]
    assert not [each for each in told if each.user_id in left and each.at_ms > left[each.user_id] + DISORDER_MS]
    for each in told:
        day = each.at_ms // DAY_MS
        week = [
            other
            for other in told
            if other.user_id == each.user_id
            and day - 7 < other.at_ms // DAY_MS <= day
            and failed.get(str(other.decided.push_id), day) >= day
        ]
        assert len(week) <= TERMS.week
