"""Runs of players through the simulated environments, and what they lost in each round."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from tideline.scripts.benchmarks.offline.regret_environments import BATCH, BATCH_LOW, DIM, ROUNDS, ROUNDS_LOW, low_ctr

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from tideline.scripts.benchmarks.offline.regret_environments import Contextual


class Plays(Protocol):
    """A policy that chooses a batch at a time and learns only from what it showed."""

    def choose(self, x: NDArray[np.float64], first_round: int, mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the arm shown in each round from `first_round` on, of those in the mask [U, arms]."""

    def learn(
        self,
        x: NDArray[np.float64],
        arms: NDArray[np.int64],
        clicks: NDArray[np.float64],
        first_round: int,
        impressions: int = 1,
    ) -> None:
        """Take in what was shown and clicked; `impressions` 0: clicks on what was learned as shown before."""


def run_low_ctr(make: Callable[[int], Plays], seed: int) -> float:
    """Return the regret of a player in `low_ctr`; `make` makes it for a seed."""
    means, rng = low_ctr(seed)
    player, lost = make(seed), 0.0
    x = np.zeros((BATCH_LOW, DIM))
    x[:, 0] = 1.0
    mask = np.ones((1, means.size), np.bool_)
    for start in range(0, ROUNDS_LOW, BATCH_LOW):
        arm = int(player.choose(x[:1], start, mask)[0])
        clicks = (rng.random(BATCH_LOW) < means[arm]).astype(float)
        player.learn(x, np.full(BATCH_LOW, arm), clicks, start)
        lost += BATCH_LOW * float(means.max() - means[arm])
    return lost


def run_contextual(
    player: Plays, world: Contextual, delay: int = 0, impressions_at_once: bool = True
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return what was lost in each round and the arm shown in it.

    Clicks come `delay` rounds after what was shown; impressions at once, or together with the clicks.
    """
    lost, shown = np.zeros(ROUNDS), np.zeros(ROUNDS, np.int64)
    for start in range(0, ROUNDS, BATCH):
        here = slice(start, start + BATCH)
        mask = np.broadcast_to(world.enters <= start, (BATCH, world.enters.size))
        arms = player.choose(world.x[here], start, mask)
        rows = np.arange(start, start + BATCH)
        shown[here] = arms
        lost[here] = np.where(mask, world.means[here], -1.0).max(axis=1) - world.means[rows, arms]
        clicks = world.rewards[rows, arms]
        if not delay:
            player.learn(world.x[here], arms, clicks, start)
            continue
        if impressions_at_once:
            player.learn(world.x[here], arms, np.zeros(BATCH), start)
        due = start - delay
        if due >= 0:
            then = slice(due, due + BATCH)
            known = world.rewards[np.arange(due, due + BATCH), shown[then]]
            player.learn(world.x[then], shown[then], known, due, 0 if impressions_at_once else 1)
    return lost, shown


def run_best_linear(world: Contextual) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return what `run_contextual` does for a player who knows the best linear fit to each arm's true means.

    No linear policy learns to lose less: the means are logistic.
    """
    theta = np.linalg.lstsq(world.x, world.means, rcond=None)[0]
    open_now = world.enters <= np.arange(ROUNDS)[:, None]
    shown = np.where(open_now, world.x @ theta, -np.inf).argmax(axis=1)
    best = np.where(open_now, world.means, -1.0).max(axis=1)
    return best - world.means[np.arange(ROUNDS), shown], shown


def lost_on_entrants(
    lost: NDArray[np.float64], shown: NDArray[np.int64], world: Contextual, rounds: int = ROUNDS
) -> float:
    """Return what was lost, in the first rounds since they entered, where an entrant was shown or the best."""
    entrant = world.enters > 0
    since = np.arange(ROUNDS) - world.enters.max()
    concerned = entrant[shown] | entrant[world.means.argmax(axis=1)]
    return float(lost[(since >= 0) & (since < rounds) & concerned].sum())
