"""Robots are set aside; customers, whatever their browsers, phones and tills do, are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.core_world import NOON_MS
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.users.rate_guard import MAX_ACTS_PER_S, QUARANTINE_S, admit, admit_singles
from tideline.udfs.core.users.user_state import UserBatch, decode_states

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SECOND_MS = NOON_MS // 1000 * 1000
HOUR_MS = 3_600_000
MOST_NOTICED = 32
"""Distinct acts of a second after which, two of them sharing a bit at times, the excess was noticed in every test."""


def views(times_ms: Iterable[int], name: str = "v") -> list[Event]:
    return [Event(f"{name}{number}", "u", EventType.VIEW, ts_ms) for number, ts_ms in enumerate(times_ms)]


def clicks(count: int, ts_ms: int, page: str = "t") -> list[Event]:
    return [
        Event(f"{page}{n}", "u", EventType.CLICK, ts_ms, activity_id=f"a{n}", token=page, position=n % 10)
        for n in range(count)
    ]


def impressions(page: int, ts_ms: int) -> list[Event]:
    return [
        Event(f"i{page}-{n}", "u", EventType.IMPRESSION, ts_ms, activity_id=f"a{n}", token=f"t{page}", position=n)
        for n in range(11)
    ]


def judge(*batches: list[Event]) -> list[bool]:
    """Verdicts on one user's events, batch by batch."""
    user = decode_states([None], 4)
    return [verdict for events in batches for verdict in admit(user, np.array([0]), [events])[0]]


def cut(events: list[Event], size: int) -> list[list[Event]]:
    return [events[at : at + size] for at in range(0, len(events), size)]


@pytest.mark.parametrize("size", [1, 7, 50])
@pytest.mark.parametrize("kind", ["views", "clicks"])
def test_a_robot_of_fifty_distinct_acts_a_second_is_caught(size: int, kind: str) -> None:
    """Contract: at least 20 pass, what came before the excess; the batches do not matter."""
    events = views([SECOND_MS + 20 * n for n in range(50)]) if kind == "views" else clicks(50, SECOND_MS)
    verdicts = judge(*cut(events, size))
    passed = verdicts.count(True)
    assert MAX_ACTS_PER_S <= passed < MOST_NOTICED
    assert verdicts == [True] * passed + [False] * (50 - passed)
    assert verdicts == judge(events)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=9), min_size=20, max_size=20, unique=True), st.randoms())
def test_twenty_distinct_acts_of_a_second_always_pass(names: list[str], order: Any) -> None:
    """Contract: whatever their ids, in any order, each told three times."""
    events = [Event(name, "u", EventType.VIEW, SECOND_MS) for name in names] * 3
    order.shuffle(events)
    assert all(judge(events))


@pytest.mark.parametrize("seed", range(5))
def test_in_whatever_order_they_come_the_same_number_passes(seed: int) -> None:
    """Contract: acts of several seconds, told several times and shuffled; 20 and a few of the full second pass."""
    rng = np.random.default_rng(seed)
    events = views([SECOND_MS + 1] * 100) * 2 + views([SECOND_MS - 5_000 - 1_000 * (n % 3) for n in range(30)], "w")
    verdicts = judge([events[at] for at in rng.permutation(len(events)).tolist()])
    distinct = {each.event_id for each, passed in zip(events, verdicts, strict=True) if passed}
    assert verdicts.count(False) > 100
    assert len(distinct) < 2 * MOST_NOTICED + 30


@pytest.mark.parametrize("ahead_ms", [1_000, 240_000, -240_000])
@pytest.mark.parametrize("every", [4_000, 40, 3, 2])
def test_events_with_another_clock_do_not_switch_the_rule_off(ahead_ms: int, every: int) -> None:
    """Contract: one event 4 minutes ahead before 4,000, or one each few events, in as many other seconds."""
    events = views([SECOND_MS + n for n in range(1_000)]) + clicks(3_000, SECOND_MS + 500)
    odd = views([SECOND_MS + ahead_ms + 1_000 * (n % 3) for n in range(4_000 // every)], "odd")
    mixed = [
        each for n, event in enumerate(events) for each in ([odd.pop()] if odd and n % every == 0 else []) + [event]
    ]
    assert judge(mixed).count(False) > 3_900


def test_a_robot_is_set_aside_for_an_hour_of_event_time() -> None:
    """Contract: from the second that had too many, to the second."""
    after = [SECOND_MS - 1, SECOND_MS + 1_000, SECOND_MS + HOUR_MS - 1, SECOND_MS + HOUR_MS, SECOND_MS + 2 * HOUR_MS]
    assert HOUR_MS == QUARANTINE_S * 1_000
    verdicts = judge(views([SECOND_MS] * 50), *[[each] for each in views(after, "w")])
    assert verdicts[50:] == [True, False, False, True, True]


def test_after_the_hour_he_is_judged_anew() -> None:
    """Contract: what he does meanwhile is set aside, also when it comes late, and prolongs nothing."""
    meanwhile, after = views([SECOND_MS + 1_800_000] * 50, "w"), views([SECOND_MS + HOUR_MS] * 50, "x")
    verdicts = judge(views([SECOND_MS] * 50), meanwhile, views([SECOND_MS + 2_000], "y"), after)
    assert not any(verdicts[50:101])
    assert verdicts[101:].count(True) >= MAX_ACTS_PER_S
    assert not verdicts[-1]


def test_who_is_a_robot_in_an_earlier_second_is_one_from_there_on() -> None:
    """Contract: a burst with a clock ahead gives no free hour before it."""
    verdicts = judge(views([SECOND_MS + 240_000] * 50), views([SECOND_MS] * 50, "w"), views([SECOND_MS + 9_000], "x"))
    assert verdicts[50:].count(True) < MOST_NOTICED
    assert not verdicts[-1]


def two_tabs(rng: np.random.Generator) -> list[Event]:
    """Two pages of eleven in one second, each with a view and a click."""
    found: list[Event] = []
    for page in (1, 2):
        found += [*impressions(page, SECOND_MS + 100 * page), Event(f"v{page}", "u", EventType.VIEW, SECOND_MS)]
        found.append(clicks(1, SECOND_MS + 900, f"t{page}")[0])
    return found


def a_page_retried(rng: np.random.Generator) -> list[Event]:
    """A page with ten clicks and views, sent five times in whatever order."""
    page = [*impressions(1, SECOND_MS), *clicks(10, SECOND_MS + 500), *views([SECOND_MS] * 8)] * 5
    return [page[at] for at in rng.permutation(len(page)).tolist()]


def a_phone_that_was_offline(rng: np.random.Generator) -> list[Event]:
    """Twenty minutes of use at once, twice, among them a second of hurry, in whatever order."""
    found: list[Event] = []
    for page in range(60):
        at_ms = SECOND_MS + 20_000 * page + int(rng.integers(0, 9_000))
        found += [*impressions(page, at_ms), *clicks(int(rng.integers(0, 3)), at_ms + 2_000, f"t{page}")]
        found += [Event(f"v{page}-{n}", "u", EventType.VIEW, at_ms + 700 * n) for n in range(int(rng.integers(1, 8)))]
    found += views([SECOND_MS + 77_000 + 90 * n for n in range(10)], "hurry")
    found *= 2
    return [found[at] for at in rng.permutation(len(found)).tolist()]


def a_till(rng: np.random.Generator) -> list[Event]:
    """Five customers a second for five minutes under one user id, each with up to 60 lines paid at one moment."""
    found: list[Event] = []
    for sale in range(1_500):
        at_ms = SECOND_MS + 200 * sale + int(rng.integers(0, 100))
        lines = int(rng.integers(1, 61))
        found += [Event(f"s{sale}-{n}", "u", EventType.PURCHASE, at_ms, f"i{n}", price=1.0) for n in range(lines)]
    return found


def a_shared_terminal(rng: np.random.Generator) -> list[Event]:
    """Six people behind one name, twelve views and two clicks a second."""
    found: list[Event] = []
    for second in range(120):
        at_ms = SECOND_MS + 1_000 * second
        found += [Event(f"v{second}-{n}", "u", EventType.VIEW, at_ms + 80 * n) for n in range(12)]
        found += clicks(2, at_ms + 500, f"t{second}")
    return found


def a_basket_filled_again(rng: np.random.Generator) -> list[Event]:
    """Order again: 80 additions at one moment, their purchase at the next, both retried."""
    added = [Event(f"c{n}", "u", EventType.ADD_TO_CART, SECOND_MS, f"i{n}") for n in range(80)]
    return (added + [Event(f"p{n}", "u", EventType.PURCHASE, SECOND_MS + 400, f"i{n}") for n in range(80)]) * 3


def an_order_stamped_line_by_line(rng: np.random.Generator) -> list[Event]:
    """Sixty lines put into a cart and bought, each with the millisecond of its sending, two pages looked at beside."""
    found = [*views([SECOND_MS + 100, SECOND_MS + 1_300]), *clicks(2, SECOND_MS + 150)]
    for start_ms, kind in ((0, EventType.ADD_TO_CART), (900, EventType.PURCHASE)):
        for line in range(60):
            at_ms = SECOND_MS + start_ms + 20 * line + int(rng.integers(0, 20))
            found.append(Event(f"{kind}-{line}", "u", kind, at_ms, f"i{line}"))
    return found


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    "story",
    [
        two_tabs,
        a_page_retried,
        a_phone_that_was_offline,
        a_till,
        a_shared_terminal,
        a_basket_filled_again,
        an_order_stamped_line_by_line,
    ],
)
def test_honest_traffic_gives_no_false_alarm(story: Callable[[np.random.Generator], list[Event]], seed: int) -> None:
    """Contract: 0 events set aside, whatever the batches."""
    rng = np.random.default_rng(seed)
    events = story(rng)
    assert all(judge(*cut(events, int(rng.choice([1, 7, 100, 5_000])))))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([0, 0, 0, 0, 300, 1_000, -1_000, HOUR_MS]), st.sampled_from(list(EventType))),
        min_size=1,
        max_size=120,
    )
)
def test_the_guard_for_single_events_agrees_with_the_other(steps: list[tuple[int, EventType]]) -> None:
    """Contract: one event a batch is judged as by `admit`, or left to it with the counters untouched."""
    slow, fast = decode_states([None], 4), decode_states([None], 4)
    ts_ms = SECOND_MS
    for number, (gap_ms, kind) in enumerate(steps):
        ts_ms += gap_ms
        event = Event(f"e{number}", "u", kind, ts_ms, activity_id=f"a{number}", token="t")
        expected = admit(slow, np.array([0]), [[event]])[0]
        found = admit_singles(fast, np.array([0]), [event]).tolist()
        if found == [False]:
            found = admit(fast, np.array([0]), [[event]])[0]
        assert found == expected
        assert fast.header.tobytes() == slow.header.tobytes()


def test_singles_of_many_users_are_kept_apart() -> None:
    users: UserBatch = decode_states([None] * 4, 4)
    rows = np.array([1, 3])
    one, other = views([SECOND_MS] * 50), views([SECOND_MS + 5_000] * 50, "w")
    passed = [admit_singles(users, rows, [a, b]).tolist() for a, b in zip(one, other, strict=True)]
    assert passed[0] == [True, True]
    assert [False, False] in passed
    assert users.header["rate_seconds"][:, 0].tolist() == [0, SECOND_MS // 1000, 0, SECOND_MS // 1000 + 5]
    assert np.bitwise_count(users.header["rate_acts"]).sum(axis=1).tolist() == [0, 20, 0, 20]
