"""Contract: where batches begin and end leaves no trace in what a past with changing profiles leads to."""

from __future__ import annotations

from functools import partial
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.support.core_world import NOON_MS, ArithmeticEncoder, activity, make_ranker, token_for
from tests.support.engine_runs import ACTIVITIES, NAMES, ranking_world, sums_of, views
from tests.support.profile_shop import SILENT, WORLD, Shop
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.catalogue.activity import encode_activity
from tideline.udfs.core.policies.policy_start import TopicRecord
from tideline.udfs.core.profiles.held_profiles import HeldProfiles
from tideline.udfs.core.profiles.profile_record import Consent, OptOuts, Profile, encode_profile
from tideline.udfs.core.serving.engine import Records, process
from tideline.udfs.core.serving.past.changes import changes_of
from tideline.udfs.core.serving.past.worlds import Worlds
from tideline.udfs.core.serving.renewal.renew import last_lists, settle

if TYPE_CHECKING:
    from tideline.udfs.core.rewards.feedback import Feedback
    from tideline.udfs.core.serving.batches.outcome import Outcome

_STEP_MS = 1_000
_STEPS = 120
_USERS = [f"u{number}" for number in range(6)]
_NOW = ranking_world(ArithmeticEncoder())
_START = make_ranker((), ArithmeticEncoder(), list_size=5, exploration_permille=200)


def _clickstream(draw: Random) -> list[Event]:
    """Return events at each step: new ones, and as often one that was there before, which changes nothing."""
    found: list[Event] = []
    popular = token_for("", NAMES, popular=True)
    for step in range(_STEPS):
        user, ts_ms = draw.choice(_USERS), NOON_MS + step * _STEP_MS
        mine = [each for each in found if each.user_id == user]
        if mine and draw.random() < 0.5:
            again = draw.choice(mine)
            found.append(again._replace(ts_ms=ts_ms) if draw.random() < 0.5 else again)
        elif draw.random() < 0.6:
            found.append(Event(f"e{step}", user, EventType.VIEW, ts_ms, item_id="i", category="tea"))
        else:
            kind = draw.choice((EventType.IMPRESSION, EventType.CLICK))
            at = draw.randrange(4)
            found.append(Event(f"e{step}", user, kind, ts_ms, activity_id=NAMES[at], token=popular, position=at))
    return found


def _profiles(draw: Random) -> HeldProfiles:
    """Return what was said of users, each time another thing, between the steps."""
    told: list[tuple[bytes | None, bytes | None, int]] = []
    for step in range(0, _STEPS, 2):
        user, ts_ms = draw.choice(_USERS), NOON_MS + step * _STEP_MS - draw.choice((0, 1, 400))
        said = draw.choice((SILENT, Consent(learn=False), Consent(personalise=False), Consent()))
        profile = Profile(user, ts_ms, consent=said, opt_outs=OptOuts(activities=(draw.choice(NAMES),)))
        told.append((user.encode(), encode_profile(profile), ts_ms + 5))
    return HeldProfiles(told)


def _worlds(changed: tuple[int, ...]) -> Worlds:
    """Return worlds with all activities from the first on, one of which is changed at some steps."""
    told = [TopicRecord(at, each.activity_id.encode(), encode_activity(each), 0) for at, each in enumerate(ACTIVITIES)]
    for step in changed:
        new = encode_activity(activity("plain-1", title=f"of step {step}"))
        told.append(TopicRecord(len(told), b"plain-1", new, NOON_MS + step * _STEP_MS))
    return Worlds(_START, _NOW, changes_of(told), changes_of(()))


class _Past:
    def __init__(self, worlds: Worlds, held: HeldProfiles, *, later: bool) -> None:
        self._worlds, self._later = worlds, later
        self._work = partial(process, held=held)
        self.states, self.lists = dict[str, bytes](), dict[str, bytes]()
        self.feedback: list[Feedback] = []

    def works_off(self, events: list[tuple[int, Event]]) -> None:
        records = Records(
            [event.user_id.encode() for _, event in events],
            [encode_event(event) for _, event in events],
            [NOON_MS + step * _STEP_MS for step, _ in events],
        )
        in_last = partial(self._work, later=True) if self._later else None
        self._take(self._worlds.through(records, self._load, self._work, in_last))

    def ended(self) -> _Past:
        """Make the lists that wait, and return itself."""
        users = sorted(self.states)
        self._take(last_lists(users, self._load(users), self._worlds.last()))
        self.states = dict(zip(users, settle(self._load(users), self._worlds.last()), strict=True))
        return self

    def _load(self, users: list[str]) -> list[bytes | None]:
        return [self.states.get(user) for user in users]

    def _take(self, outcome: Outcome) -> None:
        self.states.update(zip(outcome.users, outcome.states, strict=True))
        self.lists.update(zip(outcome.listed, outcome.lists, strict=True))
        self.feedback += outcome.feedback


@pytest.mark.parametrize("changed", [(), (40, 80), (40, _STEPS)])
@pytest.mark.parametrize("seed", range(3))
def test_batches_of_any_size_lead_to_what_one_event_at_a_time_does(seed: int, changed: tuple[int, ...]) -> None:
    """Contract: lists, states and feedback, byte for byte, also where a profile changed directly before an event that
    changes nothing, in worlds before the last and in it, whether lists are made at once or at the end."""
    draw, held = Random(seed), _profiles(Random(seed + 100))
    stream = list(enumerate(_clickstream(draw)))
    plain = _Past(_worlds(changed), held, later=False)
    for each in stream:
        plain.works_off([each])
    plain.ended()
    assert len(plain.lists) == len(_USERS)
    for size, later in ((1, True), (5, False), (17, True), (len(stream), True)):
        past = _Past(_worlds(changed), held, later=later)
        for at in range(0, len(stream), size):
            past.works_off(stream[at : at + size])
        past.ended()
        assert past.lists == plain.lists
        assert past.states == plain.states
        assert sums_of(past.feedback) == sums_of(plain.feedback)


def test_a_profile_before_an_event_that_changes_nothing_makes_the_list_that_live_made() -> None:
    """Contract: the live job makes one when it is told; a replay, when the user next comes by."""
    first, last = views("u", 2)
    again, profile = last._replace(ts_ms=last.ts_ms + 9_000), Profile("u", last.ts_ms + 4_000, consent=SILENT)
    held = HeldProfiles([(b"u", encode_profile(profile), profile.ts_ms)])
    live, past = Shop(), Shop()
    live.seen(first, last)
    live.told(profile)
    live.seen(again)
    for event in (first, last, again):
        records = Records([b"u"], [encode_event(event)], [event.ts_ms])
        past.put(process(records, past.load, WORLD, held=held))
    assert past.lists == live.lists
    assert past.states == live.states
