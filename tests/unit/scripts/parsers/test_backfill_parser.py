"""What `tideline backfill` takes beside the job's options."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_lines import refused, taken
from tideline.scripts.parsers.verbs import parser_of


def test_a_past_is_what_the_clickstream_holds_unless_a_file_is_given() -> None:
    given = taken("backfill", "")
    assert (given.stack, given.file, given.then_live, given.latest) == ("default", None, False, False)
    assert taken("backfill", "--file events.parquet --then-live").file == Path("events.parquet")


@pytest.mark.parametrize(
    "words", ["--latest --fresh", "--running --latest", "--flink http://j:8081 -s /savepoint", "--running --fresh"]
)
def test_two_beginnings_are_refused(words: str) -> None:
    assert "not allowed with argument" in refused("backfill", words)


def test_the_options_of_the_job_are_left_for_the_job() -> None:
    own, rest = parser_of("backfill").parse_known_args(["--name", "shop", "--then-live", "--shards", "16"])
    assert own.then_live
    assert rest == ["--name", "shop", "--shards", "16"]
