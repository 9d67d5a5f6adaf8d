"""What `tideline explain` takes."""

from __future__ import annotations

from tests.support.command_lines import refused, taken


def test_the_newest_list_by_the_default_options_unless_others_are_named() -> None:
    arguments = taken("explain", "u42")
    assert (arguments.decision, arguments.policy, arguments.weights) == (None, None, None)
    assert taken("explain", "u42 --weights 1 5 0 0.5").weights == [1.0, 5.0, 0.0, 0.5]
    assert "--weights" in refused("explain", "u42 --weights 1 5")
    assert "USER" in refused("explain", "--json")


def test_a_moment_is_one_and_no_offsets() -> None:
    assert taken("explain", "u42 --at 1700000000000").at.ms == 1_700_000_000_000
    assert taken("explain", "u42 --at last=2d").at.at_ms(10**12) == 10**12 - 2 * 86_400_000
    assert "allowed: ISO 8601" in refused("explain", """u42 --at {"0":1}""")
    assert "allowed: ISO 8601" in refused("explain", "u42 --at tomorrow")
