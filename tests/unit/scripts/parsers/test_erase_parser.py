"""What `tideline erase` takes."""

from __future__ import annotations

from tests.support.command_lines import refused, taken


def test_without_wait_it_is_ordered_alone() -> None:
    given = taken("erase", "u1")
    assert (given.user, given.wait, given.by, given.prefix) == ("u1", None, None, "tideline")
    assert given.no_search is False
    assert taken("erase", "u1 --wait 2.5").wait == 2.5
    assert taken("erase", "u1 --no-search").no_search is True
    assert taken("erase", "u1 --placement cart --placement home").placement == ["cart", "home"]


def test_a_user_must_be_named() -> None:
    assert "USER" in refused("erase", "--wait 5")
