"""A topic and its archive are read as one log, and decisions older than the topic's retention are worked out by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.core_world import DAY_MS, NOON_MS
from tests.support.policy_log import MemoryLog
from tests.unit.scripts.audit.test_decision_scores import KNOWN, WEIGHTS, World
from tideline.schemas.errors import ConfigError
from tideline.scripts.audit.decision_scores import Ranking, Scores, explained
from tideline.udfs.core.policies.policy_start import TopicRecord, read_start
from tideline.udfs.io.archive_files import logs_of, write_range
from tideline.udfs.io.longer_log import LongerLog

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tideline.udfs.core.policies.policy_start import Log

_WEEK_MS = 7 * DAY_MS
_APART_MS = 8 * 3_600_000


def _records(start: int, stop: int) -> list[TopicRecord]:
    return [TopicRecord(at, b"k%d" % at, b"v", NOON_MS + 10 * at) for at in range(start, stop)]


def _longer(folder: Path, live: Sequence[TopicRecord], end: int) -> LongerLog:
    return LongerLog(MemoryLog(live, end), *logs_of(folder, "t"))


def test_it_reads_like_one_log(tmp_path: Path) -> None:
    """Contract: any range, each record once, by its offset, whichever has it; times lead to the same offsets."""
    write_range(tmp_path, "t", (0, 3, 9), _records(3, 9))
    write_range(tmp_path, "t", (0, 9, 20), _records(9, 18))
    log, plain = _longer(tmp_path, _records(15, 30), 30), MemoryLog([*_records(3, 18), *_records(20, 30)])
    assert (log.begin, log.end) == (3, 30)
    for start in range(2, 31):
        for stop in range(start, 31):
            assert list(log.records(start, stop)) == list(plain.records(start, stop)), (start, stop)
        wanted = plain.offset_at(NOON_MS + 10 * start - 5)
        assert log.offset_at(NOON_MS + 10 * start - 5) == wanted


def test_what_both_have_lost_is_a_gap(tmp_path: Path) -> None:
    write_range(tmp_path, "t", (0, 0, 5), _records(0, 5))
    log = _longer(tmp_path, _records(8, 12), 12)
    assert [each.offset for each in log.records(0, 12)] == [*range(5), *range(8, 12)]
    assert not read_start(log, 2_000).complete


def test_the_archive_of_another_topic_is_refused(tmp_path: Path) -> None:
    write_range(tmp_path, "t", (0, 0, 5), _records(0, 5))
    with pytest.raises(ConfigError, match="archived to 5, and ends at 4"):
        _longer(tmp_path, _records(0, 4), 4)


def _compacted(records: Sequence[TopicRecord]) -> list[TopicRecord]:
    """Return what a topic keeps that is compacted behind a week: of each key the newest older one."""
    cut_ms = records[-1].timestamp_ms - _WEEK_MS
    old = {each.key: each.offset for each in records if each.timestamp_ms < cut_ms}
    return [each for each in records if each.timestamp_ms >= cut_ms or old[each.key] == each.offset]


def test_a_thousand_decisions_of_two_weeks_are_worked_out_bit_for_bit(tmp_path: Path) -> None:
    """Contract: by the archive all of them; without it those of the last week, and of none other numbers are said."""
    world = World("pairs", apart_ms=_APART_MS)
    log, half = world.log(250), len(world.records) // 2
    write_range(tmp_path, "t", (0, 0, half), world.records[:half])
    write_range(tmp_path, "t", (0, half, half + 30), world.records[half : half + 30])
    kafka = MemoryLog(_compacted(world.records))

    def verdicts(topic: Log) -> list[bool | None]:
        scores = Scores(Ranking("pairs:alpha=0.3", WEIGHTS), KNOWN, lambda version: read_start(topic, 2_000, version))
        return [explained([each], scores)["equal"] for each in log]

    cut_ms = world.records[-1].timestamp_ms - _WEEK_MS
    kept = [world.records[each["policy_version"]].timestamp_ms >= cut_ms + _APART_MS for each in log]
    assert 300 < sum(kept) < 700
    assert verdicts(LongerLog(kafka, *logs_of(tmp_path, "t"))) == [True] * 1_000
    alone = verdicts(kafka)
    assert [equal for equal, is_kept in zip(alone, kept, strict=True) if is_kept] == [True] * sum(kept)
    assert False not in alone
    assert alone.count(None) > 300
