"""Random stories of users who read pages of ten, told twice: in order, and as a busy network would deliver them.

A story has pages of ten impressions (so its entries soon pass all that is remembered one by one), some seen or clicked
twice, old tabs, dismissals, conversions whose revision may overtake them, and purchases without a token. Told the
second time each event is overtaken by at most 30 of its user's, a third of them come again, and batches are cut
elsewhere. Lists byte for byte and sums must be the same. Half the users have profiles, which are told at any time and
in any order.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.models.encoder import Encoder
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.scripts.benchmarks.offline.story_profiles import profiles_of, scattered
from tideline.scripts.benchmarks.progress import say
from tideline.udfs.core.catalogue.activity import Activity, Cap, Rule
from tideline.udfs.core.context import CONSTANT_X, DIM
from tideline.udfs.core.limits import OBJECTIVES
from tideline.udfs.core.lists.activity_tags import ActivityTags
from tideline.udfs.core.lists.decision_token import mint
from tideline.udfs.core.lists.ranked_lists import ListHeads, MadeBy, RankedLists
from tideline.udfs.core.lists.token_keys import TokenKeys
from tideline.udfs.core.policies.by_name import make_policy
from tideline.udfs.core.policies.policy_table import PAIRS, PolicyRow
from tideline.udfs.core.profiles.profile_record import encode_profile
from tideline.udfs.core.serving.engine import Outcome, Records, process, take_profiles
from tideline.udfs.core.serving.offers.offers import RankSettings
from tideline.udfs.core.serving.ranker_state import RankerState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tideline.udfs.core.profiles.profile_record import Profile
    from tideline.udfs.core.users.interest import StepEncoder

MOST_OVERTAKEN = 30
_ENCODER = Path(__file__).resolve().parents[3] / "models" / "artefacts" / "demo-1"
_KEYS = TokenKeys({1: b"k" * 32}, 1)
_NOON_MS = 1_700_000_000_000
_DAY_MS = 86_400_000
_PAGE = 10
_ACTIVITIES = 24
_AT_ONCE = 200
"""Users whose stories are told side by side."""
NOBODY: dict[int, Sequence[Profile]] = {}
_CATEGORIES = ("GRAPES", "CHEESE", "bread", "tea")


@dataclass(slots=True)
class Told:
    """What a telling left behind: newest lists and states by user; sums by activity, encoder, time, context, pair."""

    lists: dict[str, bytes] = field(default_factory=dict)
    states: dict[str, bytes] = field(default_factory=dict)
    sums: defaultdict[tuple[Any, ...], np.ndarray[Any, Any]] = field(
        default_factory=lambda: defaultdict(lambda: np.zeros(5, np.int64))
    )

    def load(self, users: list[str]) -> list[bytes | None]:
        """Return the states of users."""
        return [self.states.get(user) for user in users]

    def take(self, outcome: Outcome) -> None:
        """Take in what a batch led to."""
        self.states.update(zip(outcome.users, outcome.states, strict=True))
        self.lists.update(zip(outcome.listed, outcome.lists, strict=True))
        for row in outcome.feedback:
            shown = row.impressions * (100 - row.examination_discount)
            counted = (shown, row.clicks, row.conversions, row.dismissals, row.revenue_milli)
            self.sums[row.activity_id, row.encoder, row.ts_ms, row.x, row.pair, row.unlearned] += np.array(counted)

    def user_sums(self) -> dict[tuple[Any, ...], tuple[int, ...]]:
        """Return the sums that did not cancel out."""
        return {key: tuple(each.tolist()) for key, each in self.sums.items() if each.any()}


def measure(stories: int, seed: int) -> dict[str, Any]:
    """Tell so many stories twice; count the users whose lists or whose learned sums differ."""
    differ = {"lists": 0, "sums": 0}
    events = 0
    encoder = Encoder.load(_ENCODER, "cpu")
    for first in range(0, stories, _AT_ONCE):
        numbers = range(first, min(first + _AT_ONCE, stories))
        found, told = compare({f"u{number}": story(f"u{number}", seed + number) for number in numbers}, seed, encoder)
        differ = {name: differ[name] + found[name] for name in differ}
        events += told
        say(f"{numbers[-1] + 1:,} of {stories:,} stories, {events:,} events; lists that differ {differ['lists']}")
    broken = {f"{name}_differ": count for name, count in differ.items() if count}
    return {"seed": seed, "stories": stories, "events": events, **differ, "violations": broken}


def compare(stories: dict[str, list[Event]], seed: int, encoder: StepEncoder) -> tuple[dict[str, int], int]:
    """Return how many users' lists and how many sums differ between two tellings, and the number of events."""
    rng = np.random.default_rng(seed)
    longest = max(len(each) for each in stories.values())
    rounds = [[each[at] for each in stories.values() if at < len(each)] for at in range(longest)]
    profiles = [told for number, user in enumerate(stories) for told in profiles_of(user, seed + number)]
    plain = tell(rounds, encoder, {0: profiles})
    arrivals = {user: disorder(each, rng) for user, each in stories.items()}
    batches = _cut(arrivals, rng)
    mixed = tell(batches, encoder, scattered(profiles, len(batches), rng))
    lists = sum(plain.lists.get(user) != mixed.lists.get(user) for user in stories)
    one, other = plain.user_sums(), mixed.user_sums()
    sums = sum(one.get(key) != other.get(key) for key in one.keys() | other.keys())
    return {"lists": lists, "sums": sums}, sum(map(len, stories.values()))


def story(user: str, seed: int) -> list[Event]:
    """Return a user's events in order of time."""
    return _Story(user, np.random.default_rng(seed)).events()


def disorder(events: Sequence[Event], rng: np.random.Generator) -> list[Event]:
    """Return events in an order in which at most MOST_OVERTAKEN newer ones overtake any, a third of them twice."""
    place = np.arange(len(events)) + rng.integers(0, MOST_OVERTAKEN + 1, len(events))
    moved = [events[number] for number in np.lexsort((np.arange(len(events)), place)).tolist()]
    again = [(at + int(rng.integers(1, MOST_OVERTAKEN)), moved[at]) for at in range(len(moved)) if rng.random() < 0.33]
    for at, event in sorted(again, key=lambda each: each[0], reverse=True):
        moved.insert(min(at, len(moved)), event)
    return moved


def tell(
    batches: Sequence[Sequence[Event]], encoder: StepEncoder, profiles: Mapping[int, Sequence[Profile]] = NOBODY
) -> Told:
    """Process batches of events, some profiles before some of them by number; return what they leave behind."""
    ranker, told = _ranker(encoder), Told()
    for number, batch in enumerate(batches):
        for each in profiles.get(number, ()):
            records = Records([each.user_id.encode()], [encode_profile(each)], [each.ts_ms])
            told.take(take_profiles(records, told.load, ranker))
        keys, newest = [event.user_id.encode() for event in batch], max(event.ts_ms for event in batch)
        records = Records(keys, [encode_event(event) for event in batch], [newest] * len(batch))
        told.take(process(records, told.load, ranker))
    return told


def _cut(arrivals: dict[str, list[Event]], rng: np.random.Generator) -> list[list[Event]]:
    """Return the users' events in their own orders, together in batches of random length."""
    batches: list[list[Event]] = []
    left = {user: list(reversed(each)) for user, each in arrivals.items()}
    while left:
        batch: list[Event] = []
        for user in list(left):
            batch += [left[user].pop() for _ in range(min(int(rng.integers(0, 12)), len(left[user])))]
            if not left[user]:
                del left[user]
        if batch:
            batches.append(batch)
    return batches


def _activities() -> list[Activity]:
    return [
        Activity(
            f"a{number}",
            "coupon",
            f"a{number}",
            _NOON_MS - 30 * _DAY_MS,
            _NOON_MS + 300 * _DAY_MS,
            cap=Cap(3 + number % 20, (1 + number) * _DAY_MS // 8) if number % 4 == 0 else None,
            rule=_rule(number),
            hours=(("all", "08:00", "20:00"),) if number % 7 == 3 else (),
            time_zone="UTC",
            items=(f"item-{number % 6}",),
            reward_value=2.5,
        )
        for number in range(_ACTIVITIES)
    ]


def _rule(number: int) -> Rule | None:
    if number % 9 == 2:
        return Rule(all='[{"label.tier": {"in": ["gold"]}}]')
    return Rule(min_events=number) if number % 5 == 1 else None


def _ranker(encoder: StepEncoder) -> RankerState:
    settings = RankSettings(
        policy=make_policy("pairs"),
        keys=_KEYS,
        salt=11,
        list_size=_PAGE,
        exploration_permille=100,
        attribution_ms=7 * _DAY_MS,
        weights=(1.0, 5.0, 0.0, 0.0),
    )
    ranker = RankerState.start(settings, encoder, {each.activity_id: each for each in _activities()})
    rng = np.random.default_rng(4)
    for offset, name in enumerate(sorted(ranker.offers.activities)):
        theta = rng.integers(-(2**22), 2**22, (len(OBJECTIVES), DIM))
        ranker = ranker.with_row(
            name, PolicyRow(offset, encoder.version, 10.0, 90.0, (1.0, 0.0, 0.0), theta, np.zeros(PAIRS, int))
        )
    return ranker


class _Story:
    """One user's visits, page after page."""

    def __init__(self, user: str, rng: np.random.Generator) -> None:
        self._user, self._rng = user, rng
        self._events: list[Event] = []
        self._now_ms = _NOON_MS + int(rng.integers(0, _DAY_MS))
        self._pages: list[tuple[str, list[str]]] = []
        self._names = [f"a{number}" for number in range(_ACTIVITIES)]

    def events(self) -> list[Event]:
        """Return all events of between 3 and 20 pages."""
        for _ in range(int(self._rng.integers(3, 21))):
            self._look_around()
            self._open_page()
            self._respond()
        return self._events

    def _add(self, kind: EventType, name: str | None = None, page: int | None = None, **fields: Any) -> None:
        self._now_ms += int(self._rng.choice([0, 40, 900, 7_000]))
        given: dict[str, Any] = {"activity_id": name, **fields}
        if page is not None and name is not None:
            token, shown = self._pages[page]
            given |= {"token": token, "position": shown.index(name)}
        number = len(self._events)
        self._events.append(Event(f"{self._user}-{number}", self._user, kind, self._now_ms, **given))

    def _look_around(self) -> None:
        self._now_ms += int(self._rng.choice([5_000, 60_000, 3_600_000, _DAY_MS], p=[0.4, 0.3, 0.2, 0.1]))
        for _ in range(int(self._rng.integers(1, 4))):
            kind = EventType(int(self._rng.integers(0, 3)))
            item = f"item-{self._rng.integers(0, 12)}"
            self._add(kind, item_id=item, category=str(self._rng.choice(_CATEGORIES)), price=2.5)

    def _open_page(self) -> None:
        shown = [str(name) for name in self._rng.permutation(self._names)[:_PAGE]]
        x = np.full((1, DIM), 3, np.int8)
        x[0, 0] = CONSTANT_X
        x[0, 1] = len(self._pages)
        lists = RankedLists(
            ListHeads(
                users=[self._user],
                as_of_ms=np.array([self._now_ms]),
                seq=np.array([len(self._events)]),
                arms=np.zeros(1, np.int64),
            ),
            MadeBy(generation=1, encoder=1, policy=3, exploration_permille=20),
            eligible=np.array([20]),
            explored=np.zeros(1, np.int64),
            x=x,
            order=np.arange(_PAGE)[None, :],
            tags=ActivityTags.of(shown, _KEYS).current,
            pairs=np.arange(len(self._pages), len(self._pages) + _PAGE, dtype=np.uint32)[None, :],
        )
        self._pages.append((mint(lists, _KEYS)[0], shown))
        for name in shown:
            self._add(EventType.IMPRESSION, name, len(self._pages) - 1)
            if self._rng.random() < 0.05:
                self._add(EventType.IMPRESSION, name, len(self._pages) - 1)

    def _respond(self) -> None:
        rng = self._rng
        for _ in range(int(rng.integers(0, 3))):
            page = max(0, len(self._pages) - 1 - int(rng.choice([0, 0, 0, 1, 4])))
            name = str(rng.choice(self._pages[page][1]))
            self._add(EventType.CLICK, name, page)
            if rng.random() < 0.2:
                self._add(EventType.CLICK, name, page)
            if rng.random() < 0.3:
                self._add(EventType.CONVERSION, name, page, value=round(float(rng.random() * 90), 2))
            if rng.random() < 0.15:
                self._add(EventType.CONVERSION, name, page, value=0.0)
            if rng.random() < 0.15:
                self._add(EventType.CONVERSION, name)
        if rng.random() < 0.3:
            price = None if rng.random() < 0.2 else float(rng.integers(1, 400)) / 4
            self._add(EventType.PURCHASE, item_id=f"item-{rng.integers(0, 8)}", price=price, quantity=2)
        if rng.random() < 0.1:
            page = len(self._pages) - 1
            self._add(EventType.DISMISS, str(rng.choice(self._pages[page][1])), page)
