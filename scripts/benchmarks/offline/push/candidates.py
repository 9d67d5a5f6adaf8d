"""Which item of an activity a message should name: by what its user took, by what others took next, or by both.

Real purchases (Complete Journey): an activity is a category. Asked is what of it a household takes next, known is what
came before that basket; popularity and transitions come from all baskets before the split.

| way | worth of an item |
|---|---|
| popular | how often all took it |
| content | kind, maker and size like those of what he took of the category |
| transitions | how often it was within five purchases of his newest 31, nearer ones counting more |
| both | the sum of these two, each at most 1 |
| own | how often he took it, older purchases counting half after 100 others |

Where nothing is known of an item its popularity decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tideline.models.bootstrap import group_sums, resampled_means
from tideline.models.coded_texts import coded_texts
from tideline.models.prepare.completejourney import table
from tideline.scripts.benchmarks.progress import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

SPLIT = "2017-11-04"
WAYS = ("popular", "content", "transitions", "both", "own")
_POINTS, _SEED = 8, 1
_LEAST_TAKEN, _LEAST_ITEMS, _LEAST_HISTORY = 5, 5, 5
_BACK, _NEWEST, _ALIKE, _HALF_LIFE = 5, 31, 60, 100.0
_ATTRIBUTES = {"product_type": 1.0, "manufacturer_id": 1.0, "package_size": 0.5}
_RARE = 1e-3


class Shop(NamedTuple):
    """Purchases by household and time, and the items they name."""

    household: NDArray[np.int64]
    basket: NDArray[np.int64]
    item: NDArray[np.int64]
    is_known: NDArray[np.bool_]
    """Whether it was before the split."""
    category: NDArray[np.int64]
    """Of each item."""
    attributes: tuple[tuple[NDArray[np.int64], float], ...]
    """Of each item: kind, maker and size as numbers, and what it counts to have the same."""

    @property
    def taken(self) -> NDArray[np.int64]:
        """How often each item was taken before the split."""
        return np.bincount(self.item[self.is_known], minlength=self.category.size)


class Transitions(NamedTuple):
    """By item what else was taken near it: from `starts[i]` to `starts[i + 1]` other items and their weights."""

    starts: NDArray[np.int64]
    others: NDArray[np.int64]
    weights: NDArray[np.float64]


class Point(NamedTuple):
    """A basket's items of a category, what its household had taken before, and the items there are."""

    household: int
    history: NDArray[np.int64]
    candidates: NDArray[np.int64]
    wanted: NDArray[np.int64]


def measure() -> dict[str, Any]:
    """Return hit rates of the first item and of the first five by way, with 95 % intervals that count households."""
    shop = load()
    transitions = transitions_of(shop.item[shop.is_known], shop.household[shop.is_known], shop.category.size)
    say(f"{shop.item.size:,} purchases, {transitions.others.size:,} transitions")
    taken, found = shop.taken, list[tuple[int, int, bool, list[tuple[bool, bool]]]]()
    for point in points(shop, taken):
        worth = worths(shop, transitions, taken, point)
        is_new = not np.isin(point.wanted, point.history).any()
        found.append((point.household, point.candidates.size, is_new, [hits(worth[way], point) for way in WAYS]))
    households, hit = np.array([each[0] for each in found]), np.array([each[3] for each in found], np.float64)
    return {
        "points": len(found),
        "items": int(np.median([each[1] for each in found])),
        "new_to_them": round(float(np.mean([each[2] for each in found])), 3),
        "hr1": {way: _rate(hit[:, at, 0], households) for at, way in enumerate(WAYS)},
        "hr5": {way: _rate(hit[:, at, 1], households) for at, way in enumerate(WAYS)},
    }


def load() -> Shop:
    """Return the purchases of Complete Journey.

    Raises:
        ConfigError: its package is not installed.
    """
    bought = table("transactions").sort_by(
        [(name, "ascending") for name in ("household_id", "transaction_timestamp", "basket_id", "product_id")]
    )
    products = table("products")
    names, item = np.unique(bought["product_id"].to_numpy(), return_inverse=True)
    ids = products["product_id"].to_numpy()
    order = np.argsort(ids)
    rows = order[np.searchsorted(ids, names, sorter=order)]
    return Shop(
        np.unique(bought["household_id"].to_numpy(), return_inverse=True)[1],
        np.unique(bought["basket_id"].to_numpy(), return_inverse=True)[1],
        item,
        bought["transaction_timestamp"].to_numpy() < np.datetime64(SPLIT),
        _numbered(products["product_category"], rows),
        tuple((_numbered(products[name], rows), worth) for name, worth in _ATTRIBUTES.items()),
    )


def _numbered(column: pa.ChunkedArray, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a number for each distinct text of some rows, none being one of them."""
    return coded_texts(pc.fill_null(pc.cast(column, pa.string()), "")).among(rows).code.astype(np.int64)


def transitions_of(item: NDArray[np.int64], household: NDArray[np.int64], items: int) -> Transitions:
    """Return what was taken at most `_BACK` purchases apart, 1 / distance each, over how often the item was taken.

    >>> found = transitions_of(np.array([0, 1, 2]), np.zeros(3, int), 3)
    >>> found.others.tolist(), found.weights.tolist()
    ([1, 2, 0, 2, 0, 1], [1.0, 0.5, 1.0, 1.0, 0.5, 1.0])
    """
    pairs, weights = [np.zeros(0, np.int64)], [np.zeros(0)]
    for back in range(1, _BACK + 1):
        near = np.flatnonzero((household[back:] == household[:-back]) & (item[back:] != item[:-back]))
        before, after = item[near], item[near + back]
        pairs += [before * items + after, after * items + before]
        weights += [np.full(2 * near.size, 1.0 / back)]
    pair, at = np.unique(np.concatenate(pairs), return_inverse=True)
    count = np.bincount(at, np.concatenate(weights), pair.size)
    of, other = pair // items, pair % items
    shares = count / np.bincount(item, minlength=items)[of]
    return Transitions(np.searchsorted(of, np.arange(items + 1)), other, shares)


def points(shop: Shop, taken: NDArray[np.int64]) -> Iterator[Point]:
    """Yield at most `_POINTS` baskets and categories of each household, drawn from all behind the split."""
    random = np.random.default_rng(_SEED)
    often = taken >= _LEAST_TAKEN
    sold = {number: np.flatnonzero((shop.category == number) & often) for number in np.unique(shop.category).tolist()}
    starts = np.flatnonzero(np.diff(shop.household, prepend=-1))
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), shop.household.size], strict=True):
        rows = np.arange(start, end)[~shop.is_known[start:end]]
        rows = rows[often[shop.item[rows]]]
        asked = sorted(set(zip(shop.basket[rows].tolist(), shop.category[shop.item[rows]].tolist(), strict=True)))
        asked = [each for each in asked if sold[each[1]].size >= _LEAST_ITEMS]
        for pick in random.permutation(len(asked))[:_POINTS].tolist():
            basket, category = asked[pick]
            inside = np.flatnonzero(shop.basket[start:end] == basket) + start
            bought = shop.item[inside]
            history = shop.item[start : inside[0]]
            if history.size >= _LEAST_HISTORY:
                wanted = np.unique(bought[(shop.category[bought] == category) & often[bought]])
                yield Point(int(shop.household[start]), history, sold[category], wanted)


def worths(
    shop: Shop, transitions: Transitions, taken: NDArray[np.int64], point: Point
) -> dict[str, NDArray[np.float64]]:
    """Return what each of the candidates is worth to each way."""
    history, candidates = point.history, point.candidates
    fresh = 0.5 ** (np.arange(history.size)[::-1] / _HALF_LIFE)
    inside = np.flatnonzero(shop.category[history] == shop.category[candidates[0]])[-_ALIKE:]
    content = np.zeros(candidates.size)
    for numbers, worth in shop.attributes:
        content += worth * ((numbers[candidates][:, None] == numbers[history[inside]]) @ fresh[inside])
    near = np.zeros(shop.category.size)
    for item, weight in zip(history[-_NEWEST:].tolist(), fresh[-_NEWEST:].tolist(), strict=True):
        its = slice(transitions.starts[item], transitions.starts[item + 1])
        near[transitions.others[its]] += weight * transitions.weights[its]
    own = np.bincount(history, fresh, shop.category.size).astype(np.float64)
    popular = _RARE * _at_most_one(taken[candidates].astype(np.float64))
    likely, followed = _at_most_one(content), _at_most_one(near[candidates])
    return {
        "popular": popular,
        "content": likely + popular,
        "transitions": followed + popular,
        "both": likely + followed + popular,
        "own": _at_most_one(own[candidates]) + popular,
    }


def hits(worth: NDArray[np.float64], point: Point) -> tuple[bool, bool]:
    """Return whether the best item, and whether one of the best five, is one of those that were taken."""
    best = np.isin(point.candidates[np.argsort(-worth, kind="stable")[:5]], point.wanted)
    return bool(best[0]), bool(best.any())


def _at_most_one(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values / max(float(values.max(initial=0.0)), 1e-12)


def _rate(hit: NDArray[np.float64], household: NDArray[np.int64]) -> list[float]:
    """Return the rate and the ends of its interval, by households drawn anew."""
    names, whose = np.unique(household, return_inverse=True)
    sums, counts = group_sums(hit, whose, names.size)
    low, high = np.percentile(resampled_means(sums[:, None], counts[:, None], _SEED), [2.5, 97.5])
    return [round(float(each), 3) for each in (hit.mean(), low, high)]
