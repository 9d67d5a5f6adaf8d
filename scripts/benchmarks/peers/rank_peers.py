"""The ranking of other libraries' LinUCB, timed; run by the Python of `scripts/setup --peers`, prints JSON."""

from __future__ import annotations

import json

import numpy as np
from contextualbandits.online import LinUCB
from mabwiser.mab import MAB, LearningPolicy

from tideline.scripts.benchmarks.offline.rank_timing import ACTIVITIES, LIST_SIZE, USERS, WIDE, best_us

_MOST_SCORES = 60_000
"""Of a library that loops over users, so many scores are timed and no more."""


def time_peers(count: int) -> dict[str, float]:
    """Return microseconds a user by library: LinUCB with every arm fitted, then the list of the best ten."""
    rng = np.random.default_rng(count)
    rows = 2 * count
    x = rng.normal(size=(rows, WIDE)) / 6
    arms, clicks = np.arange(rows) % count, (rng.random(rows) < 0.1).astype(int)
    asked = rng.normal(size=(USERS, WIDE)) / 6
    wide = LinUCB(nchoices=count, alpha=0.1, lambda_=1.0, fit_intercept=False, use_float=False, method="chol", njobs=1)
    wide.fit(x, arms, clicks)
    mab = MAB(list(range(count)), LearningPolicy.LinUCB(alpha=0.1, l2_lambda=1.0))
    mab.fit(arms, clicks, x)
    few = max(min(USERS, _MOST_SCORES // count), 2)

    def looped() -> None:
        for expected in mab.predict_expectations(asked[:few]):
            scores = np.fromiter(expected.values(), np.float64)
            np.argpartition(scores, count - LIST_SIZE)[count - LIST_SIZE :]

    return {
        "contextualbandits": best_us(lambda: wide.topN(asked, LIST_SIZE), USERS, 3),
        "mabwiser": best_us(looped, few, 2),
    }


if __name__ == "__main__":
    print(json.dumps({str(count): time_peers(count) for count in ACTIVITIES}))
