"""Learning by a cascade: what stands below a list's first click was not looked at by everybody."""

from __future__ import annotations

from collections import Counter
from itertools import permutations

import numpy as np
import pytest

from tests.support.core_world import DAY_MS, KEYS, NOON_MS, token_for
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.lists.activity_tags import ActivityTags
from tideline.udfs.core.rewards.attribution import attribute
from tideline.udfs.core.rewards.attribution_settings import AttributionSettings, Cascade
from tideline.udfs.core.rewards.feedback import Feedback

NAMES = ["a", "b", "c"]
PLAIN = AttributionSettings.of(KEYS, DAY_MS, dict.fromkeys(NAMES, 1.0), {})
CASCADE = PLAIN._replace(cascade=Cascade(75, ActivityTags.of(NAMES, KEYS)))
IMPRESSION, CLICK = EventType.IMPRESSION, EventType.CLICK
TOKEN = token_for("u", NAMES)


def event(kind: int, name: str, at_ms: int = NOON_MS, token: str = TOKEN, user: str = "u") -> Event:
    return Event(f"{kind}-{name}-{at_ms}", user, kind, at_ms, activity_id=name, token=token, position=NAMES.index(name))


def apply(
    events: list[Event], settings: AttributionSettings = CASCADE, shown: bytes = b""
) -> tuple[bytes, list[Feedback]]:
    """Apply events one by one; return the state and all feedback."""
    feedback: list[Feedback] = []
    for each in events:
        outcome = attribute(shown, [(0, each)], settings)
        shown, feedback = outcome.shown, feedback + outcome.feedback
    return shown, feedback


def weights(feedback: list[Feedback]) -> dict[str, int]:
    """Hundredths of an impression that each activity was learned with."""
    found: Counter[str] = Counter()
    for each in feedback:
        found[each.activity_id] += each.impressions * (100 - each.examination_discount)
    return dict(found)


SHOWN = [event(IMPRESSION, name) for name in NAMES]


def test_only_impressions_below_the_first_click_count_less() -> None:
    """Contract: 0.25 below it; a click further down changes nothing, one further up all below it."""
    assert weights(apply(SHOWN)[1]) == {"a": 100, "b": 100, "c": 100}
    assert weights(apply([*SHOWN, event(CLICK, "b", NOON_MS + 5)])[1]) == {"a": 100, "b": 100, "c": 25}
    low_then_high = [event(CLICK, "c", NOON_MS + 5), event(CLICK, "a", NOON_MS + 9)]
    assert weights(apply([*SHOWN, *low_then_high])[1]) == {"a": 100, "b": 25, "c": 25}


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_any_order_of_impressions_and_clicks_weighs_the_same(order: tuple[int, ...]) -> None:
    """Contract: the sums are a function of what happened, not of when it was heard of."""
    events = [SHOWN[0], SHOWN[2], event(CLICK, "a", NOON_MS + 5), event(CLICK, "b", NOON_MS + 6)]
    shown, feedback = apply([events[at] for at in order])
    assert weights(feedback) == {"a": 100, "b": 25, "c": 25}
    assert shown == apply(events)[0]
    assert weights(feedback + apply(events, shown=shown)[1]) == weights(feedback)


def test_an_impression_that_is_weighed_anew_keeps_its_pair() -> None:
    """Contract: what is taken back and what is given are of the pair in that place, not of the click's."""
    feedback = apply([*SHOWN, event(CLICK, "a", NOON_MS + 5)])[1]
    assert [each.pair for each in feedback if each.impressions < 0] == [2 * 0x030201, 3 * 0x030201]
    assert {(each.activity_id, each.pair) for each in feedback} == {
        (name, 0x030201 * (at + 1)) for at, name in enumerate(NAMES)
    }


def test_another_list_is_not_concerned() -> None:
    """Contract: a click says nothing about what another list showed."""
    other = token_for("u", NAMES, seq=2)
    feedback = apply([*SHOWN, event(IMPRESSION, "c", token=other), event(CLICK, "a", NOON_MS + 5)])[1]
    assert weights(feedback) == {"a": 100, "b": 25, "c": 125}


def test_what_the_order_changes_is_taken_back_exactly() -> None:
    """Contract: ended in the middle, or with an activity gone, an impression keeps the weight it was added with."""
    shown, first = apply([*SHOWN, event(CLICK, "b", NOON_MS + 5)])
    ended = apply([event(CLICK, "a", NOON_MS + 6)], PLAIN, shown)[1]
    assert weights(first + ended) == {"a": 100, "b": 100, "c": 25}
    gone = CASCADE._replace(cascade=Cascade(75, ActivityTags.of(["a", "b"], KEYS)))
    assert weights(apply([*SHOWN, event(CLICK, "a", NOON_MS + 5)], gone)[1]) == {"a": 100, "b": 25, "c": 100}


def test_rates_of_readers_who_leave_after_a_click_are_those_of_who_looks() -> None:
    """Contract: one in four goes on after a click; rates are true within 3 standard errors, else 20 and 30 % low."""
    rng = np.random.default_rng(8)
    chances = {"a": 0.3, "b": 0.2, "c": 0.1}
    found, tokens = {}, {user: token_for(user, NAMES) for user in map("u{}".format, range(6_000))}
    for settings in (CASCADE, PLAIN):
        feedback: list[Feedback] = []
        for user, token in tokens.items():
            events, looks = [event(IMPRESSION, name, token=token, user=user) for name in NAMES], True
            for name, chance in chances.items():
                clicks = looks and rng.random() < chance
                events += [event(CLICK, name, NOON_MS + 1, token, user)] * clicks
                looks = looks and (not clicks or rng.random() < 0.25)
            feedback += attribute(b"", list(enumerate(events)), settings).feedback
        clicked = Counter(each.activity_id for each in feedback for _ in range(each.clicks))
        found[settings is CASCADE] = {name: 100 * clicked[name] / count for name, count in weights(feedback).items()}
    for name, chance in chances.items():
        assert found[True][name] == pytest.approx(chance, abs=3 * np.sqrt(chance / 4_000))
    assert found[False]["b"] < 0.84 * chances["b"]
    assert found[False]["c"] < 0.75 * chances["c"]
