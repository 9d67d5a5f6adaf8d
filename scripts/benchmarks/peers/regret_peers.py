"""Other libraries in the same environments; run by the Python of `scripts/setup --peers`, prints JSON.

    PYTHONPATH=. .tideline/peers/bin/python -m tideline.scripts.benchmarks.peers.regret_peers [NAME ...] [LOG.npz ...]

A NAME is low_ctr or contextual. Each LOG.npz holds the rows of a uniform-random log to be replayed: x, action, reward,
open (arms that may be shown).
"""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from contextualbandits.online import LinUCB
from mabwiser.mab import MAB, LearningPolicy
from vowpalwabbit import Workspace

from tideline.scripts.benchmarks.offline.regret_environments import ARMS, SEEDS, SEEDS_LOW, contextual
from tideline.scripts.benchmarks.offline.regret_runs import run_contextual, run_low_ctr

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from tideline.scripts.benchmarks.offline.regret_runs import Plays

ALPHAS = (0.1, 0.3, 1.0)
"""Widths tried of each LinUCB; the best one's figure counts."""
_SQUARECB = "--quiet --cb_explore_adf --squarecb --cb_type mtr -q UA --cb_min_cost -1 --cb_max_cost 0"


class MABWiser:
    """A learning policy of MABWiser; arms are tried once before it decides."""

    def __init__(self, policy: Any, arms: int, seed: int) -> None:
        self._mab = MAB(list(range(arms)), policy, seed=seed)
        self._arms, self._fitted = arms, False
        self._with_context = isinstance(policy, LearningPolicy.LinUCB)

    def choose(self, x: NDArray[np.float64], first_round: int, mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """See Plays."""
        if not self._fitted:
            return (first_round + np.arange(len(x))) % self._arms
        found = self._mab.predict(x) if self._with_context else self._mab.predict()
        return np.atleast_1d(np.array(found, np.int64)).repeat(1 if self._with_context else len(x))

    def learn(
        self,
        x: NDArray[np.float64],
        arms: NDArray[np.int64],
        clicks: NDArray[np.float64],
        first_round: int,
        impressions: int = 1,
    ) -> None:
        """See Plays."""
        fit = self._mab.partial_fit if self._fitted else self._mab.fit
        fit(arms, clicks, x) if self._with_context else fit(arms, clicks)
        self._fitted = True


class ContextualBandits:
    """LinUCB of contextualbandits in double precision."""

    def __init__(self, alpha: float, arms: int, seed: int) -> None:
        self._model = LinUCB(
            nchoices=arms, alpha=alpha, lambda_=1.0, fit_intercept=False, use_float=False, method="chol",
            random_state=seed + 1,
        )  # fmt: skip
        self._arms, self._fitted = arms, False

    def choose(self, x: NDArray[np.float64], first_round: int, mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """See Plays."""
        if not self._fitted:
            return (first_round + np.arange(len(x))) % self._arms
        found: NDArray[np.int64] = self._model.predict(x).astype(np.int64)
        return found

    def learn(
        self,
        x: NDArray[np.float64],
        arms: NDArray[np.int64],
        clicks: NDArray[np.float64],
        first_round: int,
        impressions: int = 1,
    ) -> None:
        """See Plays."""
        (self._model.partial_fit if self._fitted else self._model.fit)(x, arms, clicks)
        self._fitted = True


class VowpalWabbit:
    """SquareCB of Vowpal Wabbit, one example an arm."""

    def __init__(self, arms: int, seed: int) -> None:
        self._vw, self._rng = Workspace(_SQUARECB), np.random.default_rng(seed)
        self._arms = arms
        self._chance: dict[int, float] = {}

    def choose(self, x: NDArray[np.float64], first_round: int, mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """See Plays."""
        chosen = []
        for at, row in enumerate(x):
            chances = np.array(self._vw.predict(self._lines(row)))
            arm = int(self._rng.choice(self._arms, p=chances / chances.sum()))
            self._chance[first_round + at] = float(chances[arm])
            chosen.append(arm)
        return np.array(chosen)

    def learn(
        self,
        x: NDArray[np.float64],
        arms: NDArray[np.int64],
        clicks: NDArray[np.float64],
        first_round: int,
        impressions: int = 1,
    ) -> None:
        """See Plays."""
        for at, (row, arm, click) in enumerate(zip(x, arms.tolist(), clicks.tolist(), strict=True)):
            lines = self._lines(row)
            lines[1 + arm] = f"0:{-click}:{self._chance.pop(first_round + at)} {lines[1 + arm]}"
            self._vw.learn(lines)

    def _lines(self, row: NDArray[np.float64]) -> list[str]:
        shared = "shared |U " + " ".join(f"u{at}:{value:.6f}" for at, value in enumerate(row))
        return [shared, *(f"|A a={arm}" for arm in range(self._arms))]


def _lin_ucb(alpha: float) -> Any:
    return LearningPolicy.LinUCB(alpha=alpha, l2_lambda=1.0)


CONTEXTUAL: dict[str, list[Callable[[int, int], Plays]]] = {
    "mabwiser": [partial(lambda alpha, arms, seed: MABWiser(_lin_ucb(alpha), arms, seed), each) for each in ALPHAS],
    "contextualbandits": [partial(ContextualBandits, each) for each in ALPHAS],
    "vw_squarecb": [VowpalWabbit],
}
LOW_CTR: dict[str, Any] = {
    "mabwiser_ucb1": LearningPolicy.UCB1(alpha=1.0),
    "mabwiser_thompson": LearningPolicy.ThompsonSampling(),
}


def replay(path: Path, player: Plays) -> dict[str, float]:
    """Return how many rows of a log a player that learns from them would have shown too, and their clicks."""
    log = np.load(path)
    kept = clicks = 0
    for at, (x, action, reward) in enumerate(zip(log["x"], log["action"], log["reward"], strict=True)):
        if int(player.choose(x[None], at, log["open"][at : at + 1])[0]) == action:
            player.learn(x[None], np.array([action]), np.array([reward]), at)
            kept, clicks = kept + 1, clicks + int(reward)
    return {"kept": kept, "clicks": clicks}


def main(parts: Sequence[str]) -> None:
    """Print the regret of every peer in the environments and logs named."""
    found: dict[str, Any] = {"low_ctr": {}, "contextual": {}, "obd": {}}
    for name, policy in LOW_CTR.items() if "low_ctr" in parts else ():
        lost = [run_low_ctr(lambda seed: MABWiser(policy, 20, seed), seed) for seed in range(SEEDS_LOW)]  # noqa: B023
        found["low_ctr"][name] = {"mean": float(np.mean(lost)), "worst": max(lost)}
    for name, variants in CONTEXTUAL.items() if "contextual" in parts else ():
        lost = [
            float(np.mean([run_contextual(make(ARMS, seed), contextual(seed))[0].sum() for seed in range(SEEDS)]))
            for make in variants
        ]
        found["contextual"][name] = {"mean": float(min(lost))}
    for path in (Path(part) for part in parts if part.endswith(".npz")):
        arms = int(np.load(path)["open"].shape[1])
        found["obd"][path.stem] = {"mabwiser": replay(path, MABWiser(_lin_ucb(0.3), arms, 1))}
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
