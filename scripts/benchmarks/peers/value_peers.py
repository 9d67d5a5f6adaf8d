"""LinUCB of MABWiser in a world of `scripts/bench value`; run by the Python of `scripts/setup --peers`, prints JSON.

    PYTHONPATH=. .tideline/peers/bin/python -m tideline.scripts.benchmarks.peers.value_peers STAGE.npz

STAGE.npz is what `offline/value/peer_runs.py` writes.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
from mabwiser.mab import MAB, LearningPolicy

from tideline.scripts.benchmarks.offline.value.value_play import NONE, Truth, best_first, play
from tideline.scripts.benchmarks.worlds.value_world import Response

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tideline.scripts.benchmarks.offline.value.value_play import Shown

ALPHAS = (0.1, 0.3, 1.0)
"""Widths tried; the best one's figures count."""


class LinUCB:
    """Ranks by what MABWiser expects of each arm for a context."""

    def __init__(self, stage: Any, alpha: float, seed: int) -> None:
        self._x, self._open, self._places = stage["x"], stage["open"], stage["looked_at"].size
        self._arms = self._open.shape[1]
        self._mab = MAB(list(range(self._arms)), LearningPolicy.LinUCB(alpha=alpha, l2_lambda=1.0), seed=seed)
        self._random = np.random.default_rng([seed, 10])
        self._fitted = False

    def order(self, visits: NDArray[np.int64], seen: NDArray[np.int64]) -> NDArray[np.int64]:
        """See Ranker; of equal scores any order is as likely as another, and so it is before anything was learned."""
        scores: NDArray[np.float64] = np.asarray(self._random.random(seen.shape))
        if self._fitted:
            expected = self._mab.predict_expectations(self._x[visits])
            each = expected if isinstance(expected, list) else [expected]
            scores = 1e-9 * scores + np.array([[row[arm] for arm in range(self._arms)] for row in each])
        return best_first(scores, self._open[visits], self._places)

    def learn(self, shown: Shown) -> None:
        """See Ranker."""
        row, place = np.nonzero(shown.order != NONE)
        if row.size:
            fit = self._mab.partial_fit if self._fitted else self._mab.fit
            fit(shown.order[row, place], shown.clicked[row, place].astype(float), self._x[shown.visits[row]])
            self._fitted = True


def main(arguments: Sequence[str]) -> None:
    """Print impressions and expected clicks of each visit, by width."""
    stage = np.load(arguments[0])
    nothing = np.zeros(stage["click"].shape[1:])
    responses = tuple(
        Response(int(from_ms), click, nothing, nothing)
        for from_ms, click in zip(stage["from_ms"], stage["click"], strict=True)
    )
    slices = tuple(np.split(np.arange(stage["visitor"].size), stage["begins"][1:]))
    looked_at, seed = tuple(stage["looked_at"].tolist()), int(stage["seed"])
    truth = Truth(stage["visitor"], stage["visit_ms"], slices, responses, looked_at, float(stage["fatigue"]))
    arrays = {name: stage[name] for name in ("x", "open", "looked_at")}
    found = {}
    for alpha in ALPHAS:
        run = play(truth, LinUCB(arrays, alpha, seed), seed)
        found[f"mabwiser alpha={alpha}"] = {"impressions": run.impressions.tolist(), "clicks": run.clicks.tolist()}
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
