"""A world with known answers for off-policy evaluation: logged choices, and what another policy really earns."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.evaluation.log import LoggedFeedback
from tideline.udfs.core.evaluation.targets import Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

ARMS, WIDTH = 6, 3
_RANDOM = np.random.default_rng(11)
_TASTE = _RANDOM.normal(size=(ARMS, WIDTH))
_LOGGED = _RANDOM.normal(size=(ARMS, WIDTH))
_WANTED = 0.8 * _TASTE + 0.5 * _RANDOM.normal(size=(ARMS, WIDTH))


class Drawn(NamedTuple):
    """A log, the policy to be judged, and the expected reward of each arm in each row [N, K]."""

    log: LoggedFeedback
    target: Table
    rewards: NDArray[np.float64]


def draw(rows: int, seed: int) -> Drawn:
    """Return a log of softmax choices with clicks of 2 to 30 %."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, WIDTH))
    logged, wanted = _softmax(0.6 * x @ _LOGGED.T), _softmax(x @ _WANTED.T)
    clicks = 1.0 / (1.0 + np.exp(2.2 - 0.5 * x @ _TASTE.T - 0.3 * np.sin(2.0 * x[:, :1])))
    action = (logged.cumsum(axis=1) < random.random((rows, 1))).sum(axis=1)
    at = np.arange(rows)
    log = make_log(x, action, logged[at, action], (random.random(rows) < clicks[at, action]).astype(np.float64))
    return Drawn(log, Table(wanted, 0.0), clicks)


def truth() -> float:
    """Return what the policy to be judged earns, from 400,000 contexts."""
    drawn = draw(400_000, 0)
    return float((drawn.target.probabilities * drawn.rewards).sum(axis=1).mean())


def make_log(
    x: NDArray[np.float64],
    action: NDArray[np.int64],
    propensity: NDArray[np.float64],
    reward: NDArray[np.float64],
    arms: int = ARMS,
) -> LoggedFeedback:
    """Return a log of single choices with ids 0, 1, 2, ..."""
    rows = action.size
    return LoggedFeedback(
        arms=tuple(str(arm) for arm in range(arms)),
        x=x,
        action=action,
        propensity=propensity,
        reward=reward,
        decision=np.arange(rows),
        decision_hash=np.random.default_rng(3).integers(0, 2**63, rows, dtype=np.uint64),
        position=np.zeros(rows, np.int64),
        eligible=np.full(rows, arms),
        ts_ms=np.arange(rows),
        lists=False,
    )


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    found: NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
    return found
