"""Where reading starts and ends, and texts in SQL."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tideline.jobs.inputs import clickstream_scan, sql_options, sql_text
from tideline.udfs.settings.job_config import JobConfig, ReplayConfig

KEYS = {1: b"k" * 32}
LIVE = JobConfig(bootstrap="b:1", redis_url="redis://h", encoder=Path(), token_keys=KEYS)
REPLAY = ReplayConfig(
    name="r", bootstrap="b:1", redis_url="redis://h", encoder=Path(), token_keys=KEYS, from_ms=5, to_ms=9
)


def test_a_live_job_goes_on_where_its_group_was_unless_it_is_told_to_begin() -> None:
    """Contract: without a commit from the earliest record: nothing that was produced before is passed over."""
    assert clickstream_scan(LIVE) == {"scan.startup.mode": "group-offsets", "properties.auto.offset.reset": "earliest"}
    assert clickstream_scan(replace(LIVE, start="earliest")) == {"scan.startup.mode": "earliest-offset"}


def test_a_replay_is_bounded_by_times_or_by_offsets() -> None:
    """Contract: it looks for no partitions later, and its end is the one it was given."""
    times = clickstream_scan(REPLAY)
    assert times["scan.topic-partition-discovery.interval"] == "0"
    assert (times["scan.startup.timestamp-millis"], times["scan.bounded.timestamp-millis"]) == ("5", "9")
    ranged = replace(REPLAY, from_ms=None, to_ms=None, from_offsets={1: 4, 0: 3}, to_offsets={0: 8, 1: 9})
    offsets = clickstream_scan(ranged)
    assert offsets["scan.startup.specific-offsets"] == "partition:0,offset:3;partition:1,offset:4"
    assert offsets["scan.bounded.specific-offsets"] == "partition:0,offset:8;partition:1,offset:9"


def test_no_text_ends_its_literal() -> None:
    """Contract: a quote in a name is a quote in a name."""
    assert sql_text("it's") == "'it''s'"
    assert sql_options({"a": "1", "b'": "x"}) == "'a' = '1', 'b''' = 'x'"
