"""Room for few pushes: by a price that is a function of sums, or as they come, of the best that can be had.

Of all: four weeks of decision points by day and night, each worth what it is; one push for ten of them may be sent.
What is worth its price is sent with the usual chance. The best sends the most valuable of all, with that chance too.
Of one: users with a point a day and two messages in any seven, to some of whom all days are worth more than to others.
The best knows all days beforehand, and sends on those that earn most while no seven days have more than two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.scripts.benchmarks.progress import say
from tideline.udfs.core.budgets.ledger import HOUR_MS, NO_LEDGER, merged
from tideline.udfs.core.counter_random import decision_seeds
from tideline.udfs.core.push.effect_sums import PUSH_ROWS
from tideline.udfs.core.push.push_choice import own_price
from tideline.udfs.core.push.push_prices import (
    FULL,
    SEND,
    VALUE_CODES,
    Volume,
    value_codes,
    volume_entries,
    volume_price,
)
from tideline.udfs.core.push.push_user import WEEK_DAYS, Push, PushUser, sent_in, with_point, without_point
from tideline.udfs.core.push.sending import decide
from tideline.udfs.core.variants.variant_shares import PARTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

SEEDS = 20
_FIRST_SEED = 3000
_HOURS, _AN_HOUR, _ONE_IN = 28 * 24, 300.0, 10
_WORTH = 2.0**24
_READERS, _DAYS, _MESSAGES, _BEGINS = 300, 84, 2, 20_000


def measure(seeds: int = SEEDS, hours: int = _HOURS) -> dict[str, Any]:
    """Return what the pushes earn of the most that as many can, by price and as they come; and how many were sent.

    `own_week` has the share of the best, and that of messages as they come, where each user's week has room for two.
    """
    priced, first, used = [], [], []
    for seed in range(_FIRST_SEED, _FIRST_SEED + seeds):
        random = np.random.default_rng(seed)
        of_day = 1.0 + np.sin((np.arange(hours) % 24 - 9) * np.pi / 12)
        hour = np.repeat(np.arange(hours), random.poisson(_AN_HOUR * of_day))
        worth = np.rint(random.lognormal(-3.0, 1.0, hour.size) * (1.0 + 0.3 * of_day[hour]) * _WORTH).astype(np.int64)
        draws, limit = random.random(hour.size) < SEND / PARTS, hour.size // _ONE_IN
        best = float(np.sort(worth)[-round(limit * PARTS / SEND) :].sum()) * SEND / PARTS
        sent = by_price(hour, worth, seed, limit)
        priced.append(float(worth[sent].sum()) / best)
        first.append(float(worth[np.flatnonzero(draws)[:limit]].sum()) / best)
        used.append(int(sent.sum()) / limit)
        say(f"room: {priced[-1]:.4f} of the best, as they come {first[-1]:.4f}, {used[-1]:.4f} used, seed {seed}")
    return {
        "share_of_best": float(np.mean(priced)),
        "worst": min(priced),
        "as_they_come": float(np.mean(first)),
        "used": float(np.mean(used)),
        "most_used": max(used),
        "own_week": own_weeks(),
    }


def by_price(hour: NDArray[np.int64], worth: NDArray[np.int64], seed: int, limit: int) -> NDArray[np.bool_]:
    """Return which points send as the job decides, where the price is worked out anew every hour."""
    ledger, values, sent = NO_LEDGER, np.zeros(VALUE_CODES), np.zeros(hour.size, np.bool_)
    number = np.arange(hour.size)
    seeds = decision_seeds(number.astype(np.uint64), number, 0 * number, seed)
    volume = Volume(limit, 0, (int(hour[-1]) + 1) * HOUR_MS)
    for now in range(int(hour[-1]) + 1):
        here = np.flatnonzero(hour == now)
        price = volume_price(volume, ledger, values, now * HOUR_MS)
        if price < FULL:
            prices = np.full(here.size, price)
            sent[here] = decide(worth[here], 0 * prices, prices, seeds[here], known=True).sent
        rows = np.zeros(here.size, PUSH_ROWS)
        rows["ts_ms"], rows["decisions"], rows["sent"] = now * HOUR_MS, 1, sent[here]
        ledger = merged([ledger, volume_entries(rows)])
        values += np.bincount(value_codes(worth[here]), minlength=VALUE_CODES)
    return sent


def own_weeks(users: int = _READERS, days: int = _DAYS) -> dict[str, float]:
    """Return what users' messages earn of the best that their weeks allow: by price, and as they come."""
    random = np.random.default_rng(_FIRST_SEED)
    worth = np.rint(random.lognormal(random.normal(-3.0, 1.0, (users, 1)), 1.0, (users, days)) * _WORTH).astype(
        np.int64
    )
    best, priced, first = 0.0, 0.0, 0.0
    for of_days in worth:
        best += best_days(of_days)
        priced += _earned(of_days, by_price=True)
        first += _earned(of_days, by_price=False)
    return {"share_of_best": priced / best, "as_they_come": first / best}


def _earned(worth: NDArray[np.int64], *, by_price: bool) -> float:
    """Return what a user's messages earn that are sent while his week has room, and where they are worth its price."""
    user, earned = PushUser(day=_BEGINS - 1), 0.0
    for at, value in enumerate(worth.tolist()):
        day, code = _BEGINS + at, int(value_codes(np.array([value]))[0])
        if sent_in(user, day, WEEK_DAYS) >= _MESSAGES:
            user = without_point(user, day, code)
        elif by_price and value <= own_price(user, day, _MESSAGES):
            user = with_point(user, day, code, [])
        else:
            user, earned = with_point(user, day, code, [Push(day, 0, 1)]), earned + value
    return earned


def best_days(worth: NDArray[np.int64]) -> float:
    """Return the most that days can earn of which no seven in a row have more than two: by all sets of the last six."""
    known = {0: 0.0}
    for value in worth.tolist():
        following: dict[int, float] = {}
        for days, earned in known.items():
            for taken in (0, 1) if days.bit_count() < _MESSAGES else (0,):
                after = (days << 1 | taken) & (1 << WEEK_DAYS - 1) - 1
                following[after] = max(following.get(after, 0.0), earned + taken * value)
        known = following
    return max(known.values())
