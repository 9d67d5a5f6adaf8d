"""What really happened in the simulated year, in plain dictionaries that share no code with the product."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from tideline.scripts.benchmarks.year.year_world import DAY_MS
from tideline.udfs.core.policies.arm_key import ArmKey

Version = tuple[int, int, int]
COUNTS = ("impressions", "clicks", "conversions", "dismissals", "milli")
_KEPT_DAYS = 12


class Shown(NamedTuple):
    """An entry of a list: whose it is, its version, the activity and the encoder in its `m`."""

    user: str
    version: Version
    activity: str
    encoder: int


@dataclass(slots=True)
class Entry:
    """What came of it."""

    shown: Shown
    shown_ms: int
    clicked_ms: int = 0
    value: int | None = None
    """Worth of its conversion in thousandths, None before it converted."""
    told: tuple[int, int] = (0, 0)
    """What said so: reports go before purchases, the latest report, the first purchase."""
    dismissed: bool = False


@dataclass(slots=True)
class Truth:
    """Honest impressions, clicks, conversions, dismissals and revenue, by (encoder, activity) and day."""

    sums: dict[ArmKey, dict[int, Counter[str]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Counter))
    )
    newest_ms: dict[str, int] = field(default_factory=dict)
    """Of each user's events that counted or were organic."""
    dismissed: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    impressions: dict[tuple[str, str], dict[Shown, int]] = field(default_factory=lambda: defaultdict(dict))
    """Of activities with a cap, by user and activity: when each entry was seen first, however late that is told."""
    _entries: dict[Shown, Entry] = field(default_factory=dict)
    _clicked: dict[tuple[str, str], list[Entry]] = field(default_factory=lambda: defaultdict(list))
    _bought: set[str] = field(default_factory=set)

    def heard(self, user: str, ts_ms: int) -> None:
        """Note that a user's event was taken in."""
        self.newest_ms[user] = max(self.newest_ms.get(user, 0), ts_ms)

    def impression(self, shown: Shown, ts_ms: int, capped: bool) -> Entry:
        """Note that an entry was seen: the first event of an entry is its impression."""
        entry = self._entries.get(shown)
        if entry is None:
            entry = self._entries[shown] = Entry(shown, ts_ms)
            self._add(entry, "impressions", 1)
        if capped:
            seen = self.impressions[shown.user, shown.activity]
            seen[shown] = min(ts_ms, seen.get(shown, ts_ms))
        return entry

    def click(self, shown: Shown, ts_ms: int, capped: bool) -> None:
        """Note a click, counted once."""
        entry = self.impression(shown, ts_ms, capped)
        if not entry.clicked_ms:
            entry.clicked_ms = ts_ms
            self._add(entry, "clicks", 1)
            self._clicked[shown.user, shown.activity].append(entry)

    def dismiss(self, shown: Shown, ts_ms: int, capped: bool) -> None:
        """Note that a user wants to see an activity no more."""
        entry = self.impression(shown, ts_ms, capped)
        self.dismissed[shown.user].add(shown.activity)
        if not entry.dismissed:
            entry.dismissed = True
            self._add(entry, "dismissals", 1)

    def conversion(self, shown: Shown, ts_ms: int, capped: bool, milli: int) -> None:
        """Note a conversion with its token; a later report replaces its worth."""
        self._worth(self.impression(shown, ts_ms, capped), (2, ts_ms), milli)

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
        for pair in [pair for pair, seen in self.impressions.items() if max(seen.values()) < limit_ms]:
            del self.impressions[pair]

    def _worth(self, entry: Entry, told: tuple[int, int], milli: int) -> None:
        if told < entry.told:
            return
        entry.told = told
        if entry.value is None:
            self._add(entry, "conversions", 1)
        self._add(entry, "milli", milli - (entry.value or 0))
        entry.value = milli

    def _add(self, entry: Entry, name: str, count: int) -> None:
        of_day = self.sums[ArmKey(entry.shown.encoder, entry.shown.activity)][entry.shown_ms // DAY_MS]
        of_day[name] += count
