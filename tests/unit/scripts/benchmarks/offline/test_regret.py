"""The simulated environments and the product's policies in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tideline.scripts.benchmarks.offline import regret_runs
from tideline.scripts.benchmarks.offline.regret_environments import (
    ARMS,
    BATCH,
    ROUNDS,
    Contextual,
    contextual,
    drifting,
    entering,
    low_ctr,
)
from tideline.scripts.benchmarks.offline.regret_player import Player, contexts
from tideline.scripts.benchmarks.offline.regret_runs import (
    lost_on_entrants,
    run_best_linear,
    run_contextual,
    run_low_ctr,
)
from tideline.udfs.core.policies.by_name import make_policy

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Chooses:
    """A player that always shows one arm, and remembers what it was told."""

    def __init__(self, arm: int) -> None:
        self.arm = arm
        self.told: list[tuple[int, int, float]] = []

    def choose(self, x: NDArray[np.float64], first_round: int, mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the one arm."""
        return np.full(len(x), self.arm)

    def learn(
        self,
        x: NDArray[np.float64],
        arms: NDArray[np.int64],
        clicks: NDArray[np.float64],
        first_round: int,
        impressions: int = 1,
    ) -> None:
        """Remember."""
        self.told.append((first_round, impressions, float(clicks.sum())))


def test_environments_are_those_of_the_notes() -> None:
    """Contract: numbers drawn from the shared settings' functions, so that figures can be compared."""
    means, rng = low_ctr(3)
    assert means[:3] == pytest.approx([0.06638061, 0.01790547, 0.00946453], abs=1e-8)
    assert rng.random() == pytest.approx(0.7081447706872417, abs=1e-12)
    world = contextual(1)
    assert world.means[:2, 0] == pytest.approx([0.05507478, 0.07039566], abs=1e-8)
    assert world.rewards.sum() == 12_588


def test_regret_is_what_the_best_arm_would_have_had_more() -> None:
    world = contextual(0)
    lost, shown = run_contextual(Chooses(4), world)
    assert lost == pytest.approx(world.means.max(axis=1) - world.means[:, 4])
    assert (shown == 4).all()


def test_an_arm_is_not_missed_before_it_enters() -> None:
    world = entering(0)
    lost, shown = run_contextual(Chooses(0), world)
    half, there = ROUNDS // 2, world.enters == 0
    assert lost[:half] == pytest.approx(world.means[:half, there].max(axis=1) - world.means[:half, 0])
    best_is_new = ~there[world.means[half:].argmax(axis=1)]
    assert lost_on_entrants(lost, shown, world) == pytest.approx(lost[half:][best_is_new].sum())


def test_the_best_linear_policy_loses_nothing_where_means_are_linear() -> None:
    """Contract: it shows what is best of what has entered; on logistic means it loses a little."""
    world = entering(0)
    linear = world._replace(means=0.3 + world.x @ np.random.default_rng(3).normal(size=(7, world.enters.size)) / 50)
    lost, shown = run_best_linear(linear)
    assert lost == pytest.approx(np.zeros(ROUNDS), abs=1e-12)
    assert (world.enters[shown] <= np.arange(ROUNDS)).all()
    assert 0.0 < run_best_linear(world)[0].sum() < 200.0


def test_a_swap_hands_the_means_on() -> None:
    was, now = contextual(2), drifting(2)
    half = ROUNDS // 2
    assert (now.means[:half] == was.means[:half]).all()
    assert (now.means[half:] == was.means[half:][:, [ARMS - 1, *range(ARMS - 1)]]).all()


@pytest.mark.parametrize("at_once", [True, False])
def test_late_clicks_are_told_once(at_once: bool) -> None:
    """Contract: each click comes the delay later, its impression once, at once or with it."""
    player, world = Chooses(1), contextual(0)
    run_contextual(player, world, 2 * BATCH, at_once)
    impressions = [start for start, count, _ in player.told if count]
    assert impressions == list(range(0, ROUNDS if at_once else ROUNDS - 2 * BATCH, BATCH))
    assert sum(clicks for *_, clicks in player.told) == world.rewards[: ROUNDS - 2 * BATCH, 1].sum()


def test_contexts_are_in_the_rankers_form() -> None:
    found = contexts(np.array([[1.0, 0.5, -9.0]]))
    assert found[0].tolist() == [90, 18, -127, *[0] * 13]


@pytest.mark.parametrize("text", ["thompson", "linucb_hybrid", "kl_ucb"])
def test_the_products_policies_learn(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: after a few batches the better of two arms is shown mostly, through sums, rows and the ranking pass."""
    means = np.repeat([[0.05, 0.4]], 1_200, axis=0)
    x = np.hstack([np.ones((1_200, 1)), np.zeros((1_200, 6))])
    clicks = (np.random.default_rng(1).random(means.shape) < means).astype(float)
    monkeypatch.setattr(regret_runs, "ROUNDS", 1_200)
    world = Contextual(x, means, clicks, np.arange(2), np.zeros(2, np.int64))
    lost, shown = run_contextual(Player(make_policy(text), [0, 1], 1), world)
    assert lost.sum() == pytest.approx(0.35 * (shown == 0).sum())
    assert (shown[-400:] == 1).mean() > 0.8


def test_all_impressions_of_a_batch_show_one_arm_at_low_click_rates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regret_runs, "ROUNDS_LOW", 100)
    means = low_ctr(1)[0]
    assert run_low_ctr(lambda seed: Chooses(5), 1) == pytest.approx(100 * (means.max() - means[5]))
