"""Contract: the offsets of a range are exactly those asked for; what is not there yet, or no more, is said."""

from __future__ import annotations

from random import Random

import pytest

from tests.support.policy_log import MemoryLog
from tideline.schemas.errors import ConfigError, TooFew
from tideline.scripts.replays.bounds import read_bound
from tideline.scripts.replays.offsets import Span, as_option, refuse_unarchived, spans, times
from tideline.udfs.core.policies.policy_start import TopicRecord

_NOW_MS = 1_000_000


class Partition(MemoryLog):
    """One partition with a record each second; retention has taken those before `begin`."""

    def __init__(self, number: int, begin: int, end: int) -> None:
        super().__init__([TopicRecord(offset, b"k", b"v", offset * 1000) for offset in range(begin, end)])
        self.number, self.begin, self.end = number, begin, end


def found(logs: list[Partition], begin: str, end: str | None = None) -> dict[int, Span]:
    """Return the span by partition."""
    return spans(logs, read_bound(begin), read_bound(end) if end else None, _NOW_MS)


def test_times_are_the_first_records_that_are_not_before() -> None:
    """Contract: the start is in the range, the end is not."""
    logs = [Partition(0, 0, 50), Partition(1, 0, 9)]
    assert found(logs, "10000", "20001") == {0: (10, 21), 1: (9, 9)}
    assert found(logs, "last=960s") == {0: (40, 50), 1: (9, 9)}


def test_offsets_are_taken_as_they_are_and_other_partitions_are_not_read() -> None:
    """Contract: every partition is in the answer: of one that is not, the source would read all."""
    logs = [Partition(0, 0, 50), Partition(1, 3, 9), Partition(2, 0, 0)]
    assert found(logs, '{"0": 10}', '{"0": 20}') == {0: (10, 20), 1: (9, 9), 2: (0, 0)}
    assert found(logs, '{"0": 10, "1": 3}') == {0: (10, 50), 1: (3, 9), 2: (0, 0)}
    assert found(logs, '{"0": 10}', "20000") == {0: (10, 20), 1: (9, 9), 2: (0, 0)}
    assert as_option({1: Span(3, 9), 0: Span(1, 2)}, 1) == {"0": 2, "1": 9}


@pytest.mark.parametrize(
    ("begin", "end", "message"),
    [
        ('{"0": 1}', '{"0": 51}', "to=51 .*past the end of partition 0, which is 50 now"),
        ('{"0": 51}', None, "from=51 .*past the end of partition 0, which is 50 now"),
        ('{"2": 1}', None, "partitions 0 to 1; not 2"),
        ('{"0": 1}', '{"0": 2, "1": 2}', "the partitions of from"),
        ('{"0": 9}', '{"0": 8}', "not before the start, which is 9 in partition 0"),
        ("20000", "10000", "not before the start, which is 20 in partition 0"),
        ("0", "1000001", r"not later than now, 1970-01-01T00:16:40.000Z; the partitions end at 0: 50, 1: 9"),
        ("1000001", None, "not later than now"),
    ],
)
def test_a_range_that_is_not_there_is_refused_with_where_the_topic_ends(
    begin: str, end: str | None, message: str
) -> None:
    """Contract: before submission; a job would wait for such records for ever."""
    with pytest.raises(ConfigError, match=message) as refused:
        found([Partition(0, 0, 50), Partition(1, 0, 9)], begin, end)
    assert not isinstance(refused.value, TooFew)


@pytest.mark.parametrize(
    ("begin", "end", "message"),
    [
        ('{"0": 4}', None, "from=4 .*partition 0 still holds, offsets 5 to 50; 0 to 4 are past its retention"),
        ("4000", None, "offsets 5 to 50, the first of 1970-01-01T00:00:05.000Z: a later time"),
        ("5000", None, "0 to 4 are past its retention"),
        ('{"1": 0}', '{"1": 7}', "partition 1 still holds, offsets 9 to 9; 0 to 8 are past its retention"),
        ("last=990s", None, "partition 1 still holds, offsets 9 to 9"),
        (
            '{"0": 7}',
            '{"0": 7}',
            "that holds records; they are of 1970-01-01T00:00:05.000Z to .*:49.000Z, the partitions end at 0: 50, 1: 9",
        ),
    ],
)
def test_what_retention_has_taken_is_named_and_never_skipped(begin: str, end: str | None, message: str) -> None:
    """Contract: no data can say what these records were: exit status 3."""
    with pytest.raises(TooFew, match=message):
        found([Partition(0, 5, 50), Partition(1, 9, 9)], begin, end)


def test_a_range_is_from_its_first_record_to_its_last() -> None:
    """Contract: by the broker's times, over all partitions; nothing of those that are not read."""
    logs = [Partition(0, 0, 50), Partition(1, 3, 9), Partition(2, 0, 0)]
    assert times(logs, {0: Span(20, 31), 1: Span(4, 4), 2: Span(0, 0)}) == (20_000, 30_000)
    assert times(logs, {0: Span(20, 31), 1: Span(3, 9), 2: Span(0, 0)}) == (3_000, 30_000)


def _unarchived(archived: list[Partition], live: list[Partition], begin: str, end: str | None) -> None:
    where = read_bound(begin), read_bound(end) if end else None
    refuse_unarchived(archived, live, spans(archived, *where, _NOW_MS), where, _NOW_MS)


@pytest.mark.parametrize(
    ("end", "live"),
    [
        ("29000", Partition(0, 20, 60)),  # it ends inside what is archived
        ("29000", Partition(0, 40, 60)),  # and what is gone since is of later
        ("30001", Partition(0, 25, 31)),  # Kafka has no more
        ("40000", Partition(0, 31, 31)),
        (None, Partition(0, 25, 60)),  # up to where it is archived
        ('{"0": 31}', Partition(0, 25, 60)),
    ],
)
def test_a_range_that_is_archived_is_taken(end: str | None, live: Partition) -> None:
    """Contract: whatever Kafka has more, or no more."""
    begin = '{"0": 5}' if end and end.startswith("{") else "5000"
    _unarchived([Partition(0, 0, 31)], [live], begin, end)


@pytest.mark.parametrize(
    ("live", "told"),
    [
        ([Partition(0, 25, 60)], "partition 0 is below offset 31, and Kafka has more .`tideline archive` first.$"),
        ([Partition(0, 36, 60)], "below offset 31, .* 31 to 35 are gone"),
        ([Partition(0, 50, 60)], "below offset 31, .* 31 to 49 are gone"),
        ([Partition(0, 25, 31), Partition(1, 0, 20)], "partition 1 is below offset 0, and Kafka has more"),
        ([Partition(0, 25, 31), Partition(1, 9, 9)], "partition 1 is below offset 0, .* 0 to 8 are gone"),
    ],
)
def test_what_of_a_range_is_not_archived_is_never_left_out_in_silence(live: list[Partition], told: str) -> None:
    """Contract: its end by time says nothing of where the archive ends; a partition without a file may have records."""
    with pytest.raises(TooFew, match=told):
        _unarchived([Partition(0, 0, 31)], live, "5000", "40000")


def test_of_an_empty_topic_no_time_is_told() -> None:
    with pytest.raises(TooFew, match="a range that holds records; the partitions end at 0: 0, 1: 0"):
        found([Partition(0, 0, 0), Partition(1, 0, 0)], "20000")


def test_a_time_after_the_first_record_that_is_left_loses_nothing() -> None:
    """Contract: what is gone was taken before that one, so it is not of the range."""
    assert found([Partition(0, 5, 50)], "5001") == {0: (6, 50)}


def test_whatever_is_asked_it_is_the_range_or_a_refusal() -> None:
    """Contract: of random topics and bounds each answer holds exactly the records of the range, or an error is said."""
    random, answers = Random(7), 0
    for _ in range(2_000):
        logs = [Partition(at, first := random.randrange(4), first + random.randrange(9)) for at in range(2)]
        begin, end = (str(random.randrange(12) * 1000 + random.choice((0, 1))) for _ in range(2))
        try:
            answer = found(logs, begin, end)
        except ConfigError:
            continue
        answers += 1
        for log in logs:
            every = [offset for offset in range(log.end) if int(begin) <= offset * 1000 < int(end)]
            assert [*range(*answer[log.number])] == every
    assert answers > 100
