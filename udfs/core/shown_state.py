"""What is remembered of what a user was shown, and its bytes: lists, rewarded entries, claims and marks.

Layout, little-endian: four counts (u1) | lists of 26 bytes | rewards of 74 | claims of 30 | marks of 12; nothing for a
user who was shown nothing. A list costs 26 bytes however many of its entries were on screen, so many pages are
remembered; an entry has bytes of its own once it was clicked or converted; a dismissal and an impression of an activity
with a cap leave a mark, which outlives both.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np

CLICKED, CONVERTED, TOLD = 1, 2, 4
"""Flags of a reward: a click came; its conversion was counted; a conversion with its token came."""
ASSUMED, BOUGHT, REPORTED = 1, 2, 3
"""Where the worth of a conversion is from: the activity, a purchase, a report's value; 0: there was none."""
PURCHASE, CONVERSION = 0, 1
"""What a claim is: a purchase of an item, or a conversion without a token."""
NO_VALUE = -(2**63)
NO_CLICK = 16
"""first_click of a list without one."""
MARK = np.dtype([("activity", "<u4"), ("entry", "<u4"), ("at", "<u4")])
"""`entry`: odd, and tells the places of lists apart; twice the number of impressions of a mark that was merged; 0 for a
dismissal. `at`: minutes since the epoch, rounded up, so that no cap ends too soon; the highest bit says dismissed."""
DISMISSED = 1 << 31

_SOURCE_SHIFT, _SOURCE_BITS = 4, 0b11 << 4
_COUNTS = struct.Struct("<BBBB")
_LIST = struct.Struct("<qIIHHHHBB")
_REWARD = struct.Struct("<qIIHHIBBqqqq16s")
_CLAIM = struct.Struct("<QqIqBB")
_MARK = struct.Struct("<III")
_NO_HOLDER = 255

Marks = dict[int, dict[int, int]]
ListKey = tuple[int, int, int]
"""(generation, as_of_ms, seq): lists in the order in which they were made."""


@dataclass(slots=True)
class ShownList:
    """A list of which something was on screen. Masks have a bit for each place."""

    as_of_ms: int
    shown_s: int
    """Whole seconds from as_of_ms to its earliest event."""
    seq: int
    generation: int
    seen: int = 0
    """Entries that counted as an impression."""
    impressed: int = 0
    """Entries whose impression event came; a click implies one."""
    dismissed: int = 0
    first_click: int = NO_CLICK
    cascade: int = 0
    """Hundredths by which an impression below its first click counts less, as ordered when it was first heard of."""

    @property
    def key(self) -> ListKey:
        """What tells it from the user's other lists, and its age."""
        return self.generation, self.as_of_ms, self.seq


@dataclass(slots=True)
class Reward:
    """An entry of a list that was clicked or converted, in the context it was shown in."""

    as_of_ms: int
    shown_s: int
    seq: int
    generation: int
    encoder: int
    activity: int
    """activity_hash of its id."""
    slot: int
    flags: int
    clicked_ms: int
    """Earliest click; 0 for none."""
    told_ms: int
    """The report that counts: time and worth in thousandths; its source is in the flags."""
    told_milli: int
    counted_milli: int
    """Worth that was fed to the learner."""
    x: bytes

    @property
    def list_key(self) -> ListKey:
        """The list it stands in."""
        return self.generation, self.as_of_ms, self.seq

    @property
    def shown_ms(self) -> int:
        """When its list was first on screen, to the second."""
        return self.as_of_ms + 1000 * self.shown_s

    @property
    def told(self) -> tuple[int, int, int]:
        """What another report must exceed to replace the one that counts."""
        return worth_of((self.flags & _SOURCE_BITS) >> _SOURCE_SHIFT, self.told_ms, self.told_milli)

    def tell(self, source: int, at_ms: int, milli: int) -> None:
        """Take a report for the one that counts."""
        self.flags = self.flags & ~_SOURCE_BITS | source << _SOURCE_SHIFT
        self.told_ms, self.told_milli = at_ms, milli


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

    @property
    def age(self) -> tuple[int, int]:
        """What claims are ordered by."""
        return self.ts_ms, self.id


@dataclass(slots=True)
class ShownState:
    """All that is remembered of one user."""

    lists: dict[ListKey, ShownList] = field(default_factory=dict)
    rewards: dict[tuple[ListKey, int], Reward] = field(default_factory=dict)
    """By list and slot."""
    claims: dict[int, Claim] = field(default_factory=dict)
    marks: Marks = field(default_factory=dict)
    """Minutes by activity and entry; that of a dismissal has the bit DISMISSED."""


def worth_of(source: int, at_ms: int, milli: int) -> tuple[int, int, int]:
    """Return the rank of a report: values go by the latest, purchases by the first, equal times by the lower worth."""
    return source, -at_ms if source == BOUGHT else at_ms, -milli


def shown_fits(data: bytes) -> bool:
    """Return whether bytes of a state are as many as they say."""
    if len(data) < _COUNTS.size:
        return not data
    forms = (_LIST, _REWARD, _CLAIM, _MARK)
    counts: tuple[int, ...] = _COUNTS.unpack_from(data)
    wanted: int = _COUNTS.size + sum(count * form.size for count, form in zip(counts, forms, strict=True))
    return len(data) == wanted


def decode_shown(data: bytes) -> ShownState:
    """Return what bytes of a state say; nothing for none."""
    state = ShownState()
    if not data:
        return state
    counts = _COUNTS.unpack_from(data)
    at = _COUNTS.size
    parts: list[bytes] = []
    for count, form in zip(counts, (_LIST, _REWARD, _CLAIM, _MARK), strict=True):
        parts.append(data[at : at + count * form.size])
        at += count * form.size
    for fields in _LIST.iter_unpack(parts[0]):
        found = ShownList(*fields)
        state.lists[found.key] = found
    rewards = [Reward(*fields) for fields in _REWARD.iter_unpack(parts[1])]
    state.rewards = {(each.list_key, each.slot): each for each in rewards}
    for number, ts_ms, ref, milli, kind, holder in _CLAIM.iter_unpack(parts[2]):
        claim = Claim(number, ts_ms, ref, milli, kind, None if holder == _NO_HOLDER else rewards[holder])
        state.claims[claim.id] = claim
    for activity, entry, minute in _MARK.iter_unpack(parts[3]):
        state.marks.setdefault(activity, {})[entry] = minute
    return state


def encode_shown(state: ShownState) -> bytes:
    """Return the bytes, each kind in order of its key, so that arrival order leaves no trace."""
    keys = sorted(state.rewards)
    number = {id(state.rewards[key]): at for at, key in enumerate(keys)}
    marks = sorted((activity, entry, at) for activity, found in state.marks.items() for entry, at in found.items())
    claims = sorted(state.claims.values(), key=lambda each: each.age)
    if not (state.lists or keys or claims or marks):
        return b""
    parts = [_COUNTS.pack(len(state.lists), len(keys), len(claims), len(marks))]
    parts += [_list_bytes(state.lists[key]) for key in sorted(state.lists)]
    parts += [_reward_bytes(state.rewards[key]) for key in keys]
    for each in claims:
        holder = _NO_HOLDER if each.holder is None else number[id(each.holder)]
        parts.append(_CLAIM.pack(each.id, each.ts_ms, each.ref, each.milli, each.kind, holder))
    parts += [_MARK.pack(*mark) for mark in marks]
    return b"".join(parts)


def marks_of(data: bytes) -> bytes:
    """Return the marks (dtype MARK) at the end of the bytes of a state, without reading the rest."""
    return data[len(data) - _MARK.size * data[3] :] if data else b""


def _list_bytes(each: ShownList) -> bytes:
    return _LIST.pack(
        each.as_of_ms,
        each.shown_s,
        each.seq,
        each.generation,
        each.seen,
        each.impressed,
        each.dismissed,
        each.first_click,
        each.cascade,
    )


def _reward_bytes(each: Reward) -> bytes:
    return _REWARD.pack(
        each.as_of_ms,
        each.shown_s,
        each.seq,
        each.generation,
        each.encoder,
        each.activity,
        each.slot,
        each.flags,
        each.clicked_ms,
        each.told_ms,
        each.told_milli,
        each.counted_milli,
        each.x,
    )
