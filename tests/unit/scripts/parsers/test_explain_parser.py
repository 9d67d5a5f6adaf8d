"""What `tideline explain` takes."""

from __future__ import annotations

from tests.support.command_lines import refused, taken


def test_the_newest_list_by_the_default_options_unless_others_are_named() -> None:
    arguments = taken("explain", "u42")
    assert (arguments.decision, arguments.policy, arguments.weights) == (None, None, None)
    assert taken("explain", "u42 --weights 1 5 0 0.5").weights == [1.0, 5.0, 0.0, 0.5]
    assert "--weights" in refused("explain", "u42 --weights 1 5")
    assert "USER" in refused("explain", "--json")
