"""What `tideline archive` takes."""

from __future__ import annotations

import pytest

from tests.support.command_lines import refused, taken
from tideline.scripts.parsers.verbs import parser_of
from tideline.udfs.io import archive_files


def test_the_help_tells_the_layout_as_it_is_told_where_it_is_written() -> None:
    assert archive_files.__doc__ is not None
    assert archive_files.__doc__.strip() in parser_of("archive").format_help()


def test_a_folder_is_needed() -> None:
    assert "--to" in refused("archive", "--stack demo")
    given = taken("archive", "--stack demo --to here")
    assert (str(given.to), given.rows, given.without, given.policy) == ("here", 200_000, None, False)
    assert (given.keep_days, given.merge) == (None, False)


@pytest.mark.parametrize("rows", ["0", "10000001", "many"])
def test_a_file_has_some_records(rows: str) -> None:
    assert "whole numbers from 1 to 10000000" in refused("archive", f"--to here --rows={rows}")
