"""What a deployment offers."""

from __future__ import annotations

from tests.support.core_world import activity, make_ranker
from tideline.udfs.core.ranking.placements import read_placements

PLACEMENTS = read_placements([{"name": "cart", "number": 2, "size": 4}, {"name": "hero", "number": 1, "size": 1}])


def test_a_placement_is_found_by_its_number() -> None:
    """Contract: 0, the default list's, and a number that none has any more are none."""
    offers = make_ranker([activity("a")], placements=PLACEMENTS).offers
    assert [each and each.name for each in map(offers.at, range(4))] == [None, "hero", "cart", None]


def test_placements_are_made_anew_with_the_activities() -> None:
    ranker = make_ranker([activity("a")], placements=PLACEMENTS).with_activities({"b": activity("b")})
    assert [each.takes.tolist() for each in ranker.offers.placed] == [[True, True]] * 2
