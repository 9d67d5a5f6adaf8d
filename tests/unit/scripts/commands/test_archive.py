"""Which ranges of a topic become files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tideline.schemas.errors import ConfigError
from tideline.schemas.topics import Topics
from tideline.scripts.commands import archive
from tideline.scripts.commands.archive import first_offset, ranges
from tideline.udfs.core.policies.policy_start import TopicRecord
from tideline.udfs.io.archive_files import read, write_range

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

_NOON_MS = 1_795_694_400_000
_DAY_MS = 86_400_000


class _Log:
    """A partition with records at some offsets."""

    def __init__(self, begin: int, end: int, offsets: Collection[int]) -> None:
        self.begin, self.end, self._offsets = begin, end, offsets

    def offset_at(self, timestamp_ms: int) -> int:
        return self.begin

    def records(self, start: int, stop: int) -> Iterator[TopicRecord]:
        return (TopicRecord(at, b"k", b"v", 0) for at in self._offsets if start <= at < stop)


def test_ranges_meet_and_reach_the_end() -> None:
    """Contract: offsets that hold no record belong to the range before them, so that nobody looks there again."""
    found = [(stop, [each.offset for each in records]) for stop, records in ranges(_Log(0, 12, [2, 3, 7, 8, 9]), 0, 2)]
    assert found == [(7, [2, 3]), (9, [7, 8]), (12, [9])]
    assert list(ranges(_Log(0, 12, [2, 3]), 4, 2)) == []


def test_a_range_ends_where_its_values_have_sixty_four_megabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: what is held at a time is bounded by bytes, too; here by three of one byte each."""
    monkeypatch.setattr(archive, "_MOST_BYTES", 3)
    found = [(stop, len(records)) for stop, records in ranges(_Log(0, 8, range(8)), 0, 100)]
    assert found == [(3, 3), (6, 3), (8, 2)]


def test_it_goes_on_where_it_was_and_says_what_kafka_has_lost(capsys: pytest.CaptureFixture[str]) -> None:
    assert first_offset("t, partition 3", _Log(5, 9, []), None) == 5
    assert first_offset("t, partition 3", _Log(5, 9, []), 7) == 7
    assert capsys.readouterr().err == ""
    assert first_offset("t, partition 3", _Log(5, 9, []), 2) == 5
    assert capsys.readouterr().err == "archive: t, partition 3: offsets 2 to 4 are in Kafka no more\n"


def test_the_archive_of_another_topic_is_refused() -> None:
    with pytest.raises(ConfigError, match="was archived to 10, and ends at 9"):
        first_offset("t, partition 3", _Log(5, 9, []), 10)


def test_it_tidies_up_every_topic_that_it_has(tmp_path: Path) -> None:
    """Contract: what is old goes, the policy a day later, activities never; then small files become one."""
    topics = Topics()
    for topic in (topics.clickstream, topics.decisions, topics.policy, topics.activities):
        for at in range(4):
            write_range(tmp_path, topic, (0, at, at + 1), [TopicRecord(at, b"k", b"v", _NOON_MS + (at // 2) * _DAY_MS)])
    assert archive.tidy(topics, tmp_path, None, _NOON_MS + _DAY_MS) == ["4 records were too old"]
    assert archive.tidy(topics, tmp_path, 10, None) == ["6 files fewer"]
    left = [len(list(read(tmp_path, topic))) for topic in (topics.clickstream, topics.policy, topics.activities)]
    assert left == [2, 4, 4]
    assert archive.tidy(topics, tmp_path, 10, _NOON_MS) == ["0 records were too old", "0 files fewer"]
    assert archive.forget(topics, tmp_path, "k") == 4
