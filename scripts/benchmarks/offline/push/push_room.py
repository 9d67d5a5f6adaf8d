"""Room for few pushes: by a price that is a function of sums, or as they come, of the best that can be had.

Four weeks of decision points by day and night, each worth what it is; one push for ten of them may be sent. What is
worth its price is sent with the usual chance. The best sends the most valuable of all, with that chance too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.scripts.benchmarks.progress import say
from tideline.udfs.core.budgets.ledger import HOUR_MS, NO_LEDGER, merged
from tideline.udfs.core.push.effect_sums import PUSH_ROWS
from tideline.udfs.core.push.push_prices import (
    SEND,
    VALUE_CODES,
    Volume,
    value_codes,
    volume_entries,
    volume_price,
)
from tideline.udfs.core.variants.variant_shares import PARTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

SEEDS = 20
_FIRST_SEED = 3000
_HOURS, _AN_HOUR, _ONE_IN = 28 * 24, 300.0, 10
_WORTH = 2.0**24


def measure(seeds: int = SEEDS, hours: int = _HOURS) -> dict[str, Any]:
    """Return what the pushes earn of the most that as many can, by price and as they come; and how many were sent."""
    priced, first, used = [], [], []
    for seed in range(_FIRST_SEED, _FIRST_SEED + seeds):
        random = np.random.default_rng(seed)
        of_day = 1.0 + np.sin((np.arange(hours) % 24 - 9) * np.pi / 12)
        hour = np.repeat(np.arange(hours), random.poisson(_AN_HOUR * of_day))
        worth = np.rint(random.lognormal(-3.0, 1.0, hour.size) * (1.0 + 0.3 * of_day[hour]) * _WORTH).astype(np.int64)
        draws, limit = random.random(hour.size) < SEND / PARTS, hour.size // _ONE_IN
        best = float(np.sort(worth)[-round(limit * PARTS / SEND) :].sum()) * SEND / PARTS
        sent = by_price(hour, worth, draws, limit)
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
    }


def by_price(
    hour: NDArray[np.int64], worth: NDArray[np.int64], draws: NDArray[np.bool_], limit: int
) -> NDArray[np.bool_]:
    """Return which points send, where the price is worked out anew every hour."""
    ledger, values, sent = NO_LEDGER, np.zeros(VALUE_CODES), np.zeros(hour.size, np.bool_)
    volume = Volume(limit, 0, (int(hour[-1]) + 1) * HOUR_MS)
    for now in range(int(hour[-1]) + 1):
        here = np.flatnonzero(hour == now)
        price = volume_price(volume, ledger, values, now * HOUR_MS)
        going = here[draws[here] & (worth[here] > price)]
        sent[going[: max(limit - int(sent.sum()), 0)]] = True
        rows = np.zeros(here.size, PUSH_ROWS)
        rows["ts_ms"], rows["decisions"], rows["sent"] = now * HOUR_MS, 1, sent[here]
        ledger = merged([ledger, volume_entries(rows)])
        values += np.bincount(value_codes(worth[here]), minlength=VALUE_CODES)
    return sent
