"""What `tideline promote` takes."""

from __future__ import annotations

from tests.support.command_lines import refused, taken


def test_nothing_is_done_and_nobody_overtaken_unless_it_is_said() -> None:
    arguments = taken("promote", "monday")
    assert (arguments.yes, arguments.overtaken, arguments.keep_s, arguments.republished) == (False, None, 604_800, 0)
    assert arguments.policy_topic == "policy"
    assert taken("promote", "monday --yes --overtaken keep --keep-s 60").overtaken == "keep"


def test_what_is_no_replay_and_no_time_is_refused() -> None:
    assert "1 to 64 letters" in refused("promote", "'mon:day'")
    assert "1 to 64 letters" in refused("promote", "'*'")
    assert "60" in refused("promote", "monday --keep-s 59")
    assert "10000" in refused("promote", "monday --republished -1").replace(",", "")
    assert "keep" in refused("promote", "monday --overtaken all")
