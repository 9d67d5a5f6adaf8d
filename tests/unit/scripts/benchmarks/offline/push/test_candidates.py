"""Ways to name an item of an activity, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tideline.scripts.benchmarks.offline.push.candidates import Point, Shop, hits, points, transitions_of, worths


def a_shop() -> Shop:
    """Items 0 to 5 are of category 0, 6 of category 1; two households buy, the second basket of the first is asked."""
    known = [0, 1, 6, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5] * 5
    return Shop(
        np.array([0] * len(known) + [0, 0], np.int64),
        np.array([*range(len(known)), 100, 100], np.int64),
        np.array([*known, 2, 6], np.int64),
        np.array([True] * len(known) + [False] * 2),
        np.array([0] * 6 + [1], np.int64),
        ((np.array([0, 0, 1, 1, 1, 1, 2], np.int64), 1.0),),
    )


def test_transitions_are_counted_both_ways_inside_a_household() -> None:
    """Contract: 1 over the distance, over how often an item was taken; nothing of another household."""
    found = transitions_of(np.array([0, 1, 0, 2]), np.array([0, 0, 0, 1]), 3)
    of_0 = slice(found.starts[0], found.starts[1])
    assert (found.others[of_0].tolist(), found.weights[of_0].tolist()) == ([1], [1.0])
    of_1 = slice(found.starts[1], found.starts[2])
    assert (found.others[of_1].tolist(), found.weights[of_1].tolist()) == ([0], [2.0])
    assert found.starts[2] == found.starts[3]


def test_a_point_is_a_basket_and_a_category_with_what_came_before() -> None:
    """Contract: categories with few items are not asked; what is wanted is what the basket has of the category."""
    shop = a_shop()
    (point,) = points(shop, shop.taken)
    assert point.wanted.tolist() == [2]
    assert point.candidates.tolist() == [0, 1, 2, 3, 4, 5]
    assert point.history.tolist() == shop.item[:-2].tolist()


def test_each_way_puts_first_what_it_is_by() -> None:
    """Contract: own what he took most, content what is like it, transitions what others took beside it."""
    shop = a_shop()
    beside = transitions_of(np.array([0, 5] * 3), np.zeros(6, np.int64), 7)
    point = Point(0, np.array([0, 0, 1]), np.arange(6), np.array([5]))
    worth = worths(shop, beside, np.array([1, 1, 9, 1, 1, 1, 0]), point)
    best = {way: int(np.argmax(each)) for way, each in worth.items()}
    assert best == {"popular": 2, "content": 0, "transitions": 5, "both": 0, "own": 0}
    assert worth["content"][:3] == pytest.approx([1 + 1e-3 / 9, 1 + 1e-3 / 9, 1e-3])
    assert hits(worth["transitions"], point) == (True, True)
    assert hits(worth["own"], point) == (False, False), "0, 1, 2, 3, 4"
    assert hits(worth["own"], point._replace(wanted=np.array([0, 5]))) == (True, True)
