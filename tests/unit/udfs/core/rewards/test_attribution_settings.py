"""What attribution goes by."""

from __future__ import annotations

from tests.support.core_world import DAY_MS, KEYS
from tideline.udfs.core.hashing import activity_hash
from tideline.udfs.core.lists.activity_tags import ActivityTags
from tideline.udfs.core.rewards.attribution_settings import WHOLE, WORTH_LIMIT, AttributionSettings


def test_a_catalogue_given_by_ids_is_known_by_its_hashes() -> None:
    """Contract: worths by id, and by hash the names, the activities of an item and the caps."""
    found = AttributionSettings.of(KEYS, DAY_MS, {"a": 2.5, "b": 1.0}, {"tea": ("a", "b")}, {"b": (3, 60_000)})
    assert found.reward_value == {"a": 2.5, "b": 1.0}
    assert found.names == {activity_hash("a"): "a", activity_hash("b"): "b"}
    assert found.wanted == {activity_hash("tea"): frozenset({activity_hash("a"), activity_hash("b")})}
    assert found.caps == {activity_hash("b"): (3, 60_000)}
    assert (found.worth_limit, set(found.examination_discount), found.cascade) == (WORTH_LIMIT, {0}, None)


def test_what_was_ordered_of_places_outlasts_a_change_of_the_catalogue() -> None:
    """Contract: for the default list and each placement; a cascade names the activities of the new catalogue."""
    before, after = (ActivityTags.of(names, KEYS) for names in (["a"], ["a", "b"]))
    found = AttributionSettings.of(KEYS, DAY_MS, {"a": 2.5}, {})._replace(worth_limit=7.0, max_lists=64)
    found = found.examining(0, (1.0, 0.4), 1.0, before).examining(5, (1.0,), 0.75, before)
    found = found.of_catalogue({"b": 1.0}, {"tea": ("b",)}, {"b": (3, 60_000)}, after)
    assert (found.reward_value, found.caps) == ({"b": 1.0}, {activity_hash("b"): (3, 60_000)})
    assert found.wanted == {activity_hash("tea"): frozenset({activity_hash("b")})}
    assert (found.worth_limit, found.max_lists, found.examination_discount[:2]) == (7.0, 64, (0, 60))
    assert found.weighing(0) is found
    assert found.weighing(6) is WHOLE
    cascade = found.weighing(5).cascade
    assert cascade is not None
    assert (cascade.examination_discount, cascade.tags) == (25, after)
