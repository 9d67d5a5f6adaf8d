"""What `tideline drop` takes."""

from __future__ import annotations

from tests.support.command_lines import refused, taken


def test_nothing_is_deleted_unless_it_is_said() -> None:
    assert not taken("drop", "monday").yes
    assert taken("drop", "monday --yes --group-id shop --bootstrap h:1 --redis-url redis://h").group_id == "shop"


def test_a_name_that_would_mean_more_than_one_replay_is_refused() -> None:
    for name in ("'*'", "'mon*'", "''", "'a b'", "'@'"):
        assert "1 to 64 letters" in refused("drop", name)
