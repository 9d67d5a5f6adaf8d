"""Seeded scenarios: users, activities, a clickstream with valid decision tokens, and ways to disturb it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.catalogue.activity import Activity, Cap, Rule
from tideline.udfs.core.context import CONSTANT_X, DIM
from tideline.udfs.core.lists.activity_tags import ActivityTags
from tideline.udfs.core.lists.decision_token import mint
from tideline.udfs.core.lists.ranked_lists import ListHeads, MadeBy, RankedLists

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tideline.udfs.core.lists.token_keys import TokenKeys

CATEGORIES = ("SOFT DRINKS", "CHEESE", "FROZEN PIZZA", "BAKED BREAD/BUNS/ROLLS", "BEEF", "unknown to the encoder")
_ORGANIC = (EventType.VIEW,) * 6 + (EventType.SEARCH, EventType.ADD_TO_CART, EventType.ADD_TO_CART, EventType.PURCHASE)
_DAY_MS = 86_400_000
_POSITIONS = 10
_IMPRESSIONS = 3
_MIN_GAP_MS = 2_100  # no more than 28 events of a user within 60 s, so a shuffle within 60 s stays exact
_MAX_GAP_MS = 30_000
_QUIET_MS = 300_000


class Message(NamedTuple):
    """A record to be produced."""

    key: bytes | None
    value: bytes | None


@dataclass(frozen=True)
class Scenario:
    """What a generated clickstream is made from; the same seed and settings give the same events."""

    seed: int
    users: int
    events: int
    """About how many; what belongs together is not cut."""
    activities: tuple[Activity, ...]
    keys: TokenKeys
    start_ms: int
    """Time of the first event; all lie within the next hours, so take a start well in the past."""
    prefix: str = "u"
    """First part of every user id: scenarios with different prefixes do not meet."""


def make_activities(count: int, now_ms: int, seed: int = 0) -> tuple[Activity, ...]:
    """Return activities of all sorts: with rules, caps and items, one paused, one over."""
    random = Random(seed)
    found = []
    for number in range(count):
        plain = Activity(
            activity_id=f"a{number:03d}",
            kind="coupon",
            title=f"Activity {number}",
            starts_ms=now_ms - 30 * _DAY_MS,
            ends_ms=now_ms + 30 * _DAY_MS + number * 3_600_000,
            items=(f"deal-{number}",),
        )
        if number % 6 == 1:
            plain = replace(plain, rule=Rule(any_category=(random.choice(CATEGORIES),)))
        if number % 9 == 2:
            plain = replace(plain, rule=Rule(min_events=number % 25, min_purchases=number % 3))
        if number % 7 == 3:
            plain = replace(plain, cap=Cap(max_shown=1 + number % 2, window_ms=1_800_000))
        found.append(plain)
    found[0] = replace(found[0], status="paused")
    found[-1] = replace(found[-1], ends_ms=now_ms - 20 * _DAY_MS)
    return tuple(found)


def make_events(scenario: Scenario) -> list[Event]:
    """Return the scenario's events in order of time, each user's in his own sessions."""
    random = Random(scenario.seed)
    weights = [random.paretovariate(1.2) for _ in range(scenario.users)]
    scale = scenario.events * 0.62 / sum(min(weight, 40.0) for weight in weights)
    events: list[Event] = []
    for number, weight in enumerate(weights):
        organic = max(1, round(min(weight, 40.0) * scale))
        events += _Visitor(scenario, number, random).events(organic)
    return sorted(events, key=lambda event: (event.ts_ms, event.event_id))


def messages(events: Sequence[Event]) -> list[Message]:
    """Return the events as records, one in five as JSON."""
    return [Message(e.user_id.encode(), encode_event(e, as_json=at % 5 == 0)) for at, e in enumerate(events)]


def with_duplicates(events: Sequence[Event], share: float, seed: int) -> tuple[list[Event], int]:
    """Return the events with a share of them sent again, soon or ten minutes later, and how many were.

    Only events of which the state still remembers the id are repeated, so each counts as a duplicate.
    """
    random = Random(seed)
    kept = 20  # of the 31 that a history holds
    ahead = _organic_ahead(events)
    again: list[tuple[int, Event]] = []
    for event in events:
        late_ms = random.choice((0, 1_000, 600_000))
        remembered = late_ms < _MIN_GAP_MS or ahead[event.event_id] < kept
        if _repeatable(event) and remembered and random.random() < share * 1.3:
            again.append((event.ts_ms + late_ms, event))
    timed = [(event.ts_ms, event) for event in events] + again
    timed.sort(key=lambda each: each[0])  # stable: the first sending stays the first
    return [event for _, event in timed], len(again)


def _repeatable(event: Event) -> bool:
    return event.token is not None or event.type in (EventType.VIEW, EventType.SEARCH, EventType.ADD_TO_CART)


def _organic_ahead(events: Sequence[Event]) -> dict[str, int]:
    """How many organic events of the same user follow, by event id."""
    following: dict[str, int] = {}
    ahead: dict[str, int] = {}
    for event in reversed(events):
        ahead[event.event_id] = following.get(event.user_id, 0)
        following[event.user_id] = ahead[event.event_id] + (event.type < EventType.IMPRESSION)
    return ahead


def shuffled(events: Sequence[Event], within_ms: int, seed: int) -> list[Event]:
    """Return the events as they arrive when each is delayed by up to `within_ms`."""
    random = Random(seed)
    return sorted(events, key=lambda event: event.ts_ms + random.randrange(within_ms))


def interleave(good: Sequence[Message], bad: Sequence[Message], seed: int) -> list[Message]:
    """Return both, `bad` strewn at random over `good`; each keeps its order."""
    random = Random(seed)
    places = sorted(random.randrange(len(good) + 1) for _ in bad)
    mixed = list(good)
    for place, message in zip(reversed(places), reversed(bad), strict=True):
        mixed.insert(place, message)
    return mixed


def token_for(user: str, shown: Sequence[str], keys: TokenKeys, as_of_ms: int, seq: int, x: Sequence[int]) -> str:
    """Return the token of a list that holds these activities, as if it had been shown to the user."""
    return mint(
        RankedLists(
            ListHeads(users=[user], as_of_ms=np.array([as_of_ms]), seq=np.array([seq]), arms=np.zeros(1, np.int64)),
            MadeBy(generation=1, encoder=1, policy=0, exploration_permille=20),
            eligible=np.array([50]),
            explored=np.zeros(1, np.int64),
            x=np.array([x], np.int8),
            order=np.arange(len(shown))[None, :],
            tags=ActivityTags.of(shown, keys).current,
            pairs=np.arange(seq, seq + len(shown), dtype=np.uint32)[None, :],
        ),
        keys,
    )[0]


class _Visitor:
    """One user's life: organic events, lists shown now and then, responses by a hidden taste."""

    def __init__(self, scenario: Scenario, number: int, random: Random) -> None:
        self._scenario = scenario
        self._random = random
        self._user = f"{scenario.prefix}-{number:05d}"
        self._taste = random.randrange(5)
        self._now_ms = scenario.start_ms + random.randrange(1_800_000)
        self._events: list[Event] = []
        self._converted: set[str] = set()

    def events(self, organic: int) -> list[Event]:
        """Return his events, about 60 % of them organic."""
        shown: list[str] = []
        for place in range(organic):
            self._now_ms += self._random.randrange(_MIN_GAP_MS, _MAX_GAP_MS)
            self._add(
                self._random.choice(_ORGANIC),
                item_id=f"item-{self._random.randrange(400)}",
                category=self._random.choice(CATEGORIES),
                price=round(self._random.uniform(0.5, 60.0), 2),
                quantity=self._random.randrange(1, 4),
            )
            if place % 9 == 4 and len(shown) < 60:  # a state keeps 64 shown rows
                shown += self._see_list()
        if shown:
            self._come_back(shown)
        return self._events

    def _see_list(self) -> list[str]:
        random, activities = self._random, self._scenario.activities
        chosen = random.sample(range(len(activities)), min(_POSITIONS, len(activities)))
        names = [activities[number].activity_id for number in chosen]
        x = [CONSTANT_X] + [random.randrange(-25, 26) for _ in range(DIM - 1)]
        token = token_for(self._user, names, self._scenario.keys, self._now_ms, len(self._events), x)
        for position in range(_IMPRESSIONS):
            about = {"activity_id": names[position], "token": token, "position": position}
            self._now_ms += 40
            self._add(EventType.IMPRESSION, **about)
            if random.random() < (0.5 if chosen[position] % 5 == self._taste else 0.05):
                self._now_ms += 1_500
                self._add(EventType.CLICK, **about)
                if random.random() < 0.3:
                    self._converted.add(names[position])
                    self._add(EventType.CONVERSION, **about, value=round(random.uniform(1, 30), 2))
            elif random.random() < 0.03:
                self._add(EventType.DISMISS, **about)
        return names[:_IMPRESSIONS]

    def _come_back(self, shown: list[str]) -> None:
        """Convert without a token, much later, where arrival within a minute cannot change what it belongs to."""
        about = self._random.choice(shown)
        self._now_ms += _QUIET_MS
        once = shown.count(about) == 1 and about not in self._converted
        if once and self._random.random() < 0.5:
            self._add(EventType.CONVERSION, activity_id=about)
            return
        if once:
            self._add(EventType.PURCHASE, item_id=f"deal-{int(about[1:])}", category="CHEESE", price=9.5, quantity=1)
        self._add(EventType.CLICK, activity_id=about)

    def _add(self, kind: EventType, **fields: object) -> None:
        event_id = f"{self._user}.{len(self._events)}"
        self._events.append(Event(event_id, self._user, kind, self._now_ms, **fields))  # type: ignore[arg-type]
