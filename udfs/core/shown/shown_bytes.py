"""The bytes of what a user was shown, little-endian, times and worths in 48 bits; nothing for nothing.

nine counts of one byte, in the order of what follows
lists of 22 bytes, by key       (as_of_ms, seq, generation, shown_s, three masks)
former lists of 16, by key      those that only rewards still stand in
contexts of 19                  number of the list, encoder, x: of each list with a reward
rewards of 13, by list, slot    number of the list, slot, flags, activity, clicked_ms
conversions of 19               number of the reward, told_ms, told and counted worth: where it has any
cascades of 3                   number of the list, its first click and weight: where it is weighed so
claims of 25, by age            id, ts_ms, ref, worth, number of the reward that holds it with its kind
uses of 12, dismissals of 6     the marks, by activity
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from tideline.udfs.core.shown.shown_state import NO_CLICK, Claim, Reward, ShownList, ShownState

if TYPE_CHECKING:
    from collections.abc import Sequence


USE = np.dtype([("activity", "<u4"), ("entry", "<u4"), ("at", "<u4")])
"""`entry`: odd, and tells the places of lists apart; twice the number of impressions of a mark that was merged. `at`:
minutes since the epoch, rounded up, so that no cap ends too soon."""
DISMISSAL = np.dtype([("activity", "<u4"), ("day", "<u2")])

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


def most_bytes(state: ShownState) -> int:
    """Return how many bytes a state takes at most, without looking at what is in it but for the marks."""
    listed = len(state.lists) * (_LIST.size + _NOTE.size)
    rewarded = len(state.rewards) * (_REWARD.size + _CONVERSION.size + _CONTEXT.size + _FORMER.size)
    marked = sum(map(len, state.uses.values())) * _USE.size + len(state.dismissed) * _DISMISSAL.size
    return _COUNTS.size + listed + rewarded + len(state.claims) * _CLAIM.size + marked


def shown_size(state: ShownState) -> int:
    """Return how many bytes a state takes, 9 for nothing."""
    pages = {reward.page.key for reward in state.rewards.values()}
    counts = (
        len(state.lists),
        len(pages - state.lists.keys()),
        len(pages),
        len(state.rewards),
        sum(map(_has_conversion, state.rewards.values())),
        sum(map(_is_noted, state.lists.values())),
        len(state.claims),
        sum(map(len, state.uses.values())),
        len(state.dismissed),
    )
    return _size(counts)


def shown_fits(data: bytes) -> bool:
    """Return whether bytes of a state are as many as they say, and name only what is among them."""
    if len(data) < _COUNTS.size:
        return not data
    counts: tuple[int, ...] = _COUNTS.unpack_from(data)
    if len(data) != _size(counts):
        return False
    starts = _starts(counts)

    def below(part: int, limit: int, at: int = 0, mask: int = 0xFF) -> bool:
        step = _SIZES[part]
        numbers = data[starts[part] + at : starts[part] + step * counts[part] : step]
        return all(number & mask < limit or number & mask >= _SPENT == mask - 1 for number in numbers)

    pages = counts[_LISTS] + counts[_FORMERS]
    return (
        below(_CONTEXTS, pages)
        and below(_REWARDS, pages)
        and below(_CONVERSIONS, counts[_REWARDS])
        and below(_NOTES, counts[_LISTS])
        and below(_CLAIMS, counts[_REWARDS], _CLAIM.size - 1, _NOBODY)
    )


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
        pages.append(ShownList((generation, high << 32 | low, seq), shown_s, seen, seen))
    state.lists = {page.key: page for page in pages}
    for number, implied, dismissed, spent, first_click, cascade in _NOTE.iter_unpack(parts[_NOTES]):
        page = pages[number]
        page.impressed, page.dismissed, page.spent = page.seen & ~implied, dismissed, spent
        page.first_click, page.cascade = first_click, cascade
    rewards: list[Reward] = []
    if counts[_REWARDS]:
        rewards = _rewards(pages, parts)
        state.rewards = {(each.page.key, each.slot): each for each in rewards}
    for number, high, low, ref, worth_high, worth_low, held in _CLAIM.iter_unpack(parts[_CLAIMS]):
        holder_number = held & _NOBODY
        held_by = rewards[holder_number] if holder_number < _SPENT else None
        holder = None if held_by is None else state.rewards[held_by.page.key, held_by.slot]
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
        generation, as_of_ms, seq = each.key
        listed.append(_LIST.pack(as_of_ms >> 32, as_of_ms & _LOW, seq, generation, each.shown_s, each.seen))
        if each.seen != each.impressed or each.dismissed or each.spent or each.cascade:
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


def marks_of(data: bytes) -> tuple[bytes, bytes]:
    """Return the marks (dtypes USE and DISMISSAL) at the end of the bytes of a state, without reading the rest."""
    if not data:
        return b"", b""
    split = len(data) - _DISMISSAL.size * data[_DISMISSALS]
    return data[split - _USE.size * data[_USES] : split], data[split:]


def _size(counts: Sequence[int]) -> int:
    return _COUNTS.size + sum(count * size for count, size in zip(counts, _SIZES, strict=True))


def _starts(counts: Sequence[int]) -> list[int]:
    starts, at = [], _COUNTS.size
    for count, size in zip(counts, _SIZES, strict=True):
        starts.append(at)
        at += count * size
    return starts


def _rewards(pages: list[ShownList], parts: list[bytes]) -> list[Reward]:
    for high, low, seq, generation, shown_s in _FORMER.iter_unpack(parts[_FORMERS]):
        pages.append(ShownList((generation, high << 32 | low, seq), shown_s))
    for number, encoder, x in _CONTEXT.iter_unpack(parts[_CONTEXTS]):
        pages[number].encoder, pages[number].x = encoder, x
    found: list[Reward] = []
    for number, slot, flags, activity, high, low in _REWARD.iter_unpack(parts[_REWARDS]):
        found.append(Reward(pages[number], slot, activity, flags, high << 32 | low))
    for number, high, low, told_high, told_low, fed_high, fed_low in _CONVERSION.iter_unpack(parts[_CONVERSIONS]):
        reward = found[number]
        reward.told_ms = high << 32 | low
        reward.told_milli, reward.counted_milli = told_high << 32 | told_low, fed_high << 32 | fed_low
    return found


def _has_conversion(reward: Reward) -> bool:
    return bool(reward.told_ms or reward.told_milli or reward.counted_milli)


def _is_noted(each: ShownList) -> bool:
    return each.seen != each.impressed or bool(each.dismissed or each.spent or each.cascade)


def _note_bytes(each: ShownList, number: int) -> bytes:
    first_click = each.first_click if each.cascade else NO_CLICK
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
    generation, as_of_ms, seq = page.key
    return _FORMER.pack(as_of_ms >> 32, as_of_ms & _LOW, seq, generation, page.shown_s)


def _reward_bytes(each: Reward, page: int) -> bytes:
    clicked_ms = each.clicked_ms
    return _REWARD.pack(page, each.slot, each.flags, each.activity, clicked_ms >> 32, clicked_ms & _LOW)


def _conversion_bytes(each: Reward, number: int) -> bytes:
    told_ms, told, fed = each.told_ms, each.told_milli, each.counted_milli
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
