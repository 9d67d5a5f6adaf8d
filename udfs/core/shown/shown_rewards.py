"""Rewards, the lists they stand in, and claims, as bytes: read together where an event concerns one, else left alone.

Most events that name their list are impressions of entries without a reward. For these the bytes only follow the lists:
numbers move when one comes or goes, and a list that goes becomes a former one where it has a reward. That is 3 us where
to read and write all of a busy user's is 100.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from tideline.udfs.core.shown.shown_bytes import (
    CLAIM_FORM,
    CONTEXT_FORM,
    CONVERSION_FORM,
    FORMER_FORM,
    HIGH,
    HIGH_BITS,
    KIND_SHIFT,
    LOW,
    NOBODY,
    REWARD_FORM,
    SPENT,
    find_row,
    first_moved_to,
    key_bytes,
    key_of,
    one_more_at,
    renumbered,
)
from tideline.udfs.core.shown.shown_state import Claim, Reward, ShownList

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tideline.udfs.core.shown.shown_lists import ShownLists
    from tideline.udfs.core.shown.shown_state import ListKey

Rewards = dict[tuple["ListKey", int], Reward]
"""By list and position."""
Claims = dict[int, Claim]

_FORMER, _CONTEXT, _REWARD = FORMER_FORM.size, CONTEXT_FORM.size, REWARD_FORM.size
_SHOWN_S = struct.Struct("<I")
_LAG_SHIFT = 32 + HIGH_BITS


class RewardBytes:
    """The parts of a state that tell of rewards and claims."""

    __slots__ = ("claims", "contexts", "conversions", "formers", "rewards")

    def __init__(self, formers: bytes, contexts: bytes, rewards: bytes, conversions: bytes, claims: bytes) -> None:
        """Take the five parts."""
        self.formers, self.contexts, self.rewards, self.conversions = formers, contexts, rewards, conversions
        self.claims = claims

    def parts(self) -> tuple[bytes, bytes, bytes, bytes]:
        """Return the four parts that stand together; the claims follow the notes."""
        return self.formers, self.contexts, self.rewards, self.conversions

    def __len__(self) -> int:
        """Return how many rewards there are."""
        return len(self.rewards) // _REWARD

    def size(self) -> int:
        """Return how many bytes they take."""
        return sum(map(len, self.parts())) + len(self.claims)

    def list_added(self, number: int) -> None:
        """Follow a list that was put in at a number."""
        self._renumber(one_more_at(number))

    def list_dropped(self, former: bytes, left: int) -> None:
        """Follow the first list, which was dropped; `left` lists are kept."""
        place = 0xFF
        if self.contexts[::_CONTEXT].find(0) >= 0:
            place = left + len(self.formers) // _FORMER
            self.formers += former
        self._renumber(first_moved_to(place))

    def _renumber(self, numbers: bytes) -> None:
        self.contexts = renumbered(self.contexts, _CONTEXT, numbers)
        self.rewards = renumbered(self.rewards, _REWARD, numbers)

    def has(self, key: ListKey, position: int, lists: ShownLists) -> bool:
        """Return whether a place of a list has a reward."""
        number = lists.number(key)
        if number is None:
            former = find_row(self.formers, _FORMER, key_bytes(key))
            number = len(lists) + former // _FORMER
            if former < 0:
                return False
        return find_row(self.rewards, _REWARD, bytes((number, position))) >= 0

    def oldest_list_ms(self, lists: ShownLists) -> int:
        """Return a moment before which no list was made, kept or former: 0 where they are of several generations."""
        first = self._former_key(0) if self.formers else lists.key_at(0) if len(lists) else (0, 0, 0, 0)
        last = lists.key_at(len(lists) - 1) if len(lists) else self._former_key(-1 + len(self.formers) // _FORMER)
        return first[1] if first[0] == last[0] else 0

    def _former_key(self, number: int) -> ListKey:
        high, low, seq, generation, _ = FORMER_FORM.unpack_from(self.formers, number * _FORMER)
        return key_of(high, low, seq, generation)


def read_rewards(written: RewardBytes, lists: ShownLists) -> tuple[Rewards, Claims]:
    """Return the rewards, whose lists are those of `lists` where these are kept, and the claims they hold."""
    listed = len(lists)
    pages: dict[int, ShownList] = {}
    for number, encoder, x in CONTEXT_FORM.iter_unpack(written.contexts):
        page = pages[number] = lists.at(number) if number < listed else _former(written.formers, number - listed)
        page.encoder, page.x = encoder, x
    found: list[Reward] = []
    for number, position, flags, activity, high, low in REWARD_FORM.iter_unpack(written.rewards):
        page = pages.get(number) or (lists.at(number) if number < listed else _former(written.formers, number - listed))
        reward = Reward(page, position, activity, flags, (high & HIGH) << 32 | low)
        reward.counted_lag = high >> HIGH_BITS
        found.append(reward)
    for number, high, low, told_high, told_low, fed_high, fed_low in CONVERSION_FORM.iter_unpack(written.conversions):
        reward = found[number]
        reward.told_ms, reward.told_lag = (high & HIGH) << 32 | low, high >> HIGH_BITS
        reward.told_milli, reward.counted_milli = told_high << 32 | told_low, fed_high << 32 | fed_low
    rewards = {(each.page.key, each.position): each for each in found}
    claims: Claims = {}
    for claim_id, high, low, ref, worth_high, worth_low, held in CLAIM_FORM.iter_unpack(written.claims):
        number = held & NOBODY
        holder = rewards[found[number].page.key, found[number].position] if number < SPENT else None
        worth = worth_high << 32 | worth_low
        kind = held >> KIND_SHIFT
        claims[claim_id] = Claim(claim_id, high << 32 | low, ref, worth, kind, holder, number == SPENT)
    return rewards, claims


def reward_bytes(rewards: Rewards, claims: Claims, lists: ShownLists) -> RewardBytes:
    """Return the bytes, each kind in order of its key, so that arrival order leaves no trace."""
    ordered = [rewards[key] for key in sorted(rewards)]
    pages = {reward.page.key: reward.page for reward in ordered}
    number = {key: at for at, key in enumerate(lists.keys())} if pages else {}
    former = [page for key, page in pages.items() if key not in number]
    number |= {page.key: at for at, page in enumerate(former, len(lists))}
    return RewardBytes(
        b"".join([_former_bytes(page) for page in former]),
        b"".join([CONTEXT_FORM.pack(number[key], page.encoder, page.x) for key, page in pages.items()]),
        b"".join([_reward_bytes(each, number[each.page.key]) for each in ordered]),
        b"".join([_conversion_bytes(each, at) for at, each in enumerate(ordered) if has_conversion(each)]),
        _claims_bytes(claims, ordered),
    )


def size_of(rewards: Rewards, claims: Claims, lists: ShownLists) -> int:
    """Return how many bytes they take."""
    pages = {reward.page.key for reward in rewards.values()}
    former = len(pages.difference(lists.keys()))
    converted = sum(map(has_conversion, rewards.values()))
    rewarded = len(rewards) * _REWARD + len(pages) * _CONTEXT + former * _FORMER
    return rewarded + converted * CONVERSION_FORM.size + len(claims) * CLAIM_FORM.size


def has_conversion(reward: Reward) -> bool:
    """Return whether a reward's conversion takes bytes."""
    return bool(reward.told_ms or reward.told_milli or reward.counted_milli or reward.told_lag)


def _former(formers: bytes, number: int) -> ShownList:
    high, low, seq, generation, shown_s = FORMER_FORM.unpack_from(formers, number * _FORMER)
    return ShownList(key_of(high, low, seq, generation), shown_s)


def _former_bytes(page: ShownList) -> bytes:
    return key_bytes(page.key) + _SHOWN_S.pack(page.shown_s)


def _reward_bytes(each: Reward, page: int) -> bytes:
    clicked_ms = each.counted_lag << _LAG_SHIFT | each.clicked_ms
    return REWARD_FORM.pack(page, each.position, each.flags, each.activity, clicked_ms >> 32, clicked_ms & LOW)


def _conversion_bytes(each: Reward, number: int) -> bytes:
    told_ms, told, fed = each.told_lag << _LAG_SHIFT | each.told_ms, each.told_milli, each.counted_milli
    return CONVERSION_FORM.pack(number, told_ms >> 32, told_ms & LOW, told >> 32, told & LOW, fed >> 32, fed & LOW)


def _claims_bytes(claims: Claims, ordered: Sequence[Reward]) -> bytes:
    if not claims:
        return b""
    place = {id(reward): at for at, reward in enumerate(ordered)}
    rows = []
    for each in sorted(claims.values(), key=lambda claim: claim.age):
        ts_ms, milli = each.ts_ms, each.milli
        nobody = SPENT if each.spent else NOBODY
        held = each.kind << KIND_SHIFT | (nobody if each.holder is None else place[id(each.holder)])
        rows.append(CLAIM_FORM.pack(each.id, ts_ms >> 32, ts_ms & LOW, each.ref, milli >> 32, milli & LOW, held))
    return b"".join(rows)
