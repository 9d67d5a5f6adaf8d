"""Runs and what they missed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.one_arm import Chooses
from tideline.scripts.benchmarks.offline.regret_environments import BATCH, ROUNDS, contextual, entering
from tideline.scripts.benchmarks.offline.regret_runs import lost_on_entrants, run_contextual

if TYPE_CHECKING:
    pass


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


@pytest.mark.parametrize("at_once", [True, False])
def test_late_clicks_are_told_once(at_once: bool) -> None:
    """Contract: each click comes the delay later, its impression once, at once or with it."""
    player, world = Chooses(1), contextual(0)
    run_contextual(player, world, 2 * BATCH, at_once)
    impressions = [start for start, count, _ in player.told if count]
    assert impressions == list(range(0, ROUNDS if at_once else ROUNDS - 2 * BATCH, BATCH))
    assert sum(clicks for *_, clicks in player.told) == world.rewards[: ROUNDS - 2 * BATCH, 1].sum()
