"""What is remembered of a user, touched only where an event concerns it, against a plain reading and writing of all."""

from __future__ import annotations

from copy import deepcopy
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.core_world import token_for
from tests.support.plain_shown import ShownState, decode_shown, encode_shown, read_all, some_state
from tests.support.told import CLICK, CONVERSION, DISMISS, IMPRESSION, NAMES, PURCHASE, apply, event
from tideline.udfs.core.shown.remembered import Remembered
from tideline.udfs.core.shown.shown_bytes import shown_fits
from tideline.udfs.core.shown.shown_state import CLICKED, NO_VALUE, Claim, ListKey, Reward, ShownList

MAX_LISTS = 12
STEPS = ("see", "click", "drop", "forget", "dismiss", "use", "claim", "ask")


def key_of(draw: Random, at: int) -> ListKey:
    seq, placement = draw.choice([at, 0, 2**32 - 1]), draw.choice([0, 0, 1, 63])
    return 1 + (at > 40), 10**12 + 1000 * at - draw.choice([0, 0, 1500]), seq, placement


def told_of(reward: Reward | None) -> tuple[object, ...]:
    if reward is None:
        return ()
    page = reward.page
    return (
        reward.position,
        reward.activity,
        reward.flags,
        reward.clicked_ms,
        reward.told,
        page.key,
        page.x,
        page.shown_ms,
    )


class Both:
    """The same changes made to a plain state and to what touches only what they concern."""

    def __init__(self, draw: Random, plain: ShownState) -> None:
        self.draw, self.plain, self.touched, self.at = draw, plain, Remembered(encode_shown(plain)), 0

    def write_and_read(self) -> None:
        data = self.touched.encode()
        assert data == encode_shown(self.plain)
        assert len(data) == self.touched.size() or (not data and self.touched.size() == 9)
        self.plain, self.touched = decode_shown(data), Remembered(data)

    def see(self) -> None:
        self.at += 1
        key, position = key_of(self.draw, self.at), self.draw.randrange(16)
        if self.plain.lists and (self.draw.random() < 0.4 or key < min(self.plain.lists)):
            key = self.draw.choice(list(self.plain.lists))
        if key not in self.plain.lists:
            if len(self.plain.lists) >= MAX_LISTS:
                self.drop()
            unlearned = self.draw.random() < 0.3
            self.plain.lists[key] = ShownList(key, 0, unlearned=unlearned)
            self.touched.add_list(ShownList(key, 0, unlearned=unlearned))
        touched = self.touched.lists.get(key)
        assert touched is not None
        for page in (self.plain.lists[key], touched):
            page.shown_s, page.seen, page.cascade = self.at, page.seen | 1 << position, self.at % 3
            page.impressed |= (self.at % 2) << position
            page.first_click = min(page.first_click, position) if page.cascade else page.first_click

    def drop(self) -> None:
        if self.plain.lists:
            del self.plain.lists[min(self.plain.lists)]
            self.touched.drop_oldest_list()

    def click(self) -> None:
        if not self.plain.lists:
            return
        key, position = self.draw.choice(list(self.plain.lists)), self.draw.randrange(16)
        for own in (self.plain, self.touched):
            page = own.lists.get(key)
            assert page is not None
            reward = own.rewards.get((key, position)) or Reward(page, position, 70 + position % 5)
            own.rewards[key, position] = reward
            page.encoder, page.x = 3, bytes(range(16))
            reward.flags, reward.clicked_ms, reward.told_milli = CLICKED, 10**12 + self.at, self.at % 2 * -(10**11)
            reward.counted_lag, reward.told_lag = self.at % 64, self.at % 2 * self.at % 64

    def forget(self) -> None:
        if self.plain.rewards:
            which = self.draw.choice(list(self.plain.rewards))
            for own in (self.plain, self.touched):
                gone = own.rewards.pop(which)
                gone.page.spent |= 1 << gone.position
                for claim in own.claims.values():
                    if claim.holder is gone:
                        claim.holder, claim.spent = None, True

    def claim(self) -> None:
        number, which = self.draw.randrange(2**64), self.draw.choice([None, *self.plain.rewards])
        for own in (self.plain, self.touched):
            holder = None if which is None else own.rewards[which]
            own.claims[number] = Claim(number, 10**12 + number % 7, 5, NO_VALUE, number % 2, holder)

    def dismiss(self) -> None:
        activity, day = self.draw.randrange(90), self.draw.randrange(2**16)
        self.plain.dismissed[activity] = self.touched.marks.dismissed[activity] = day

    def use(self) -> None:
        activity, entry = self.draw.choice([0, 1, 256, 77, 2**32 - 1, self.draw.randrange(2**32)]), self.at * 2 + 1
        self.plain.uses.setdefault(activity, {})[entry] = self.at
        self.touched.marks.uses_of(activity)[entry] = self.at
        assert self.touched.marks.activities() == self.plain.uses.keys()
        assert self.touched.marks.counts() == {each: len(found) for each, found in self.plain.uses.items()}

    def ask(self) -> None:
        for key, position in [*self.plain.rewards, (key_of(self.draw, 3), 2), *((key, 1) for key in self.plain.lists)]:
            touched = deepcopy(self.touched) if self.draw.random() < 0.5 else self.touched
            found = touched.reward(key, position)
            assert told_of(found) == told_of(self.plain.rewards.get((key, position)))
        assert self.touched.has_claims() == bool(self.plain.claims)
        assert self.touched.count_rewards() == len(self.plain.rewards)
        if self.plain.rewards:
            oldest_ms = min(each.page.shown_ms for each in self.plain.rewards.values())
            assert self.touched.oldest_rewarded_ms() <= oldest_ms
        assert self.touched.lists.newest_ms() == max((key[1] for key in self.plain.lists), default=0)


@settings(max_examples=150, deadline=None)
@given(
    st.randoms(use_true_random=False), st.lists(st.sampled_from((*STEPS, "see", "see", "write_and_read")), max_size=80)
)
def test_what_an_event_does_not_concern_stays_as_it_is(draw: Random, steps: list[str]) -> None:
    """Contract: after any changes the bytes are those of a plain writing of all, and as many as is said."""
    both = Both(draw, ShownState() if draw.random() < 0.5 else some_state())
    for step in steps:
        getattr(both, step)()
    both.write_and_read()
    assert read_all(both.touched) == both.plain


def test_what_is_written_comes_back() -> None:
    back = read_all(Remembered(encode_shown(some_state())))
    assert back == some_state()
    holders = [claim.holder for claim in back.claims.values() if claim.holder is not None]
    assert all(back.rewards[each.page.key, each.position] is each for each in holders)
    assert all(each.page is back.lists.get(each.page.key, each.page) for each in back.rewards.values())


@pytest.mark.parametrize("seed", range(5))
def test_the_order_in_which_things_came_leaves_no_trace(seed: int) -> None:
    state = some_state(seed)
    touched = Remembered()
    for page in state.lists.values():
        touched.add_list(page)
    touched.rewards.update(state.rewards)
    touched.claims.update(state.claims)
    touched.marks.dismissed.update(state.dismissed)
    for activity, found in state.uses.items():
        touched.marks.uses_of(activity).update(found)
    assert touched.encode() == encode_shown(some_state(3))


SIZES = 9 + 5 * 18 + 16 + 2 * 19 + 3 * 13 + 19 + 5 * 9 + 4 * 25 + 2 * 12 + 6


def test_a_page_of_ten_costs_as_much_as_one_of_its_entries() -> None:
    """Contract: the sizes that shown_bytes.py names; nothing for nothing."""
    data = encode_shown(some_state())
    assert len(Remembered(data).encode()) == Remembered(data).size() == SIZES
    assert (Remembered().encode(), Remembered().size()) == (b"", 9)


def test_a_state_with_any_byte_changed_stops_nothing() -> None:
    """Contract: what reads as some other state costs its user his past at most; his next events are applied."""
    at_ms = 10**12 + 4
    token = token_for("u", NAMES, at_ms, seq=4)
    purchase = PURCHASE._replace(ts_ms=at_ms + 9)
    told = [event(kind, name, at_ms, token) for kind in (IMPRESSION, CLICK, CONVERSION, DISMISS) for name in NAMES]
    data = encode_shown(some_state())
    for at in range(len(data)):
        for value in (0, 1, 7, 125, 255):
            broken = data[:at] + bytes([value]) + data[at + 1 :]
            if shown_fits(broken):
                outcome, _ = apply(told[:1], [*told, purchase], shown=broken)
                assert sum(outcome.joined.values()) == len(told) + 1
