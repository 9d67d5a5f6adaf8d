"""What attribution goes by."""

from __future__ import annotations

from tests.support.core_world import DAY_MS, KEYS
from tideline.udfs.core.hashing import activity_hash
from tideline.udfs.core.rewards.attribution_settings import WORTH_LIMIT, AttributionSettings


def test_a_catalogue_given_by_ids_is_known_by_its_hashes() -> None:
    """Contract: worths by id, and by hash the names, the activities of an item and the caps."""
    found = AttributionSettings.of(KEYS, DAY_MS, {"a": 2.5, "b": 1.0}, {"tea": ("a", "b")}, {"b": (3, 60_000)})
    assert found.reward_value == {"a": 2.5, "b": 1.0}
    assert found.names == {activity_hash("a"): "a", activity_hash("b"): "b"}
    assert found.wanted == {activity_hash("tea"): frozenset({activity_hash("a"), activity_hash("b")})}
    assert found.caps == {activity_hash("b"): (3, 60_000)}
    assert (found.worth_limit, set(found.examination_discount), found.cascade) == (WORTH_LIMIT, {0}, None)
