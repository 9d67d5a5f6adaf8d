"""Honest visitors of the simulated year: pages of ten, tabs, retries, logins, offline phones, orders and returns."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from enum import Enum
from heapq import heappop, heappush
from random import Random
from typing import TYPE_CHECKING, NamedTuple

import orjson

from tideline.schemas.events import Event, EventType
from tideline.scripts.benchmarks.year.year_rules import is_bargain
from tideline.scripts.benchmarks.year.year_truth import Shown
from tideline.scripts.benchmarks.year.year_world import CATEGORIES, DAY_MS, HOUR_MS

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence

_MINUTE_MS = 60_000
_ORGANIC = (EventType.VIEW,) * 6 + (EventType.SEARCH, EventType.ADD_TO_CART)


class Fate(Enum):
    """What must become of an event."""

    COUNTS = "counts"
    """Taken in, exactly once."""
    TOLD = "told"
    """Cannot count, and its loss must be told by a dead letter or a counter."""


class Sent(NamedTuple):
    """An event, when it reaches the broker, and what must become of it; `shown`: the entry it is about."""

    event: Event
    at_ms: int
    fate: Fate = Fate.COUNTS
    shown: Shown | None = None


class Page(NamedTuple):
    """A list as the frontend reads it."""

    version: tuple[int, int, int]
    encoder: int
    activities: tuple[str, ...]
    """Empty where an entry is not drawn."""
    token: str
    ends: tuple[int, ...] = ()
    """Minute since the epoch from which on each is over."""
    placement: str = ""
    """Empty: the default list."""


def read_page(payload: bytes) -> Page:
    """Return the page of a list."""
    found = orjson.loads(payload)
    minute = found["v"][1] // _MINUTE_MS
    ends = tuple(minute + each for each in found["e"])
    return Page(tuple(found["v"]), found["m"], tuple(found["i"]), found["k"], ends)


def drawn(page: Page, now_ms: int, stopped: Container[str]) -> Page:
    """Return a page as a frontend draws it: without what is over or stopped; all others keep their places."""
    ends = zip(page.activities, page.ends, strict=True)
    left = (name if now_ms // _MINUTE_MS < end and name not in stopped else "" for name, end in ends)
    return page._replace(activities=tuple(left))


@dataclass
class Visitors:
    """20,000 people, of whom some come often; `items_of` names the items of an activity."""

    count: int
    seed: int
    items_of: Callable[[str], tuple[str, ...]]
    _later: list[tuple[int, int, tuple[Sent, ...]]] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self._random = Random(f"{self.seed} visitors")  # noqa: S311
        weights = [min(self._random.paretovariate(1.1), 60.0) for _ in range(self.count)]
        self._cumulative = list(itertools.accumulate(weights))
        self._names = [f"u{number:05d}" for number in range(self.count)]

    def arrivals(self, sessions: int) -> list[str]:
        """Return who comes in a round, each once."""
        return sorted(set(self._random.choices(self._names, cum_weights=self._cumulative, k=sessions)))

    def first_page(self, user: str, page: Page, now_ms: int) -> list[Sent]:
        """Return what a visitor sends from his first page, reached within ten minutes of a moment."""
        random = self._random
        start_ms = now_ms + random.randrange(10 * _MINUTE_MS)
        story = random.random()
        sent = self._browse(user, start_ms - 30_000, random.randrange(1, 4))
        if story < 0.03:
            return sent + self._logs_in(user, page, start_ms)
        sent += self._look(user, page, start_ms)
        if story < 0.08:  # two more tabs of the same list in the same second
            sent += self._look(user, page, start_ms + 300) + self._look(user, page, start_ms + 500)
        elif story < 0.13:
            sent += sent  # the page's events are sent again
        elif story < 0.18:  # no network: they come in the next round, with the times they have
            self._put_off(now_ms + 4 * HOUR_MS, sent)
            return []
        elif story < 0.19:
            return [self._shifted(each, 4 * _MINUTE_MS) for each in sent]
        elif story < 0.195:
            return [self._shifted(each, 365 * DAY_MS)._replace(fate=Fate.TOLD) for each in sent]
        return sent

    def second_page(self, user: str, lists: Sequence[Page], now_ms: int) -> list[Sent]:
        """Return what he sends from the page after it, which shows several lists one below the other."""
        start_ms = now_ms + self._random.randrange(10 * _MINUTE_MS)
        sent = self._browse(user, start_ms - 5_000, 1)
        for at, page in enumerate(lists):
            sent += self._look(user, page, start_ms + 30_000 * at)
        return sent

    def due(self, now_ms: int) -> list[Sent]:
        """Return what was put off until now: offline phones, orders, returns, retries of days ago."""
        found: list[Sent] = []
        while self._later and self._later[0][0] <= now_ms:
            due_ms, _, sent = heappop(self._later)
            found += [each._replace(at_ms=max(each.at_ms, due_ms)) for each in sent]
        return found

    def _put_off(self, due_ms: int, sent: list[Sent]) -> None:
        heappush(self._later, (due_ms, next(self._numbers), tuple(sent)))

    def _browse(self, user: str, start_ms: int, count: int) -> list[Sent]:
        random = self._random
        sent = []
        for number in range(count):
            about = {"item_id": f"i{random.randrange(2_000)}", "category": random.choice(CATEGORIES)}
            price = round(random.uniform(0.5, 60.0), 2)
            sent.append(self._send(user, random.choice(_ORGANIC), start_ms + 4_000 * number, price=price, **about))
        return sent

    def _look(self, user: str, page: Page, start_ms: int) -> list[Sent]:
        """Return the impressions of a page within a second, and what he does with its entries after it."""
        random = self._random
        sent = [
            self._about(user, page, position, EventType.IMPRESSION, start_ms + 15 * position)
            for position in _positions(page)
        ]
        for position in _positions(page):
            name = page.activities[position]
            chance = 0.03 + 0.1 * (hash_of(user, name) % 10 == 0) + 0.15 * is_bargain(name)
            at_ms = start_ms + 3_000 + 1_700 * position
            if random.random() < 0.01:
                sent.append(self._about(user, page, position, EventType.DISMISS, at_ms))
            elif random.random() < chance:
                sent.append(self._about(user, page, position, EventType.CLICK, at_ms))
                if random.random() < 0.3:
                    self._order(user, page, position, at_ms)
        return sent

    def _order(self, user: str, page: Page, position: int, clicked_ms: int) -> None:
        """Put off an order of what was clicked: by its token, sometimes corrected or returned, or by its item."""
        random = self._random
        at_ms = clicked_ms + random.randrange(_MINUTE_MS, 3 * DAY_MS)
        worth = round(random.uniform(5.0, 80.0), 2)
        items = self.items_of(page.activities[position])
        if items and random.random() < 0.6:
            about = {"item_id": items[0], "category": "wine", "price": worth, "quantity": 1}
            order = self._send(user, EventType.PURCHASE, at_ms, **about)
        else:
            order = self._about(user, page, position, EventType.CONVERSION, at_ms, value=worth)
            if random.random() < 0.1:
                changed_ms = at_ms + random.randrange(_MINUTE_MS, 2 * DAY_MS)
                value = random.choice((0.0, round(worth / 2, 2)))
                back = self._about(user, page, position, EventType.CONVERSION, changed_ms, value=value)
                self._put_off(changed_ms, [back])
        self._put_off(at_ms, [order])
        if random.random() < 0.1:
            self._put_off(at_ms + HOUR_MS, [order])

    def _logs_in(self, user: str, page: Page, start_ms: int) -> list[Sent]:
        """Return clicks of a visitor who saw his list as a guest: its token is not his."""
        guest = f"g{next(self._numbers)}"
        return [
            self._about(user, page._replace(token=_of_another(page.token)), at, kind, start_ms + 700)._replace(
                fate=Fate.TOLD
            )
            for kind in (EventType.IMPRESSION, EventType.CLICK)
            for at in _positions(page)[:1]
        ] + self._browse(guest, start_ms - 9_000, 1)

    def _about(self, user: str, page: Page, position: int, kind: EventType, ts_ms: int, **more: object) -> Sent:
        name = page.activities[position]
        fields = {"activity_id": name, "token": page.token, "position": position}
        return self._send(user, kind, ts_ms, **fields, **more)._replace(
            shown=Shown(user, page.version, name, page.encoder, page.placement)
        )

    def _send(self, user: str, kind: EventType, ts_ms: int, **fields: object) -> Sent:
        return Sent(Event(f"e{next(self._numbers)}", user, kind, ts_ms, **fields), ts_ms + 500)  # type: ignore[arg-type]

    def _shifted(self, sent: Sent, by_ms: int) -> Sent:
        return sent._replace(event=sent.event._replace(ts_ms=sent.event.ts_ms + by_ms))


def hash_of(user: str, activity: str) -> int:
    """Return a number that a user's taste for an activity hangs on."""
    return int(user[1:]) * 7 + int(activity[1:]) * 13


def _positions(page: Page) -> list[int]:
    return [position for position, name in enumerate(page.activities) if name]


def _of_another(token: str) -> str:
    return token[:-6] + ("AAAA" if token[-6:-2] != "AAAA" else "BBBB") + token[-2:]
