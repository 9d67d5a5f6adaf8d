"""A user is made again as he was ranked, and as he would have been without an event."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.support.core_world import CATEGORIES, DAY_MS, NOON_MS, activity, make_ranker
from tests.support.shopper import Shopper, visits
from tideline.schemas.events import Event, EventType
from tideline.scripts.audit.remade_user import Heard, UserThen
from tideline.udfs.core.catalogue.activity import Cap, Rule
from tideline.udfs.core.lists.token_keys import TokenKeys
from tideline.udfs.core.policies.policy_start import TopicRecord
from tideline.udfs.core.serving.ranker_state import RankerState
from tideline.udfs.core.users.interest import stranger_x

if TYPE_CHECKING:
    from collections.abc import Sequence

_ACTIVITIES = (
    *(activity(f"a-{name}", categories=(name,)) for name in CATEGORIES),
    activity("once", cap=Cap(1, DAY_MS)),
    activity("for-buyers", rule=Rule(min_purchases=50)),
    activity("paused", status="paused"),
)


def _shopper(count: int = 0) -> Shopper:
    """Return one who has done so many things."""
    found = Shopper(make_ranker(_ACTIVITIES, policy="pairs", list_size=5))
    if count:
        found.hear(*visits(np.random.default_rng(1), count, CATEGORIES))
    return found


def _story() -> Shopper:
    """Return one who does things, and sees what he is shown, in batches of some events."""
    rng, shopper = np.random.default_rng(3), _shopper()
    for visit in range(12):
        events = visits(rng, 5, CATEGORIES, 10 * visit)
        shopper.hear(*events[:3])
        names = shopper.lists[-1].names
        shopper.sees(names.index("once") if "once" in names else 0)
        shopper.hear(*events[3:])
    return shopper


def _then(shopper: Shopper) -> UserThen:
    return UserThen(shopper.ranker, "u", Heard(shopper.records))


def test_every_list_finds_its_user_again() -> None:
    """Contract: context, pairs and who could be shown are those of the token, list by list."""
    shopper = _story()
    then, capped = _then(shopper), list[bool]()
    for each in shopper.lists:
        found = then.at(each.decision)
        assert found is not None
        assert (found.seen.x, found.whole) == (each.token.x, True)
        assert [found.seen.pairs[name] for name in each.names] == each.pairs
        assert (len(found.may), found.may >= set(each.names)) == (each.token.eligible, True)
        assert found.not_for_him == {"for-buyers"}
        capped.append(bool(found.capped))
    assert (capped[0], capped[-1]) == (False, True)


@pytest.mark.parametrize("count", [3, 40])
def test_without_an_event_he_is_who_never_did_it(count: int) -> None:
    """Contract: as a job sees one whose other events came, event by event, newest first, up to all that is kept."""
    events = visits(np.random.default_rng(5), count, CATEGORIES)
    shopper = _shopper()
    shopper.hear(*events)
    found = _then(shopper).at(shopper.lists[-1].decision)
    assert found is not None
    assert [event.event_id for event, _ in found.without] == [each.event_id for each in reversed(events)][:31]
    for event, seen in found.without:
        other = _shopper()
        for each in events:
            if each.event_id != event.event_id:
                other.hear(each)
        assert seen.x == other.lists[-1].token.x
        assert [seen.pairs[name] for name in other.lists[-1].names] == other.lists[-1].pairs


def test_an_event_that_was_told_twice_is_left_out_both_times() -> None:
    shopper = _shopper()
    events = visits(np.random.default_rng(5), 3, CATEGORIES)
    shopper.hear(*events, events[1])
    found = _then(shopper).at(shopper.lists[-1].decision)
    assert found is not None
    other = _shopper()
    other.hear(events[0], events[2])
    assert found.without[1][0] == events[1]
    assert found.without[1][1].x == other.lists[-1].token.x


def test_without_the_secrets_of_tokens_he_is_found_and_not_whole() -> None:
    """Contract: what he did makes the context; what he was shown is not known then."""
    shopper = _story()
    settings = replace(shopper.ranker.settings, keys=TokenKeys({1: b"another" * 5}, 1))
    known = {each.activity_id: each for each in _ACTIVITIES}
    ranker = RankerState.start(settings, shopper.ranker.encoder, known)
    found = UserThen(ranker, "u", Heard(shopper.records)).at(shopper.lists[-1].decision)
    assert found is not None
    assert (found.seen.x, found.whole) == (shopper.lists[-1].token.x, False)


def test_what_came_after_the_list_with_an_earlier_clock_is_left_out() -> None:
    """Contract: a late event is no part of a list that was made before it came."""
    shopper = _shopper(6)
    decision = shopper.lists[-1].decision
    late = Event("late", "u", EventType.VIEW, NOON_MS + 1, "i1", "tea")
    shopper.hear(late, Event("new", "u", EventType.VIEW, NOON_MS + DAY_MS))
    found = _then(shopper).at(decision)
    assert found is not None
    assert "late" not in [event.event_id for event, _ in found.without]


@pytest.mark.parametrize("records", [[], [TopicRecord(0, b"u", b"no event", NOON_MS), TopicRecord(1, b"u", None, 0)]])
def test_who_left_no_record_is_not_found(records: Sequence[TopicRecord]) -> None:
    shopper = _shopper(6)
    assert UserThen(shopper.ranker, "u", Heard(records)).at(shopper.lists[-1].decision) is None


def test_a_profile_counts_from_its_moment_on() -> None:
    """Contract: who does not agree to be personalised is a stranger from then on, and no event of his counted."""
    shopper = _shopper(6)
    decision = shopper.lists[-1].decision
    at_ms = decision["as_of_ms"]
    value = json.dumps({"user_id": "u", "ts_ms": at_ms, "consent": {"personalise": False}}).encode()
    profiles = [TopicRecord(0, b"u", b"none", at_ms), TopicRecord(1, b"u", value, at_ms + DAY_MS)]
    then = UserThen(shopper.ranker, "u", Heard(shopper.records, profiles))
    stranger = decision | {"x": stranger_x().tobytes()}
    found = then.at(stranger)
    assert found is not None
    assert found.without == []
    assert then.at(stranger | {"as_of_ms": at_ms - 1}) is None
    assert _then(shopper).at(stranger) is None
