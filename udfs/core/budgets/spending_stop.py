"""When an activity is to stop, so that what is still to come does not overdraw its budget, and how far it may be off.

Bounds are Bernstein's, of sums of rare events: they hold for any number of pending conversions.
"""

from __future__ import annotations

import math

from tideline.udfs.core.limits import RISK

MIN_LEASE_MS, MAX_LEASE_MS = 600_000, 86_400_000
READERS_LEARN_S = 2.4
"""From an impression to the stop list that it leads to: two batches, a publish interval, solving."""
_PEAK = 4.0


def upper_bound(mean: float, variance: float = 0.0, risk: float = RISK) -> float:
    """Return what a number of rare events is above in at most `risk` of cases; `variance` is that of the mean itself.

    >>> round(upper_bound(100.0), 4)
    131.8836
    """
    tail = math.log(1.0 / risk)
    return mean + math.sqrt(2.0 * (mean + variance) * tail) + tail / 3.0


def must_stop(spent_cents: int, most_pending: float, cost_cents: int, budget_cents: int) -> bool:
    """Return whether a budget has no room for the most that may be pending, see `upper_bound`.

    It opens again as impressions pass without converting.

    >>> nothing = upper_bound(0.0)
    >>> must_stop(18_00, nothing, 1_00, 20_00), must_stop(19_00, nothing, 1_00, 20_00)
    (False, True)
    """
    if cost_cents <= 0:
        return spent_cents >= budget_cents
    return spent_cents + cost_cents * most_pending >= budget_cents


def overshoot_bound(rate_per_s: float, age_s: float) -> float:
    """Return how many impressions come beyond a cap at most, where readers learn of the stop after `age_s` seconds.

    >>> round(overshoot_bound(10.0, 2.4) - 2.4 * 10.0, 4), round(overshoot_bound(10.0, 2.4), 4)
    (19.5959, 43.5959)
    """
    mean = rate_per_s * age_s
    return mean + 4.0 * math.sqrt(mean)


def lease_ms(remaining: float, rate_per_s: float) -> int:
    """Return how long pages may show an activity of which `remaining` impressions are left, should nothing be learned.

    At four times the peak of its present rate it would be spent; ten minutes at least, a day at most.

    >>> lease_ms(14_400, 2.0) / 60_000  # minutes
    30.0
    """
    if rate_per_s <= 0.0 or remaining == math.inf:
        return MAX_LEASE_MS
    return min(max(int(1000.0 * remaining / (_PEAK * rate_per_s)), MIN_LEASE_MS), MAX_LEASE_MS)
