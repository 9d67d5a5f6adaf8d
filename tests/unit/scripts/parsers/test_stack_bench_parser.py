"""What those benchmarks take that run on a stack of their own."""

from __future__ import annotations

import pytest

from tests.support.command_lines import refused, taken


def test_numbers_of_users_come_alone_or_with_commas() -> None:
    assert taken("bench", "backends").users == (0,)
    assert taken("bench", "backends --users 1000000").users == (1_000_000,)
    assert taken("bench", "backends --users 100000,1000000").users == (100_000, 1_000_000)


@pytest.mark.parametrize("given", ["x", "1,,2", "10000001", "-1", "5,5", "0,5"])
def test_users_that_no_run_can_have_are_refused_with_what_is_allowed(given: str) -> None:
    """Contract: before a stack is brought up."""
    said = refused("bench", f"backends --users={given}")
    assert given in said
    assert "allowed: " in said


def test_rates_and_kills_are_not_both_left_out() -> None:
    assert "not allowed with" in refused("bench", "peers --without-rates --without-kills")
    assert (taken("bench", "peers").without_rates, taken("bench", "peers").without_kills) == (False, False)


def test_a_commit_is_measured_beside_in_three_rounds() -> None:
    found = taken("bench", "beside adc3502")
    assert (found.commit, found.events, found.rounds) == ("adc3502", 600_000, 3)
