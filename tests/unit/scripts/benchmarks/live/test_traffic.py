from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from tideline.schemas.codec import decode_event, encode_event
from tideline.schemas.events import EventType
from tideline.scripts.benchmarks.live.traffic import CHUNK_EVENTS, Traffic, activities, cumulative_shares, make_chunk
from tideline.udfs.core.lists.activity_tags import activity_tag
from tideline.udfs.core.lists.decision_token import check_position, verify
from tideline.udfs.core.lists.token_keys import TokenKeys
from tideline.udfs.core.users.rate_guard import MAX_ACTS_PER_S

KEYS = TokenKeys({1: b"k" * 32}, 1)
NOW_MS = 1_700_000_000_000
TRAFFIC = Traffic(users=1_000, zipf=1.1, first_ms=NOW_MS, gap_ms=36.0, keys=KEYS)


def test_shares_of_zipf_users_fall_with_their_rank() -> None:
    shares = cumulative_shares(1_000, 1.1)

    assert shares[-1] == pytest.approx(1.0)
    assert (shares[1] - shares[0]) / shares[0] == pytest.approx(2**-1.1)


def test_uniform_users_have_equal_shares() -> None:
    assert cumulative_shares(4, 0.0).tolist() == pytest.approx([0.25, 0.5, 0.75, 1.0])


def test_the_same_chunk_is_made_again_and_another_is_another() -> None:
    assert make_chunk(TRAFFIC, 3) == make_chunk(TRAFFIC, 3)
    assert make_chunk(TRAFFIC, 3)[0] != make_chunk(TRAFFIC, 4)[0]


def test_the_mix_is_as_documented() -> None:
    kinds = Counter(event.type for event in make_chunk(TRAFFIC, 0))

    assert kinds[EventType.IMPRESSION] / CHUNK_EVENTS == pytest.approx(0.10, abs=0.01)
    assert kinds[EventType.CLICK] / CHUNK_EVENTS == pytest.approx(0.01, abs=0.003)
    assert kinds[EventType.PURCHASE] / CHUNK_EVENTS == pytest.approx(0.12, abs=0.01)


def test_events_are_valid_in_order_and_unique() -> None:
    events = make_chunk(TRAFFIC, 0)

    for event in events:
        assert decode_event(event.user_id.encode(), encode_event(event), event.ts_ms) == event
    assert all(before.ts_ms <= after.ts_ms for before, after in pairwise(events))
    assert len({event.event_id for event in events}) == CHUNK_EVENTS


def test_no_user_looks_like_a_robot() -> None:
    per_second = Counter((event.user_id, event.ts_ms // 1000) for event in make_chunk(TRAFFIC, 0))

    assert max(per_second.values()) <= MAX_ACTS_PER_S


def test_every_token_is_of_its_user_and_holds_the_activity_where_it_was_shown() -> None:
    shown = [event for event in make_chunk(TRAFFIC, 0) if event.token]

    for event in shown:
        assert event.token is not None
        assert event.activity_id is not None
        token = verify(event.token, event.user_id, KEYS)
        tag = activity_tag(event.activity_id, KEYS.secrets[KEYS.current])
        assert check_position(token, tag, event.position) == event.position


def test_every_click_follows_its_impression() -> None:
    seen: set[tuple[str, str | None]] = set()
    for event in make_chunk(TRAFFIC, 0):
        if event.type == EventType.IMPRESSION:
            seen.add((event.user_id, event.token))
        if event.type == EventType.CLICK:
            assert (event.user_id, event.token) in seen


def test_the_first_of_more_activities_are_the_same() -> None:
    """Contract: traffic for 200 has tokens that a job with more of them knows."""
    more = activities(NOW_MS, 250)
    assert len(more) == 250
    assert more[:200] == activities(NOW_MS)


def test_activities_are_open_around_the_time() -> None:
    found = activities(NOW_MS)

    assert len({each.activity_id for each in found}) == 200
    assert all(each.starts_ms < NOW_MS < each.ends_ms and len(each.activity_id) == 8 for each in found)
