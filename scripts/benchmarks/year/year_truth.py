"""What really happened in the simulated year, in plain dictionaries that share no code with the product."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from tideline.scripts.audit.list_audit import Past
from tideline.scripts.benchmarks.year.year_world import DAY_MS
from tideline.udfs.core.policies.arm_key import ArmKey

Version = tuple[int, int, int]
COUNTS = ("impressions", "clicks", "conversions", "dismissals", "milli")
Sums = dict[ArmKey, dict[int, Counter[str]]]
_KEPT_DAYS = 12
_NEWEST, _SURELY_KEPT = 40, 30
"""Events that are held of a user, and that are certainly in a history of 31."""


def no_sums() -> Sums:
    """Return sums by arm and day that begin with nothing."""
    return defaultdict(lambda: defaultdict(Counter))


class Shown(NamedTuple):
    """An entry of a list: whose it is, its version, the activity and the encoder in its `m`."""

    user: str
    version: Version
    activity: str
    encoder: int
    placement: str = ""


@dataclass(slots=True)
class Entry:
    """What came of it."""

    shown: Shown
    shown_ms: int
    learned: bool = True
    """Whether its user had agreed to be learned from."""
    known: int = 0
    """How many publications there had been when it was first told."""
    clicked_ms: int = 0
    value: int | None = None
    """Worth of its conversion in thousandths, None before it converted."""
    told: tuple[int, int] = (0, 0)
    """What said so: reports go before purchases, the latest report, the first purchase."""
    dismissed: bool = False


@dataclass(slots=True)
class Truth:
    """Honest impressions, clicks, conversions, dismissals and revenue, by (encoder, activity) and day."""

    sums: Sums = field(default_factory=no_sums)
    """What must have been learned."""
    denied: Sums = field(default_factory=no_sums)
    """What must not have been."""
    ledgers: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """By activity, whoever may be learned from."""
    publications: int = 0
    """So far."""
    converted: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    """Conversions by activity and by what was `known` of their entries."""
    newest_ms: dict[str, int] = field(default_factory=dict)
    """Of each user's events that counted or were organic."""
    dismissed: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    """When last, by user and activity."""
    impressions: dict[str, dict[Shown, int]] = field(default_factory=lambda: defaultdict(dict))
    """By user: when each entry was seen first, however late that is told."""
    clicks: dict[str, dict[Shown, int]] = field(default_factory=lambda: defaultdict(dict))
    """By user: when each entry was clicked last."""
    events: Counter[str] = field(default_factory=Counter)
    """How many different organic events of a user were taken in, at most."""
    _history: dict[str, dict[str, tuple[int, str | None]]] = field(default_factory=lambda: defaultdict(dict))
    """Newest organic events of a user by id: when, and the item where it is a purchase."""
    _entries: dict[Shown, Entry] = field(default_factory=dict)
    _clicked: dict[tuple[str, str], list[Entry]] = field(default_factory=lambda: defaultdict(list))
    _bought: set[str] = field(default_factory=set)

    def heard(self, user: str, ts_ms: int, event_id: str = "", bought: str | None = None) -> None:
        """Note that a user's event was taken in, a purchase with the item that was bought."""
        self.newest_ms[user] = max(self.newest_ms.get(user, 0), ts_ms)
        mine = self._history[user]
        self.events[user] += event_id not in mine
        mine[event_id] = ts_ms, bought
        if len(mine) > 2 * _NEWEST:
            newest = sorted(mine, key=lambda each: mine[each][0])[-_NEWEST:]
            self._history[user] = {each: mine[each] for each in newest}

    def past(self, user: str) -> Past:
        """Return what is known of a user's past, for lists that are made from now on."""
        dismissed, history = self.dismissed.get(user, {}), self._history.get(user, {})
        seen, clicked = self.impressions.get(user, {}), self.clicks.get(user, {})
        newest = sorted(history.values(), key=lambda each: each[0])[-_SURELY_KEPT:]
        return Past(
            [(shown.activity, ms) for shown, ms in seen.items()],
            [(shown.activity, ms) for shown, ms in clicked.items()],
            dismissed,
            {item: ms for ms, item in newest if item is not None},
            self.events[user],
        )

    def impression(self, shown: Shown, ts_ms: int, learned: bool = True) -> Entry:
        """Note that an entry was seen: its first event is its impression, and settles if it may be learned from."""
        entry = self._entries.get(shown)
        if entry is None:
            entry = self._entries[shown] = Entry(shown, ts_ms, learned, self.publications)
            self._add(entry, "impressions", 1)
        seen = self.impressions[shown.user]
        seen[shown] = min(ts_ms, seen.get(shown, ts_ms))
        return entry

    def click(self, shown: Shown, ts_ms: int) -> None:
        """Note a click, counted once."""
        entry = self.impression(shown, ts_ms)
        clicked = self.clicks[shown.user]
        clicked[shown] = max(ts_ms, clicked.get(shown, ts_ms))
        if not entry.clicked_ms:
            entry.clicked_ms = ts_ms
            self._add(entry, "clicks", 1)
            self._clicked[shown.user, shown.activity].append(entry)

    def dismiss(self, shown: Shown, ts_ms: int) -> None:
        """Note that a user wants to see an activity no more."""
        entry = self.impression(shown, ts_ms)
        mine = self.dismissed[shown.user]
        mine[shown.activity] = max(ts_ms, mine.get(shown.activity, ts_ms))
        if not entry.dismissed:
            entry.dismissed = True
            self._add(entry, "dismissals", 1)

    def conversion(self, shown: Shown, ts_ms: int, milli: int) -> None:
        """Note a conversion with its token; a later report replaces its worth."""
        self._worth(self.impression(shown, ts_ms), (2, ts_ms), milli)

    def purchase(self, event_id: str, user: str, ts_ms: int, activities: tuple[str, ...], milli: int) -> None:
        """Note a purchase: once, for the one of the activities that name its item that was clicked last."""
        if event_id in self._bought:
            return
        clicked = [each for name in activities for each in self._clicked.get((user, name), ()) if each.clicked_ms]
        clicked = [each for each in clicked if each.clicked_ms <= ts_ms <= each.shown_ms + 7 * DAY_MS]
        if clicked:
            self._bought.add(event_id)
            self._worth(max(clicked, key=lambda each: each.clicked_ms), (1, -ts_ms), milli)

    def prune(self, now_ms: int) -> None:
        """Forget entries that nothing can refer to any more."""
        limit_ms = now_ms - _KEPT_DAYS * DAY_MS
        self._entries = {key: each for key, each in self._entries.items() if each.shown_ms >= limit_ms}
        for key in [key for key, found in self._clicked.items() if found[-1].shown_ms < limit_ms]:
            del self._clicked[key]
        for times in (self.impressions, self.clicks):
            for user, mine in list(times.items()):
                times[user] = {shown: ms for shown, ms in mine.items() if ms >= limit_ms}
                if not times[user]:
                    del times[user]

    def _worth(self, entry: Entry, told: tuple[int, int], milli: int) -> None:
        if told < entry.told:
            return
        entry.told = told
        if entry.value is None:
            self._add(entry, "conversions", 1)
        self._add(entry, "milli", milli - (entry.value or 0))
        entry.value = milli

    def _add(self, entry: Entry, name: str, count: int) -> None:
        arm, day = ArmKey(entry.shown.encoder, entry.shown.activity), entry.shown_ms // DAY_MS
        self.ledgers[entry.shown.activity][name] += count
        (self.sums if entry.learned else self.denied)[arm][day][name] += count
        if name == "conversions":
            self.converted[entry.shown.activity][entry.known] += count
