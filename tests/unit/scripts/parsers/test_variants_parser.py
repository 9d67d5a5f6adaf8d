"""What `tideline variants` takes."""

from __future__ import annotations

import pytest

from tests.support.command_lines import refused, taken


def test_a_plan_needs_a_rate_and_knows_the_rest() -> None:
    given = taken("variants", "plan --rate 0.06")
    assert (given.variants, given.least, given.users, given.split) == (2, 0.2, None, "even")
    assert "--rate" in refused("variants", "plan")


@pytest.mark.parametrize(
    ("line", "allowed"),
    [
        ("plan --rate 0", "numbers from 1e-06 to 100"),
        ("plan --rate 1 --variants 9", "whole numbers from 2 to 8"),
        ("plan --rate 1 --least 0", "numbers from 0.001 to 10"),
        ("plan --rate 1 --users 0", "whole numbers from 1 to"),
        ("status a --least nan", "numbers from 0.001 to 10"),
    ],
)
def test_a_number_out_of_range_is_refused(line: str, allowed: str) -> None:
    assert f"allowed: {allowed}" in refused("variants", line)


def test_the_log_is_optional_and_the_activity_is_not() -> None:
    assert taken("variants", "stop a --keep red").log is None
    assert "ID" in refused("variants", "status --log f")
