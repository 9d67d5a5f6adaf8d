"""Who comes when."""

from tideline.scripts.simulation.world import World


def test_visits_lie_in_their_slice_at_most_one_for_each_household(world: World) -> None:
    for part in world.slices:
        assert all(part.start_ms <= visit.ts_ms < part.end_ms for visit in part.visits)
        assert len({visit.household for visit in part.visits}) == len(part.visits)
    numbers = [visit.number for part in world.slices for visit in part.visits]
    assert numbers == list(range(len(numbers)))
