"""What is remembered of what a user was shown: lists, rewarded entries, claims and marks. shown_bytes.py has its bytes.

A list costs the same however many of its entries were on screen, so many pages are remembered; an entry has memory of
its own once it was clicked or converted, its context is kept with its list, once; a dismissal, and an impression of an
activity with a cap, leave a mark, which outlives both.
"""

from __future__ import annotations

from dataclasses import dataclass

from tideline.udfs.core.lags import LAG_CODES, lag_code

CLICKED, CONVERTED, TOLD, UNLEARNED = 1, 2, 4, 8
"""Flags of a reward: a click came; its conversion was counted; a conversion with its token came; its list teaches
budgets alone."""
ASSUMED, BOUGHT, REPORTED = 1, 2, 3
"""Where the worth of a conversion is from: the activity, a purchase, a report's value; 0: there was none."""
PURCHASE, CONVERSION = 0, 1
"""What a claim is: a purchase of an item, or a conversion without a token."""
NO_VALUE = -(2**47)
NO_CLICK = 16
"""first_click of a list without one."""

_SOURCE_SHIFT, _SOURCE_BITS = 4, 0b11 << 4

ListKey = tuple[int, int, int, int]
"""(generation, as_of_ms, seq, placement): what tells a list from the user's others, in the order in which they were
made; the placement is its number, 0 for the default list."""
Uses = dict[int, dict[int, int]]
"""Minutes of impressions by activity_hash and entry, of activities with a cap."""
Dismissals = dict[int, int]
"""Days of dismissals by activity_hash."""


@dataclass(slots=True)
class ShownList:
    """A list of which something was on screen. Masks have a bit for each place."""

    key: ListKey
    shown_s: int
    """Whole seconds from as_of_ms to its earliest event."""
    seen: int = 0
    """Entries that counted as an impression."""
    impressed: int = 0
    """Entries whose impression event came; a click implies one."""
    dismissed: int = 0
    spent: int = 0
    """Entries whose reward was forgotten: of these no click or conversion counts any more, or it would count twice."""
    first_click: int = NO_CLICK
    """Known where `cascade` is not 0."""
    cascade: int = 0
    """Hundredths by which an impression below its first click counts less, as ordered when it was first heard of."""
    unlearned: bool = False
    """Whether it teaches budgets and floors alone, as settled when it was first heard of."""
    encoder: int = 0
    x: bytes = b""
    """Its context and whose it is, where it has a reward."""

    @property
    def as_of_ms(self) -> int:
        """The user's newest event behind it."""
        return self.key[1]

    @property
    def shown_ms(self) -> int:
        """When it was first on screen, to the second."""
        return self.key[1] + 1000 * self.shown_s


@dataclass(slots=True)
class Reward:
    """An entry of a list that was clicked or converted."""

    page: ShownList
    """The list it stands in, kept or not."""
    position: int
    activity: int
    """activity_hash of its id."""
    flags: int = 0
    clicked_ms: int = 0
    """Earliest click; 0 for none."""
    told_ms: int = 0
    """The report that counts: time and worth in thousandths; its source is in the flags."""
    told_milli: int = 0
    counted_milli: int = 0
    """Worth that was fed to the learner."""
    told_lag: int = 0
    """Of its earliest report with a token, and of a claim that is forgotten (lags.py); 0 for none."""
    counted_lag: int = 0
    """How late the conversion is, as it was fed to the learner."""

    @property
    def told(self) -> tuple[int, int, int]:
        """What another report must exceed to replace the one that counts."""
        return worth_of((self.flags & _SOURCE_BITS) >> _SOURCE_SHIFT, self.told_ms, self.told_milli)

    def tell(self, source: int, at_ms: int, milli: int) -> None:
        """Take a report for the one that counts."""
        self.flags = self.flags & ~_SOURCE_BITS | source << _SOURCE_SHIFT
        self.told_ms, self.told_milli = at_ms, milli

    def lag_at(self, at_ms: int) -> int:
        """Return how late a moment is, counted from its list (lags.py)."""
        return lag_code(at_ms - self.page.as_of_ms)

    def tell_lag(self, at_ms: int) -> None:
        """Take note of when something was reported: the earliest counts."""
        self.told_lag = min(self.told_lag or LAG_CODES, self.lag_at(at_ms))


@dataclass(slots=True)
class Claim:
    """A purchase, or a conversion without a token: credited to the entry clicked last before it, its holder."""

    id: int
    """hash64 of its event_id."""
    ts_ms: int
    ref: int
    """activity_hash of the item or of the activity."""
    milli: int
    """Its worth; NO_VALUE where it has none."""
    kind: int
    holder: Reward | None = None
    spent: bool = False
    """Its holder is forgotten; what it earned stays earned, and nobody else gets it."""

    @property
    def age(self) -> tuple[int, int]:
        """What claims are ordered by."""
        return self.ts_ms, self.id


def worth_of(source: int, at_ms: int, milli: int) -> tuple[int, int, int]:
    """Return the rank of a report: values go by the latest, purchases by the first, equal times by the lower worth."""
    return source, -at_ms if source == BOUGHT else at_ms, -milli
