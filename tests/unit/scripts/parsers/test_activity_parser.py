"""What `tideline activity` takes."""

from __future__ import annotations

from tests.support.command_lines import refused, taken


def test_stopping_is_ending_unless_it_is_to_pause() -> None:
    assert taken("activity", "stop a b").status == "ended"
    given = taken("activity", "stop a --status paused --bootstrap k:9092")
    assert (given.ids, given.status, given.bootstrap) == (["a"], "paused", "k:9092")
    assert "invalid choice" in refused("activity", "stop a --status active")


def test_none_named_are_all_of_them() -> None:
    assert taken("activity", "show").ids == []
    assert taken("activity", "show a b --json").ids == ["a", "b"]


def test_only_putting_can_be_done_anyway() -> None:
    assert taken("activity", "put a.json").anyway is False
    assert "--anyway" in refused("activity", "check a.json --anyway")
