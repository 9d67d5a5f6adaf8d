"""What `tideline list` takes."""

from __future__ import annotations

from tests.support.command_lines import refused, taken


def test_an_id_that_begins_with_a_hyphen_stands_behind_two() -> None:
    given = taken("list", "--json --redis-url redis://h -- -u42")
    assert (given.user, given.json, given.redis_url) == ("-u42", True, "redis://h")


def test_the_popular_list_is_nobodys() -> None:
    given = taken("list", "--popular --stack demo")
    assert (given.user, given.popular, given.prefix) == (None, True, "tideline")


def test_one_list_is_shown_at_a_time() -> None:
    assert "unrecognized arguments: u2" in refused("list", "u1 u2")
