"""The product as a player."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.support.one_arm import Chooses
from tideline.scripts.benchmarks.offline import regret_runs
from tideline.scripts.benchmarks.offline.regret_environments import Contextual, low_ctr
from tideline.scripts.benchmarks.offline.regret_player import Player, contexts
from tideline.scripts.benchmarks.offline.regret_runs import run_contextual, run_low_ctr
from tideline.udfs.core.policies.by_name import make_policy

if TYPE_CHECKING:
    pass


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


def test_rows_of_who_is_not_shown_get_their_turn() -> None:
    """Contract: as in the job, a rest is solved again with what all pairs share though its arm is not shown."""
    player = Player(make_policy("pairs"), [0, 1], 1)
    x = np.hstack([np.ones((40, 1)), np.random.default_rng(2).normal(size=(40, 6))])
    player.learn(x, np.ones(40, np.int64), np.zeros(40), 0)
    before = player._table.row(1, "a00001")
    for batch in range(1, 30):
        player.learn(x, np.zeros(40, np.int64), (np.arange(40) % 3 == 0).astype(float), 40 * batch)
    assert (player._table.row(1, "a00001").theta[0] != before.theta[0]).any()


def test_all_impressions_of_a_batch_show_one_arm_at_low_click_rates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regret_runs, "ROUNDS_LOW", 100)
    means = low_ctr(1)[0]
    assert run_low_ctr(lambda seed: Chooses(5), 1) == pytest.approx(100 * (means.max() - means[5]))
