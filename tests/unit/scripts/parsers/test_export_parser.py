"""What `tideline export` takes."""

from __future__ import annotations

import pytest

from tests.support.command_lines import refused, taken
from tideline.scripts.analysis import join_log
from tideline.scripts.parsers.verbs import parser_of


def test_the_help_tells_the_columns_as_they_are_told_where_they_are_made() -> None:
    """Contract: without importing what makes them."""
    assert join_log.__doc__ is not None
    assert join_log.__doc__.strip() in parser_of("export").format_help()


def test_a_file_to_write_is_needed() -> None:
    assert "--out" in refused("export", "--stack demo")
    assert taken("export", "--stack demo --out d.parquet").attribution_days == 7.0


@pytest.mark.parametrize("days", ["-1", "91", "nan", "week"])
def test_days_are_those_that_the_job_takes(days: str) -> None:
    assert "allowed: numbers from 0 to 90" in refused("export", f"--out d.parquet --attribution-days={days}")
