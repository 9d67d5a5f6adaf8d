"""What `tideline diff` takes."""

from __future__ import annotations

from tests.support.command_lines import refused, taken


def test_a_replay_is_compared_with_live_unless_another_is_named() -> None:
    assert taken("diff", "monday").other == "live"
    assert taken("diff", "monday tuesday --prefix shop").other == "tuesday"
    assert "REPLAY" in refused("diff", "--json")
