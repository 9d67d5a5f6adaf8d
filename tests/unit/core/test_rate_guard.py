"""Robots and the brake."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import encode_event
from tests.support.core_world import NOON_MS, activity, make_world, token_for
from udfs.core.brake import Brake, BrakeEngaged
from udfs.core.engine import Records, process
from udfs.core.events import Event, EventType
from udfs.core.rate_guard import QUARANTINE_MS, admit, admit_singles
from udfs.core.user_state import UserBatch, decode_states

SECOND_MS = NOON_MS // 1000 * 1000
HOUR_MS = 3_600_000


def judge(*batches: list[int]) -> list[bool]:
    """Verdicts on one user's events, batch by batch."""
    user = decode_states([None], 4)
    return [verdict for times_ms in batches for verdict in admit(user, 0, times_ms)]


@pytest.mark.parametrize("size", [1, 7, 21])
def test_twenty_events_in_a_second_pass_and_the_next_does_not(size: int) -> None:
    """Contract: the limit holds over batches of any size."""
    times_ms = [SECOND_MS + 40 * at for at in range(21)]
    assert judge(*[times_ms[at : at + size] for at in range(0, 21, size)]) == [True] * 20 + [False]


def test_twenty_a_second_for_ever_pass() -> None:
    assert all(judge([SECOND_MS + 50 * at for at in range(600)]))


def test_a_robot_is_quarantined_for_an_hour_of_event_time() -> None:
    """Contract: from the event that was one too many, to the millisecond."""
    burst = [SECOND_MS] * 21
    after = [SECOND_MS + 1_000, SECOND_MS + HOUR_MS - 1, SECOND_MS + HOUR_MS, SECOND_MS + 2 * HOUR_MS]
    assert HOUR_MS == QUARANTINE_MS
    assert judge(burst, *[[each] for each in after])[21:] == [False, False, True, True]


def test_after_the_hour_he_is_judged_anew() -> None:
    """Contract: what he does meanwhile is refused, also when it comes late, and prolongs nothing."""
    meanwhile, after = [SECOND_MS + 1_800_000] * 21, [SECOND_MS + HOUR_MS + 1] * 21
    verdicts = judge([SECOND_MS] * 21, meanwhile, [SECOND_MS + 2_000], after)
    assert verdicts == [True] * 20 + [False] * 23 + [True] * 20 + [False]


@pytest.mark.parametrize("size", [1, 5, 22])
def test_batching_does_not_make_a_robot(size: int) -> None:
    """Contract: events are judged as they came; one of the next second before them is no reason to count again."""
    world = make_world([activity("a")])
    times_ms = [SECOND_MS + 1_000, *[SECOND_MS + at for at in range(21)]]
    state: dict[str, bytes] = {}
    quarantined = 0
    for start in range(0, 22, size):
        events = [Event(f"v{ts_ms}", "u", EventType.VIEW, ts_ms) for ts_ms in times_ms[start : start + size]]
        records = Records([b"u"] * len(events), [encode_event(each) for each in events], [2**50] * len(events))
        outcome = process(records, lambda users: [state.get(user) for user in users], world)
        state["u"] = outcome.states[0]
        quarantined += outcome.counts["quarantined"]
    assert quarantined == 0
    assert decode_states([state["u"]], 8).header["accepted"].tolist() == [22]


def test_what_he_did_before_he_was_a_robot_still_counts() -> None:
    assert judge([SECOND_MS] * 21, [SECOND_MS - 1])[21:] == [True]


def test_events_of_a_second_that_is_over_are_not_counted() -> None:
    assert all(judge([SECOND_MS + 1_000], [SECOND_MS] * 21))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([0, 0, 0, 0, 300, 1_000, HOUR_MS]), min_size=1, max_size=80))
def test_the_guard_for_single_events_agrees_with_the_other(gaps_ms: list[int]) -> None:
    """Contract: one event a batch is judged as by `admit`, or left to it with the counters untouched."""
    slow, fast = decode_states([None], 4), decode_states([None], 4)
    for ts_ms in (SECOND_MS + np.cumsum(gaps_ms)).tolist():
        expected = admit(slow, 0, [ts_ms])
        found = admit_singles(fast, np.array([0]), np.array([ts_ms])).tolist()
        if found == [False]:
            found = admit(fast, 0, [ts_ms])
        assert found == expected
        assert fast.header.tobytes() == slow.header.tobytes()


def test_singles_of_many_users_are_kept_apart() -> None:
    users: UserBatch = decode_states([None] * 4, 4)
    rows, times_ms = np.array([1, 3]), np.array([SECOND_MS, SECOND_MS + 5_000])
    for _ in range(20):
        assert admit_singles(users, rows, times_ms).all()
    assert not admit_singles(users, rows, times_ms).any()
    assert users.header["rate_count"].tolist() == [0, 20, 0, 20]


def test_nothing_is_learned_from_a_robot() -> None:
    """Contract: no history, no rewards, no list; the events are counted as quarantined."""
    world = make_world([activity("a")])
    token = token_for("bot", ["a"])
    view = [Event(f"v{at}", "bot", EventType.VIEW, SECOND_MS + at) for at in range(21)]
    click = Event("c", "bot", EventType.CLICK, SECOND_MS + 5_000, activity_id="a", token=token, position=0)
    states: dict[str, bytes] = {}
    for events, lists in ((view, 1), ([click], 0)):
        records = Records([b"bot"] * len(events), [encode_event(each) for each in events], [2**50] * len(events))
        outcome = process(records, lambda users: [states.get(user) for user in users], world)
        states["bot"] = outcome.states[0]
        assert outcome.counts["quarantined"] == 1
        assert outcome.feedback == []
        assert len(outcome.lists) == lists
    assert decode_states([states["bot"]], 8).header["accepted"].tolist() == [20]


def brake(*batches: tuple[int, int, int]) -> None:
    counter = Brake()
    for newest_ms, total, invalid in batches:
        counter.count(newest_ms, total, invalid)


@pytest.mark.parametrize(
    "batches",
    [
        [(0, 1_000, 50)],
        [(0, 999, 999)],
        [(0, 99, 99), (60_000, 1, 0)],
        [(0, 100, 5), (60_000, 1, 0)],
        [(0, 500, 0), (1, 500, 50)],
        [(0, 900, 40), (60_000, 900, 40)],
    ],
)
def test_up_to_five_percent_of_a_minute_do_not_stop_the_job(batches: list[tuple[int, int, int]]) -> None:
    brake(*batches)


@pytest.mark.parametrize(
    "batches",
    [
        [(0, 1_000, 51)],
        [(0, 999, 51), (59_999, 1, 0)],
        [(0, 100, 6), (60_000, 1, 0)],
        [(5, 50, 3), (7, 50, 3), (60_000, 1, 0)],
        [(60_000, 900, 0), (59_000, 100, 51)],
    ],
)
def test_more_than_that_stops_it(batches: list[tuple[int, int, int]]) -> None:
    """Contract: at once from 1,000 records on, at the end of the minute from 100 on; a late record counts now."""
    with pytest.raises(BrakeEngaged, match="of one minute are invalid, over 5%"):
        brake(*batches)
