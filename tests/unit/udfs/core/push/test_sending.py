"""Whether a push is sent."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tideline.udfs.core.counter_random import decision_seeds
from tideline.udfs.core.hashing import hashes64
from tideline.udfs.core.push.push_prices import FULL, SEND, value_codes
from tideline.udfs.core.push.sending import EXPLORE, LEARN, NO_PUSH, SCARCE, decide, held_out

if TYPE_CHECKING:
    from numpy.typing import NDArray

USERS = hashes64(f"u{number}" for number in range(100_000))


def seeds(day: int, salt: int = 3) -> NDArray[np.uint64]:
    """Return the seeds of the first decision point of every user's day."""
    return decision_seeds(USERS, np.full(USERS.size, day), np.zeros(USERS.size, np.int64), salt)


@pytest.mark.parametrize("known", [True, False])
def test_pushes_are_drawn_with_the_chance_that_is_told(*, known: bool) -> None:
    """Contract: within four standard errors of it, among those worth it and the others alike."""
    values, prices = np.arange(USERS.size) % 3, np.ones(USERS.size, np.int64)
    found = decide(values, 0 * values, prices, seeds(20_000), known=known)
    for value, chance in enumerate((SCARCE, SCARCE, SEND)):
        here = values == value
        told = chance if known else LEARN
        assert set(found.chance[here].tolist()) == {told}
        p = told / 256
        assert abs(found.sent[here].mean() - p) < 4 * (p * (1 - p) / here.sum()) ** 0.5
    assert found.code.tolist() == value_codes(values).tolist()


def test_no_chance_is_none_or_all() -> None:
    """Contract: at any value and price each point may go either way, or its log could say nothing."""
    values, prices = np.array([-(2**60), 2**60, 0, 5]), np.array([0, 0, FULL, -(2**60)])
    for known in (True, False):
        chance = decide(values, 0 * values, prices, seeds(1)[:4], known=known).chance
        assert chance.min() > 0
        assert chance.max() < 256
    assert decide(values, 0 * values, prices, seeds(1)[:4], known=True).chance.tolist() == [
        EXPLORE,
        SEND,
        SCARCE,
        SEND,
    ]


def test_the_chance_is_how_likely_sending_is_worth_its_price() -> None:
    """Contract: of a normal value with its standard error, in 256ths, from 8 to 230, and from 1 where there is
    a price: what is sent to look takes its room. Where nothing is sure it is a half."""
    values, widths = np.array([-4, -2, -1, 0, 1, 2, 4]) * 2**20, np.full(7, 2**20)
    prices = np.full(7, 3 * 2**20)
    found = decide(values + prices, widths, prices, seeds(1)[:7], known=True).chance
    likely = [NormalDist().cdf(each) * 256 for each in (-4, -2, -1, 0, 1, 2, 4)]
    assert found.tolist() == [min(max(round(each), SCARCE), SEND) for each in likely]
    free = decide(values, widths, 0 * prices, seeds(1)[:7], known=True).chance
    assert free.tolist() == [min(max(round(each), EXPLORE), SEND) for each in likely]
    assert found[3] == 128
    unsure = decide(values, np.full(7, 2**50), prices, seeds(1)[:7], known=True).chance
    assert set(unsure.tolist()) == {128}


def test_a_value_of_nothing_is_not_worth_sending_at_any_price() -> None:
    """Contract: a price below 0 does not make a push worth it."""
    found = decide(np.array([0, -1]), np.zeros(2, np.int64), np.array([-5, -5]), seeds(1)[:2], known=True)
    assert found.chance.tolist() == [EXPLORE, EXPLORE]


def test_a_point_is_drawn_alike_by_every_restore_and_anew_every_day() -> None:
    """Contract: a function of user, day and number: in any batch the same, independent of the day before."""
    values, prices = np.ones(USERS.size, np.int64), np.zeros(USERS.size, np.int64)
    first = decide(values, 0 * values, prices, seeds(7), known=False).sent
    assert np.array_equal(
        decide(values[:99], 0 * values[:99], prices[:99], seeds(7)[:99], known=False).sent, first[:99]
    )
    next_day = decide(values, 0 * values, prices, seeds(8), known=False).sent
    assert abs((first & next_day).mean() - 0.25) < 0.01


def test_a_share_of_users_is_never_pushed_and_is_no_other_draw() -> None:
    """Contract: thirteen of 256, for ever the same, by the deployment's salt."""
    held = held_out(USERS, salt=3)
    assert abs(held.mean() - NO_PUSH / 256) < 4 * (0.05 * 0.95 / USERS.size) ** 0.5
    assert np.array_equal(held_out(USERS[::-1], salt=3), held[::-1])
    assert abs(held_out(USERS, salt=4)[held].mean() - NO_PUSH / 256) < 0.02
    values = np.ones(USERS.size, np.int64)
    assert abs(decide(values, 0 * values, 0 * values, seeds(7), known=False).sent[held].mean() - 0.5) < 0.03
