"""What a user has long liked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tideline.udfs.core.users.history import merge
from tideline.udfs.core.users.long_liked import (
    HALF_LIVES,
    KEPT,
    MAX_LIKED_BYTES,
    UNITS,
    fading_of,
    fold,
    fold_all,
    fold_many,
    none_liked,
)
from tideline.udfs.core.users.user_state import EVENT, HISTORY, decode_states, encode_states


def folded(categories: list[int]) -> NDArray[np.uint32]:
    """What is kept [KEPT, FIELDS] of a user whose events left his history one by one."""
    found = none_liked(1)
    for number, category in enumerate(categories):
        fold(found, np.array([number]), np.array([0]), np.array([category], np.uint32))
    mine: NDArray[np.uint32] = found[0]
    return mine


def plain(categories: list[int]) -> dict[int, list[int]]:
    """The weights of what is kept, by the plainest means."""
    kept: dict[int, list[int]] = {}
    for number, category in enumerate(categories):
        for at, half_life in enumerate(HALF_LIVES):
            if number and number % half_life == 0:
                for weights in kept.values():
                    weights[at] //= 2
        if category == 0:
            continue
        if category not in kept and len(kept) == KEPT:
            del kept[min(kept, key=lambda each: (kept[each][-1], each))]
        gained = [
            round(unit * 2.0 ** (number % half_life / half_life))
            for unit, half_life in zip(UNITS, HALF_LIVES, strict=True)
        ]
        kept[category] = [a + b for a, b in zip(kept.get(category, [0, 0]), gained, strict=True)]
    return kept


def weights_of(categories: list[int], newer: int = 0) -> NDArray[np.float64]:
    """What each kept category weighs after so many newer events."""
    return fading_of(np.array([len(categories)]), newer).of(np.zeros(KEPT, np.int64), folded(categories)[:, 1:])


def shares(categories: list[int], category: int, newer: int = 0) -> list[float]:
    """The shares of a category at each half-life."""
    mine = folded(categories)[:, 0] == category
    totals = fading_of(np.array([len(categories)]), newer).totals[0]
    return [float(each) for each in weights_of(categories, newer)[mine].sum(axis=0) / totals]


@pytest.mark.parametrize("categories", [5, 30, 60, 400])
def test_events_are_folded_as_the_plainest_means_do(categories: int) -> None:
    """One by one among others and many at once: the same weights, and the same bytes."""
    random = np.random.default_rng(categories)
    many = random.integers(0, categories, 2_500).tolist()
    found = folded(many)
    expected = plain(many)
    assert {each: weights for each, *weights in found.tolist() if each} == expected
    assert len(expected) == min(categories - 1, KEPT)
    at_once = none_liked(1)[0]
    fold_many(at_once, 0, many[:40])
    fold_many(at_once, 40, many[40:])
    assert at_once.tobytes() == found.tobytes()


def test_an_event_halves_in_a_half_life() -> None:
    """After as many other events as a half-life has half is left, wherever in its half-life it came."""
    for before in (0, 1, 57, 99, 100):
        for at, half_life in enumerate(HALF_LIVES):
            other = [9] * before
            new, old = (weights_of(each) for each in ([*other, 7], [*other, 7, *[0] * half_life]))
            place = folded([*other, 7])[:, 0].tolist().index(7)
            assert new[place, at] == UNITS[at]
            assert old[place, at] / new[place, at] == pytest.approx(0.5, abs=1e-5)
            assert shares([*other, 7], 7)[at] == pytest.approx(1 / _total(before + 1, half_life), abs=1e-5)


def _total(events: int, half_life: int) -> float:
    return float(sum(0.5 ** (age / half_life) for age in range(events)))


def test_newer_events_let_weights_and_totals_fade_alike() -> None:
    """What a full history leaves of them: shares among the long gone stay."""
    many = [7, 0, 8, 8] * 70
    for newer in (1, HISTORY):
        assert shares(many, 8, newer) == pytest.approx(shares(many, 8), abs=1e-5)
    now, later = (fading_of(np.array([len(many)]), newer) for newer in (0, HISTORY))
    for at, half_life in enumerate(HALF_LIVES):
        assert later.totals[0, at] / now.totals[0, at] == pytest.approx(0.5 ** (HISTORY / half_life), abs=1e-5)


def test_totals_are_of_all_events() -> None:
    """Also of those without a category; they are those of exact arithmetic, however many there are."""
    assert max(shares([7, 0, 8], 7)) < 0.34
    for events in (1, 99, 100, 101, 1_000, 5_001, 100_000):
        totals = fading_of(np.array([events]), 0).totals[0]
        for at, half_life in enumerate(HALF_LIVES):
            # The last of a period weighs what the first of the next does, but for one step of the root.
            exact = UNITS[at] * (1 - 0.5 ** (events / half_life)) / (1 - 0.5 ** (1 / half_life))
            assert totals[at] == pytest.approx(exact, rel=1e-5)
    assert not fading_of(np.array([0]), HISTORY).totals.any()


def test_whoever_likes_one_thing_alone_has_all_of_the_total() -> None:
    """Halving loses what is below one; of a share that is a millionth."""
    assert shares([7] * 30_000, 7) == pytest.approx([1.0, 1.0], abs=1e-5)


def test_a_billion_events_fit_the_numbers() -> None:
    """The most that a weight comes to, at the end of a half-life after endlessly many, is below 2^32."""
    for unit, half_life in zip(UNITS, HALF_LIVES, strict=True):
        inside = sum(unit * 2.0 ** (number / half_life) + 1 for number in range(half_life))
        assert 2 * inside < 2**32


def test_a_user_alone_and_among_others_has_the_same_bytes() -> None:
    """Whatever number of events each has behind him."""
    random = np.random.default_rng(2)
    events = random.integers(0, 50, (300, 5)).astype(np.uint32)
    together, behind = none_liked(5), np.zeros(5, np.int64)
    told: list[list[int]] = [[] for _ in range(5)]
    for row in events:
        some = np.flatnonzero(random.random(5) < 0.6)
        fold(together, behind[some], some, row[some])
        behind[some] += 1
        for at in some.tolist():
            told[at].append(int(row[at]))
    for at, mine in enumerate(told):
        assert together[at].tobytes() == folded(mine).tobytes()


def test_many_users_at_once_are_folded_as_each_alone() -> None:
    """Contract: of one to forty events each, with any number behind them."""
    random = np.random.default_rng(5)
    many = [random.integers(0, 50, random.integers(1, 300)).tolist() for _ in range(60)]
    liked = none_liked(60)
    left = []
    for row, categories in enumerate(many):
        behind = max(len(categories) - int(random.integers(1, 40)), 0)
        fold_many(liked[row], 0, categories[:behind])
        left.append((row, behind, categories[behind:]))
    fold_all(liked, left)
    for row, categories in enumerate(many):
        assert liked[row].tobytes() == folded(categories).tobytes()


@pytest.mark.parametrize("seed", range(6))
def test_any_order_inside_the_history_gives_the_same_bytes(seed: int) -> None:
    """Events overtaken by at most 15 others, in batches of any size, some told again: what leaves the history is folded
    in by time, and is what a plain list of all accepted events says."""
    random = np.random.default_rng(seed)
    events = np.zeros(400, EVENT)
    events["ts_ms"] = 1_000 * (1 + random.integers(0, 200, 400))
    events["event"] = 1 + np.arange(400)
    events["category"] = random.integers(0, 45, 400)
    events = events[np.lexsort((events["event"], events["ts_ms"]))]
    told = [_told(events, random) for _ in range(3)]
    assert told[0] == told[1] == told[2]
    liked = decode_states([told[0]], 0).liked[0]
    expected = plain(events["category"][:-HISTORY].tolist())
    assert {each: weights for each, *weights in liked.tolist() if each} == expected
    assert liked.nbytes == MAX_LIKED_BYTES <= 400


def _told(events: NDArray[Any], random: np.random.Generator) -> bytes:
    """Return a user's state after events in some order, written and read between batches."""
    order = np.argsort(np.arange(events.size) + random.uniform(0, 15, events.size))
    state, start = None, 0
    while start < events.size:
        news = events[order[start : start + int(random.integers(1, 10))]]
        start += news.size
        again = events[order[random.integers(0, start, 2)]]  # late or a duplicate
        batch = decode_states([state], 0)
        news = np.concatenate([news, again])
        merge(batch, np.zeros(news.size, np.int64), news)
        (state,) = encode_states(batch)
    assert batch.header["accepted"][0] == events.size
    assert state is not None
    return state
