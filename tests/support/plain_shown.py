"""What is remembered of what a user was shown, read and written whole and plainly.

A second implementation of the bytes, by which the product's, which touches only what an event concerns, is judged.
"""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from tideline.udfs.core.shown.shown_state import (
    NO_CLICK,
    NO_VALUE,
    Claim,
    Dismissals,
    ListKey,
    Reward,
    ShownList,
    Uses,
)

if TYPE_CHECKING:
    from tideline.udfs.core.shown.remembered import Remembered

K = TypeVar("K")
V = TypeVar("V")

_COUNTS = struct.Struct("<9B")
_LIST = struct.Struct("<HIIHIH")
_FORMER = struct.Struct("<HIIHI")
_CONTEXT = struct.Struct("<BH16s")
_REWARD = struct.Struct("<BBBIHI")
_CONVERSION = struct.Struct("<BHIhIhI")
_NOTE = struct.Struct("<BHHHBB")
_CLAIM = struct.Struct("<QHIIhIB")
_USE = struct.Struct("<III")
_DISMISSAL = struct.Struct("<IH")
_SIZES = tuple(form.size for form in (_LIST, _FORMER, _CONTEXT, _REWARD, _CONVERSION, _NOTE, _CLAIM, _USE, _DISMISSAL))
_LISTS, _FORMERS, _CONTEXTS, _REWARDS, _CONVERSIONS, _NOTES, _CLAIMS, _USES, _DISMISSALS = range(9)
_LOW = 0xFFFFFFFF
_NOBODY, _SPENT = 127, 126
"""Numbers of a claim's holder where it has none, or one that is forgotten; the highest bit is its kind."""
_KIND_SHIFT = 7


@dataclass
class ShownState:
    """All that is remembered of one user."""

    lists: dict[ListKey, ShownList] = field(default_factory=dict)
    rewards: dict[tuple[ListKey, int], Reward] = field(default_factory=dict)
    """By list and position."""
    claims: dict[int, Claim] = field(default_factory=dict)
    uses: Uses = field(default_factory=dict)
    dismissed: Dismissals = field(default_factory=dict)


def decode_shown(data: bytes) -> ShownState:
    """Return what bytes of a state say, which must fit; nothing for none."""
    state = ShownState()
    if not data:
        return state
    counts = _COUNTS.unpack_from(data)
    parts: list[bytes] = []
    at = _COUNTS.size
    for count, size in zip(counts, _SIZES, strict=True):
        parts.append(data[at : at + count * size] if count else b"")
        at += count * size
    pages: list[ShownList] = []
    for high, low, seq, generation, shown_s, seen in _LIST.iter_unpack(parts[_LISTS]):
        pages.append(ShownList(_key(high, low, seq, generation), shown_s, seen, seen))
    state.lists = {page.key: page for page in pages}
    for number, implied, dismissed, spent, first_click, cascade in _NOTE.iter_unpack(parts[_NOTES]):
        page = pages[number]
        page.impressed, page.dismissed, page.spent = page.seen & ~implied, dismissed, spent
        page.first_click, page.cascade, page.unlearned = first_click & 0x7F, cascade, first_click > 0x7F
    rewards: list[Reward] = []
    if counts[_REWARDS]:
        rewards = _rewards(pages, parts)
        state.rewards = {(each.page.key, each.position): each for each in rewards}
    for number, high, low, ref, worth_high, worth_low, held in _CLAIM.iter_unpack(parts[_CLAIMS]):
        holder_number = held & _NOBODY
        held_by = rewards[holder_number] if holder_number < _SPENT else None
        holder = None if held_by is None else state.rewards[held_by.page.key, held_by.position]
        worth = worth_high << 32 | worth_low
        state.claims[number] = Claim(
            number, high << 32 | low, ref, worth, held >> _KIND_SHIFT, holder, holder_number == _SPENT
        )
    for activity, entry, minute in _USE.iter_unpack(parts[_USES]):
        state.uses.setdefault(activity, {})[entry] = minute
    state.dismissed = dict(_DISMISSAL.iter_unpack(parts[_DISMISSALS]))
    return state


def encode_shown(state: ShownState) -> bytes:
    """Return the bytes, each kind in order of its key, so that arrival order leaves no trace."""
    counts, parts = [0] * len(_SIZES), [b""] * len(_SIZES)
    lists = [state.lists[key] for key in sorted(state.lists)]
    listed, noted = [], []
    for number, each in enumerate(lists):
        listed.append(_LIST.pack(*_head(each.key), each.shown_s, each.seen))
        if each.seen != each.impressed or each.dismissed or each.spent or each.cascade or each.unlearned:
            noted.append(_note_bytes(each, number))
    counts[_LISTS], parts[_LISTS] = len(listed), b"".join(listed)
    if noted:
        counts[_NOTES], parts[_NOTES] = len(noted), b"".join(noted)
    rewards = [state.rewards[key] for key in sorted(state.rewards)]
    if rewards:
        _encode_rewards(rewards, lists, counts, parts)
    if state.claims:
        counts[_CLAIMS], parts[_CLAIMS] = len(state.claims), _claims_bytes(state, rewards)
    if state.uses:
        numbers: list[int] = []
        for name, found in sorted(state.uses.items()):
            for entry in sorted(found):
                numbers += (name, entry, found[entry])
        counts[_USES], parts[_USES] = len(numbers) // 3, struct.pack(f"<{len(numbers)}I", *numbers)
    if state.dismissed:
        parts[_DISMISSALS] = b"".join([_DISMISSAL.pack(*each) for each in sorted(state.dismissed.items())])
        counts[_DISMISSALS] = len(state.dismissed)
    return _COUNTS.pack(*counts) + b"".join(parts) if any(counts) else b""


def _key(high: int, low: int, seq: int, generation: int) -> ListKey:
    placement, high = divmod(high, 1024)
    return generation, high * 2**32 + low, seq, placement


def _head(key: ListKey) -> tuple[int, int, int, int]:
    generation, as_of_ms, seq, placement = key
    return placement * 1024 + (as_of_ms >> 32), as_of_ms & _LOW, seq, generation


def _rewards(pages: list[ShownList], parts: list[bytes]) -> list[Reward]:
    for high, low, seq, generation, shown_s in _FORMER.iter_unpack(parts[_FORMERS]):
        pages.append(ShownList(_key(high, low, seq, generation), shown_s))
    for number, encoder, x in _CONTEXT.iter_unpack(parts[_CONTEXTS]):
        pages[number].encoder, pages[number].x = encoder, x
    found: list[Reward] = []
    for number, position, flags, activity, high, low in _REWARD.iter_unpack(parts[_REWARDS]):
        lag, high = divmod(high, 1024)
        found.append(Reward(pages[number], position, activity, flags, high << 32 | low, counted_lag=lag))
    for number, high, low, told_high, told_low, fed_high, fed_low in _CONVERSION.iter_unpack(parts[_CONVERSIONS]):
        reward = found[number]
        reward.told_lag, high = divmod(high, 1024)
        reward.told_ms = high << 32 | low
        reward.told_milli, reward.counted_milli = told_high << 32 | told_low, fed_high << 32 | fed_low
    return found


def _has_conversion(reward: Reward) -> bool:
    return bool(reward.told_ms or reward.told_milli or reward.counted_milli or reward.told_lag)


def _note_bytes(each: ShownList, number: int) -> bytes:
    first_click = (each.first_click if each.cascade else NO_CLICK) | 0x80 * each.unlearned
    return _NOTE.pack(number, each.seen & ~each.impressed, each.dismissed, each.spent, first_click, each.cascade)


def _encode_rewards(rewards: list[Reward], lists: list[ShownList], counts: list[int], parts: list[bytes]) -> None:
    rewarded = {reward.page.key: reward.page for reward in rewards}
    number = {page.key: at for at, page in enumerate(lists)}
    former = [page for key, page in rewarded.items() if key not in number]
    number |= {page.key: at for at, page in enumerate(former, len(lists))}
    found = {
        _FORMERS: [_former_bytes(page) for page in former],
        _CONTEXTS: [_CONTEXT.pack(number[key], page.encoder, page.x) for key, page in rewarded.items()],
        _REWARDS: [_reward_bytes(each, number[each.page.key]) for each in rewards],
        _CONVERSIONS: [_conversion_bytes(each, at) for at, each in enumerate(rewards) if _has_conversion(each)],
    }
    for part, rows in found.items():
        counts[part], parts[part] = len(rows), b"".join(rows)


def _former_bytes(page: ShownList) -> bytes:
    return _FORMER.pack(*_head(page.key), page.shown_s)


def _reward_bytes(each: Reward, page: int) -> bytes:
    clicked_ms = each.clicked_ms + each.counted_lag * 2**42
    return _REWARD.pack(page, each.position, each.flags, each.activity, clicked_ms >> 32, clicked_ms & _LOW)


def _conversion_bytes(each: Reward, number: int) -> bytes:
    told_ms, told, fed = each.told_ms + each.told_lag * 2**42, each.told_milli, each.counted_milli
    return _CONVERSION.pack(number, told_ms >> 32, told_ms & _LOW, told >> 32, told & _LOW, fed >> 32, fed & _LOW)


def _claims_bytes(state: ShownState, rewards: list[Reward]) -> bytes:
    place = {id(reward): at for at, reward in enumerate(rewards)}
    rows = []
    for each in sorted(state.claims.values(), key=lambda claim: claim.age):
        ts_ms, milli = each.ts_ms, each.milli
        nobody = _SPENT if each.spent else _NOBODY
        held = each.kind << _KIND_SHIFT | (nobody if each.holder is None else place[id(each.holder)])
        rows.append(_CLAIM.pack(each.id, ts_ms >> 32, ts_ms & _LOW, each.ref, milli >> 32, milli & _LOW, held))
    return b"".join(rows)


def _shuffled(part: dict[K, V], draw: random.Random) -> dict[K, V]:
    return dict(draw.sample(list(part.items()), len(part)))


def some_state(seed: int = 3) -> ShownState:
    """Return a state with everything that there can be, filled in an order of its own."""
    draw = random.Random(seed)
    found = ShownState()
    for at in range(5):
        each = ShownList((1, 10**12 + at, at, at % 3), at, seen=7, impressed=3, dismissed=2, spent=at)
        found.lists[each.key] = each
    found.lists[1, 10**12 + 4, 4, 1].first_click, found.lists[1, 10**12 + 4, 4, 1].cascade = 1, 75
    former = ShownList((1, 10**11, 9, 63), 2**32 - 1)
    for page in (former, found.lists[1, 10**12, 0, 0]):
        page.encoder, page.x = 3, bytes(range(16))
    for position, page in enumerate((former, former, found.lists[1, 10**12, 0, 0])):
        found.rewards[page.key, position] = Reward(page, position, 77 + position, 5, 10**12 + 5)
    rewards = list(found.rewards.values())
    rewards[1].told_ms, rewards[1].told_milli, rewards[1].counted_milli = 2**42 - 1, -(10**12), 10**12
    rewards[1].told_lag, rewards[1].counted_lag, rewards[2].counted_lag = 63, 1, 63
    for number in range(4):
        holder = rewards[number % 3] if number > 1 else None
        worth = (NO_VALUE, -4)[number % 2]
        found.claims[number] = Claim(number, 10**12 - number, 5, worth, number % 2, holder, number == 1)
    found.uses = {77: {8: 5, 4: 6}}
    found.dismissed = {3: 2**16 - 1}
    for name in ("lists", "rewards", "claims", "uses"):
        setattr(found, name, _shuffled(getattr(found, name), draw))
    return found


def read_all(state: Remembered) -> ShownState:
    """Return all that is remembered, as a plain state; nothing of it stays unread."""
    lists = {page.key: page for page in state.lists.values()}
    return ShownState(lists, state.rewards, state.claims, state.marks.uses(), state.marks.dismissed)
