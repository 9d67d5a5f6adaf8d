"""Where a replay reads: an archive in the place of Kafka."""

from __future__ import annotations

from pathlib import Path

import pytest

from tideline.schemas.errors import TooFew
from tideline.scripts.replays.bounds import read_bound
from tideline.scripts.replays.offsets import Span, refuse_gaps, spans, times
from tideline.scripts.replays.range_logs import clickstream_of
from tideline.udfs.core.policies.policy_start import TopicRecord
from tideline.udfs.io.archive_files import write_range
from tideline.udfs.settings.job_config import ReplayConfig


def _config(folder: Path) -> ReplayConfig:
    return ReplayConfig(
        name="r", bootstrap="127.0.0.1:1", redis_url="redis://h", encoder=Path(), token_keys={1: b"k" * 32},
        archive=folder, from_offsets={0: 0}, to_offsets={0: 1},
    )  # fmt: skip


def _write(folder: Path, *ranges: tuple[int, int]) -> None:
    for start, stop in ranges:
        write_range(
            folder,
            "clickstream",
            (0, start, stop),
            [TopicRecord(at, b"u", b"v", 1_000 * at) for at in range(start, stop)],
        )


def test_a_range_of_an_archive_is_found_by_time_without_a_broker(tmp_path: Path) -> None:
    """Contract: offsets and times as Kafka would tell them; its end is where the archive ends."""
    _write(tmp_path, (5, 9), (9, 20))
    with clickstream_of(_config(tmp_path)) as logs:
        found = spans(logs, read_bound("6000"), None, 10**15)
        assert found == {0: (6, 20)}
        assert times(logs, found) == (6_000, 19_000)
        assert spans(logs, read_bound("6000"), read_bound("8500"), 10**15) == {0: (6, 9)}
        refuse_gaps(logs, found)
        with pytest.raises(TooFew, match="0 to 4 are past its retention"):
            spans(logs, read_bound("4000"), None, 10**15)


def test_what_was_never_archived_is_named(tmp_path: Path) -> None:
    """Contract: Kafka had deleted it: exit status 3, never skipped."""
    _write(tmp_path, (0, 4), (7, 9))
    with clickstream_of(_config(tmp_path)) as logs:
        refuse_gaps(logs, {0: Span(0, 4)})
        refuse_gaps(logs, {0: Span(7, 9)})
        with pytest.raises(TooFew, match="what is archived of partition 0; offsets 4 to 6 never were"):
            refuse_gaps(logs, {0: Span(2, 9)})
