"""Which offsets a range is, as the topic stands now: a replay reads exactly these, whenever it is started again."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tideline.schemas.errors import ConfigError, TooFew
from tideline.scripts.replays.bounds import moment
from tideline.udfs.io.archive_files import ArchivedLog

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Protocol

    from tideline.scripts.replays.bounds import Bound
    from tideline.udfs.core.policies.policy_start import TopicRecord

    class Log(Protocol):
        """A partition, as it is now: what `topic_reader.opened` gives."""

        number: int
        begin: int
        end: int

        def offset_at(self, timestamp_ms: int) -> int:
            """Return the first offset with that timestamp or a later one, `end` where there is none."""

        def records(self, start: int, stop: int) -> Iterable[TopicRecord]:
            """Return the records with an offset in start..stop-1, rising."""


class Span(NamedTuple):
    """The offsets of one partition, the last one excluded."""

    start: int
    stop: int


def spans(logs: Sequence[Log], begin: Bound, end: Bound | None, now_ms: int) -> dict[int, Span]:
    """Return the span of every partition of the topic; without `end` up to where each ends now.

    A partition that a table of offsets does not name is not read: its span is empty.

    Raises:
        ConfigError: the range is past the end of the topic, backwards, or names a partition that is none.
        TooFew: records of the range are gone, or it holds none; the message says what is left.
    """
    numbers = [log.number for log in logs]
    for key, bound in (("from", begin), ("to", end)):
        _check_time(key, bound, logs, now_ms)
        unknown = sorted(set(bound.offsets or ()) - set(numbers)) if bound else []
        if bound and unknown:
            raise ConfigError(key, bound.text, f"partitions {numbers[0]} to {numbers[-1]}; not {unknown[0]}")
    if end and begin.offsets is not None and end.offsets is not None and begin.offsets.keys() != end.offsets.keys():
        raise ConfigError("to", end.text, f"the partitions of from, {begin.text}")
    found = {log.number: _span(log, begin, end, now_ms) for log in logs}
    if all(span.start == span.stop for span in found.values()):
        raise TooFew("from, to", _told(begin, end), f"a range that holds records; {_times(logs)}{_ends(logs)}")
    return found


def _span(log: Log, begin: Bound, end: Bound | None, now_ms: int) -> Span:
    named = [bound.offsets for bound in (begin, end) if bound and bound.offsets is not None]
    if any(log.number not in offsets for offsets in named):
        return Span(log.end, log.end)
    stop = log.end if end is None else _stop(log, end, now_ms)
    start = _start(log, begin, now_ms)
    if stop < start:
        raise ConfigError(
            "to", end.text if end else "", f"not before the start, which is {start} in partition {log.number}"
        )
    return Span(start, stop)


def _stop(log: Log, end: Bound, now_ms: int) -> int:
    at_ms = end.at_ms(now_ms)
    if at_ms is not None:
        return log.offset_at(at_ms)
    stop = (end.offsets or {})[log.number]
    if stop > log.end:
        raise ConfigError("to", stop, f"not past the end of partition {log.number}, which is {log.end} now")
    if stop < log.begin:
        raise _gone("to", stop, log)
    return stop


def _start(log: Log, begin: Bound, now_ms: int) -> int:
    at_ms = begin.at_ms(now_ms)
    if at_ms is not None:
        first = _first_ms(log, log.begin) if log.begin else 0
        if log.begin and (first is None or first >= at_ms):
            raise _gone("from", begin.text, log, first)
        return log.offset_at(at_ms)
    start = (begin.offsets or {})[log.number]
    if start > log.end:
        raise ConfigError("from", start, f"not past the end of partition {log.number}, which is {log.end} now")
    if start < log.begin:
        raise _gone("from", start, log)
    return start


def _gone(key: str, value: object, log: Log, first_ms: int | None = None) -> TooFew:
    """Records may have been of the range that retention has taken: which ones, and what there is."""
    first = "" if first_ms is None else f", the first of {moment(first_ms)}: a later time, or offsets"
    left = f"what partition {log.number} still holds, offsets {log.begin} to {log.end}{first}"
    return TooFew(key, value, f"{left}; 0 to {log.begin - 1} are past its retention")


def _check_time(key: str, bound: Bound | None, logs: Sequence[Log], now_ms: int) -> None:
    at_ms = bound.at_ms(now_ms) if bound else None
    if bound and at_ms is not None and at_ms > now_ms:
        raise ConfigError(key, bound.text, f"not later than now, {moment(now_ms)}; {_ends(logs)}")


def refuse_gaps(logs: Sequence[Log], found: Mapping[int, Span]) -> None:
    """Refuse a range of which an archive lacks a part: Kafka had deleted it before it was archived.

    Raises:
        TooFew: it lacks one; the message says which offsets.
    """
    for log in logs:
        gap = log.gap(*found[log.number]) if isinstance(log, ArchivedLog) else None
        if gap is not None:
            allowed = f"what is archived of partition {log.number}; offsets {gap[0]} to {gap[1] - 1} never were"
            raise TooFew("from, to", f"{found[log.number].start} to {found[log.number].stop}", allowed)


def refuse_unarchived(
    archived: Sequence[Log],
    live: Sequence[Log],
    found: Mapping[int, Span],
    where: tuple[Bound, Bound | None],
    now_ms: int,
) -> None:
    """Refuse a range by times that goes on behind what is archived: Kafka has, or had, more of it.

    Args:
        archived: The partitions as the archive has them.
        live: Those that Kafka has, as they are now.
        found: The spans of the range in the archive.
        where: Its ends, as they were given.
        now_ms: The present.

    Raises:
        TooFew: there is more; the message says in which partition and from which offset on.
    """
    begin_ms, end_ms = (bound.at_ms(now_ms) if bound else None for bound in where)
    if begin_ms is None or end_ms is None or where[1] is None:
        return
    ends = {log.number: log.end for log in archived}
    for log in live:
        reached = ends.get(log.number, 0)
        if log.number in found and found[log.number].stop < reached:
            continue  # it ends inside
        if reached < log.begin or max(reached, log.offset_at(begin_ms)) < log.offset_at(end_ms):
            told = f"a time until which all is archived: partition {log.number} is below offset {reached}"
            gone = f"; {reached} to {log.begin - 1} are gone" * (reached < log.begin)
            raise TooFew("to", where[1].text, f"{told}, and Kafka has more (`tideline archive` first){gone}")


def times(logs: Sequence[Log], found: Mapping[int, Span]) -> tuple[int, int]:
    """Return when the broker took the first and the last record of a range."""
    ends = [
        _first_ms(log, at)
        for log in logs
        for start, stop in [found[log.number]]
        for at in ((start, stop - 1) if start < stop else ())
    ]
    known = [each for each in ends if each is not None]
    return min(known, default=0), max(known, default=0)


def _ends(logs: Sequence[Log]) -> str:
    return "the partitions end at " + ", ".join(f"{log.number}: {log.end}" for log in logs)


def _times(logs: Sequence[Log]) -> str:
    """Say from when to when the records are."""
    ends = [_first_ms(log, start) for log in logs for start in (log.begin, log.end - 1) if log.end > log.begin]
    known = [each for each in ends if each is not None]
    return f"they are of {moment(min(known))} to {moment(max(known))}, " if known else ""


def _first_ms(log: Log, start: int) -> int | None:
    return next((each.timestamp_ms for each in log.records(start, log.end)), None)


def _told(begin: Bound, end: Bound | None) -> str:
    return f"{begin.text}, {end.text if end else 'now'}"


def as_option(found: Mapping[int, Span], at: int) -> dict[str, int]:
    """Return the starts (`at` 0) or stops (1) as the job takes them."""
    return {str(number): span[at] for number, span in sorted(found.items())}
