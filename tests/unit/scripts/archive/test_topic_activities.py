"""Activities by what their topic told."""

from __future__ import annotations

from tests.support.core_world import NOON_MS, activity
from tideline.scripts.archive.topic_activities import activities_at
from tideline.udfs.core.catalogue.activity import encode_activity
from tideline.udfs.core.policies.policy_start import TopicRecord


def test_activities_are_as_they_were() -> None:
    """Contract: at the moment; one that came later as it came first; one deleted meanwhile as it was."""

    def told(at: int, name: str, title: str | None) -> TopicRecord:
        value = None if title is None else encode_activity(activity(name, title=title))
        return TopicRecord(at, name.encode(), value, NOON_MS + at)

    topic = [told(0, "a", "one"), told(1, "a", "two"), told(2, "b", "late"), told(3, "b", "later"), told(4, "a", None)]
    topic.append(TopicRecord(5, b"c", b"garbage", NOON_MS))
    titles = {name: each.title for name, each in activities_at(topic, NOON_MS).items()}
    assert titles == {"a": "one", "b": "late"}
    assert activities_at(topic, NOON_MS + 9)["b"].title == "later"
