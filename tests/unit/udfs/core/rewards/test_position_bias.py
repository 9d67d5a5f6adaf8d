"""How often each place is looked at, from swaps in simulated lists whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tideline.udfs.core.rewards.position_bias import Examination, ShownEntries, examination

ARMS, PLACES = 12, 5
LOOKED_AT = np.array([1.0, 0.7, 0.5, 0.4, 0.35])


def lists(count: int, exploration: float, rng: np.random.Generator) -> tuple[ShownEntries, NDArray[np.float64]]:
    """Lists of the best remaining activity by the user's own taste, each place explored, and the relevance [count, K].

    The rows' clicks are still to come.
    """
    taste = rng.normal(size=(ARMS,)) + rng.normal(size=(count, ARMS))
    relevance = 0.6 / (1.0 + np.exp(1.0 - 1.2 * taste))
    left = np.ones((count, ARMS), np.bool_)
    order = np.empty((count, PLACES), np.int64)
    explored = np.empty((count, PLACES), np.bool_)
    every = np.arange(count)
    for place in range(PLACES):
        best = np.where(left, relevance, -1.0).argmax(axis=1)
        drawn = np.where(left, rng.random((count, ARMS)), -1.0).argmax(axis=1)
        order[:, place] = np.where(rng.random(count) < exploration, drawn, best)
        explored[:, place] = order[:, place] != best
        left[every, order[:, place]] = False
    remaining = ARMS - np.arange(PLACES)
    chance = np.where(explored, exploration / remaining, 1.0 - exploration + exploration / remaining)
    rows = ShownEntries(
        user=np.repeat(every, PLACES),
        shown_list=np.repeat(every, PLACES),
        position=np.tile(np.arange(PLACES), count),
        action=order.ravel(),
        click=np.zeros(count * PLACES),
        explored=explored.ravel(),
        propensity=chance.ravel(),
        eligible=np.full(count * PLACES, ARMS),
    )
    return rows, np.take_along_axis(relevance, order, axis=1)


def by_position(count: int, exploration: float, seed: int) -> ShownEntries:
    rng = np.random.default_rng(seed)
    rows, relevance = lists(count, exploration, rng)
    return rows._replace(click=(rng.random(relevance.shape) < LOOKED_AT * relevance).astype(float).ravel())


def by_cascade(count: int, seed: int, after_click: float, without: float) -> ShownEntries:
    rng = np.random.default_rng(seed)
    rows, relevance = lists(count, 1.0, rng)
    looks, clicks = np.ones(count, np.bool_), np.empty(relevance.shape)
    for place in range(PLACES):
        clicked = looks & (rng.random(count) < relevance[:, place])
        clicks[:, place] = clicked
        looks &= rng.random(count) < np.where(clicked, after_click, without)
    return rows._replace(click=clicks.ravel())


def values(found: Examination) -> NDArray[np.float64]:
    return np.array([share.value for share in found.examined], float)


@pytest.mark.parametrize("exploration", [0.1, 1.0])
def test_examination_by_place_is_recovered_whatever_the_policy_prefers(exploration: float) -> None:
    """Contract: within 5 % and within the interval, where clicks of explored entries by place are far off."""
    rows = by_position(150_000, exploration, 1)
    found = examination([rows])
    assert values(found) == pytest.approx(LOOKED_AT, rel=0.05)
    for share, truth in zip(found.examined, LOOKED_AT.tolist(), strict=True):
        assert share.low is not None
        assert share.high is not None
        assert share.low <= truth <= share.high
    if exploration < 1.0:
        rates = [rows.click[rows.explored & (rows.position == place)].mean() for place in range(PLACES)]
        assert abs(rates[-1] / rates[0] - LOOKED_AT[-1]) > 0.1 * LOOKED_AT[-1]


def test_intervals_of_examination_cover_the_truth() -> None:
    """Contract: of the last place in at least 90 of 100 logs."""
    inside = 0
    for seed in range(100):
        last = examination([by_position(4_000, 0.5, seed)]).examined[-1]
        assert last.low is not None
        assert last.high is not None
        inside += last.low <= LOOKED_AT[-1] <= last.high
    assert inside >= 90


@pytest.mark.parametrize(("after_click", "without"), [(0.0, 0.8), (0.3, 0.9)])
def test_a_cascade_is_told_by_what_follows_a_click(after_click: float, without: float) -> None:
    """Contract: the chance of going on is recovered after no click to 5 %, after one to 0.1 (tastes differ)."""
    found = examination([by_cascade(150_000, 2, after_click, without)])
    assert [share.value for share in found.continuation] == pytest.approx([without] * (PLACES - 1), rel=0.05)
    after = found.continuation_after_click
    assert after.value == pytest.approx(after_click, abs=0.1)
    assert after.high is not None
    assert after.value is not None
    assert after.value < after.high < 0.5


def test_nothing_is_said_where_nothing_was_swapped() -> None:
    """Contract: no exploration, unknown propensities, too few clicks or no rows leave a place unknown, not guessed."""
    rows = by_position(2_000, 0.5, 3)
    for poor in (
        by_position(2_000, 0.0, 3),
        rows._replace(propensity=np.full(rows.click.size, np.nan)),
        rows._replace(click=rows.click * (rows.user < 10)),
    ):
        found = examination([poor])
        assert [share.value for share in found.examined] == [1.0, None, None, None, None]
        assert found.continuation_after_click.value is None
    nothing = examination([ShownEntries._make(column[:0] for column in rows)])
    assert (nothing.examined, nothing.swaps, nothing.continuation) == ([], [], [])


def test_an_unknown_place_hides_those_below_it_and_rows_may_come_in_any_order() -> None:
    rows = by_position(20_000, 0.5, 4)
    shuffled = np.random.default_rng(5).permutation(rows.click.size)
    mixed = examination([ShownEntries._make(column[shuffled] for column in rows)])
    assert values(mixed) == pytest.approx(values(examination([rows])), rel=1e-12)
    gap = rows._replace(propensity=np.where(rows.position == 2, np.nan, rows.propensity))
    assert [share.value is None for share in examination([gap]).examined] == [False, False, True, True, True]
