"""What others would get in the demo's own world."""

from __future__ import annotations

from tideline.scripts.benchmarks.offline.value.demo_yardsticks import demo_yardsticks
from tideline.scripts.simulation.world import make_ruled_world
from tideline.scripts.simulation.yardstick import TITLES


def test_the_truth_is_above_what_one_list_or_content_gets_and_all_see_the_treated_visits() -> None:
    """Contract: every yardstick is of the visits that the job ranks for, in the slices that the demo plays."""
    world = make_ruled_world(seed=1)
    found = {each.name: each for each in demo_yardsticks(1, world.slices)}
    assert list(found) == list(TITLES)
    treated = [sum(not world.holdout[visit.household] for visit in part.visits) for part in world.slices]
    assert all(found["attainable"].impressions <= 4 * max(treated))
    assert [shown > 0 for shown in found["attainable"].impressions] == [visits > 0 for visits in treated]
    assert found["attainable"].rate() > 1.2 * max(found["content"].rate(), found["popular_best"].rate())
    assert min(found["content"].rate(), found["popular_best"].rate()) > 0.06
