"""What `tideline report` takes."""

from __future__ import annotations

import pytest

from tests.support.command_lines import refused, taken


def test_weights_are_those_of_the_job_unless_given() -> None:
    given = taken("report", "--log d.parquet")
    assert (given.weights, given.days, given.html) == ((1.0, 5.0, 0.0), 7.0, None)
    assert taken("report", "--log d.parquet --weights 0 2 0.1").weights == [0.0, 2.0, 0.1]


@pytest.mark.parametrize(
    ("words", "allowed"),
    [
        ("--days=-1", "numbers from 0"),
        ("--days=nan", "numbers from 0"),
        ("--weights 1 inf 0", "numbers from 0 to 1000000"),
    ],
)
def test_a_number_that_is_none_is_refused(words: str, allowed: str) -> None:
    assert f"allowed: {allowed}" in refused("report", f"--log d.parquet {words}")
