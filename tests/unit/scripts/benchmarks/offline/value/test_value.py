"""What is counted in a world of which the truth is known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.support.core_world import NOON_MS, ArithmeticEncoder
from tests.support.tiny_world import tiny_world
from tideline.schemas.errors import ConfigError
from tideline.scripts.benchmarks.offline.value.value import RIVALS, TrainingRun, best_of, measure, measure_world
from tideline.scripts.benchmarks.offline.value.value_figures import ctr
from tideline.scripts.benchmarks.offline.value.value_play import Played, play
from tideline.scripts.benchmarks.offline.value.value_stage import make_stage
from tideline.scripts.benchmarks.peers import peer_python
from tideline.scripts.benchmarks.worlds.value_world import Response
from tideline.scripts.benchmarks.worlds.world_folder import write_world

if TYPE_CHECKING:
    from pathlib import Path

    from tideline.scripts.benchmarks.worlds.value_world import World

ALONE = TrainingRun(seeds=2, policies=("popular",), peers=False)


def measured(world: World, how: TrainingRun = ALONE) -> dict[str, Any]:
    return measure_world(lambda seed: world, ArithmeticEncoder(), how)


def test_the_truth_and_the_best_list_for_all_are_what_a_pencil_says() -> None:
    """Two places looked at 1 and .5, clicks .4, .2, 0 for all: (.4 + .5 x .2) / 2 = .25 of each impression."""
    found = measured(tiny_world())
    assert found["attainable"]["ctr"] == found["popular_best"]["ctr"] == 0.25
    assert found["attainable"]["share_of_attainable"] == 1.0
    assert found["popular_best"]["regret"] == 0.0


def test_a_random_list_gets_the_mean() -> None:
    """All orders being as likely, it gets (1 + .5) x .2 / 2 = .15 of each impression."""
    stage = make_stage(tiny_world(visits=600), ArithmeticEncoder(), ALONE.past_days)
    assert ctr(play(stage.truth, RIVALS["random"](stage, 1), 1)) == pytest.approx(0.15, abs=0.006)
    assert measured(tiny_world())["random"]["share_of_attainable"] == 0.0


def test_content_alone_finds_whom_a_category_is_for() -> None:
    """Who buys bread clicks what is about bread: content has (.4 + 0) / 2 of each impression, one list for all less."""
    found = measured(tiny_world(click=[[0.4, 0.0, 0.0], [0.0, 0.4, 0.0]] * 2))
    assert found["content"]["ctr"] == found["attainable"]["ctr"] == 0.2
    assert found["popular_best"]["ctr"] == pytest.approx(0.15)
    assert found["content"]["share_of_attainable"] > found["popular_best"]["share_of_attainable"]


def test_what_is_learned_comes_near_the_best_list() -> None:
    """Where all users are alike, default and learned list are between chance and the best after a while."""
    found = measured(tiny_world(visits=100), ALONE._replace(seeds=1))
    for each in (found["default"], found["popular_learned"]):
        assert found["random"]["ctr"] + 0.05 < each["ctr"] <= 0.25
    assert 0.0 < found["policies"]["popular"]["ctr"] <= 0.25


def test_seeds_give_an_interval_and_a_single_one_none() -> None:
    assert measured(tiny_world(), ALONE._replace(seeds=1))["random"]["ctr_ci95"] is None
    low, high = measured(tiny_world())["random"]["ctr_ci95"]
    assert low <= measured(tiny_world())["random"]["ctr"] <= high


def test_who_tires_clicks_less_each_time() -> None:
    """One user, two visits, half is left of what was seen: .4 + .5 x .2, then .2 + .5 x .1 or better."""
    found = measured(tiny_world(users=1, visits=2, fatigue=0.5), ALONE._replace(seeds=1))
    assert found["popular_best"]["ctr"] == pytest.approx((0.5 + 0.25) / 4)


def test_the_truth_follows_a_shift() -> None:
    """After it the third activity is the only one that is clicked; the list in hindsight is of both times."""
    world = tiny_world(visits=4)
    before = world.responses[0]
    after = Response(int(world.visit_ms[8]), before.click[:, ::-1], before.conversion[:, ::-1], before.revenue)
    found = measured(replace(world, responses=(before, after)))
    assert found["attainable"]["ctr"] == 0.25
    assert found["popular_best"]["ctr"] < 0.25


def test_a_holdout_is_not_counted() -> None:
    """Regret is of those who get ranked lists alone."""
    whole, part = measured(tiny_world(users=40)), measured(replace(tiny_world(users=40), holdout=0.5))
    assert part["random"]["regret"] < 0.8 * whole["random"]["regret"]


def test_unknown_past_is_not_known() -> None:
    """Without the past content knows nobody's taste; with it, it does."""
    world = tiny_world(click=[[0.4, 0.0, 0.0], [0.0, 0.4, 0.0]] * 2)
    known, unknown = measured(world), measured(world, ALONE._replace(past_days=0.0))
    assert known["content"]["ctr"] == 0.2 > unknown["content"]["ctr"]


def test_the_same_seed_gives_the_same_figures() -> None:
    assert measured(tiny_world()) == measured(tiny_world())


def test_the_best_setting_of_a_peer_counts_over_all_seeds() -> None:
    """The one with the most clicks in sum, not in one seed."""
    shown = np.ones(1, np.int64)
    runs = [
        {"narrow": Played(shown, np.array([0.3])), "wide": Played(shown, np.array([0.1]))},
        {"narrow": Played(shown, np.array([0.1])), "wide": Played(shown, np.array([0.2]))},
    ]
    assert [float(each.clicks[0]) for each in best_of(runs)] == [0.3, 0.1]


def test_a_world_of_ones_own_is_measured_under_its_folders_name(tmp_path: Path) -> None:
    """The document has past, seeds and encoder beside the figures."""
    write_world(tiny_world(), tmp_path / "shop")
    found = measure(folder=tmp_path / "shop", how=ALONE._replace(past_days=2.0))
    assert (found["encoder"], found["past_days"], found["seeds"]) == ("demo-2", 2.0, 2)
    assert found["worlds"]["shop"]["attainable"]["ctr"] == 0.25
    with pytest.raises(ConfigError, match="popular"):
        measure(folder=tmp_path / "shop", how=ALONE._replace(policies=("best",)))


def test_activities_are_shown_while_they_run() -> None:
    """What ends before a visit is in nobody's list: the truth has the other two."""
    world = tiny_world()
    over = replace(world.activities[0], ends_ms=NOON_MS - 1)
    found = measured(replace(world, activities=(over, *world.activities[1:])))
    assert found["attainable"]["ctr"] == 0.1


def test_a_missing_library_is_told_before_a_world_is_played(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Contract: refused with how to get it; of a world that does not exist nothing is said, so none was made."""
    monkeypatch.setattr(peer_python, "PYTHON", tmp_path / "none")
    with pytest.raises(ConfigError, match="scripts/setup --peers"):
        measure(["no such world"], how=TrainingRun(seeds=1))
