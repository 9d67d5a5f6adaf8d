"""Which list of the decision log is meant, found without reading more of the log than its times make needed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from tideline.schemas.codec import MAX_AHEAD_MS
from tideline.schemas.errors import ConfigError, InvalidRecord
from tideline.schemas.records import DECISION
from tideline.udfs.core.context import DIM
from tideline.udfs.core.limits import MAX_POSITIONS
from tideline.udfs.core.pairs.pair_numbers import PAIR_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tideline.udfs.core.policies.policy_start import TopicRecord

    Decision = dict[str, Any]

_HOUR_MS, _DAY_MS = 3_600_000, 86_400_000
_BEFORE_MS = _HOUR_MS + MAX_AHEAD_MS
"""A record may be stamped so much earlier than what it tells of: clocks of producers, and of the machines of a job."""
LOGGED_WITHIN_MS = _DAY_MS
"""What was seen by a moment is looked for in what was logged up to so much later."""
_DAYS_BACK = (1, 4, 16, 64)
_ID = re.compile(r"\d{1,5}\.(\d{1,15})\.\d{1,10}(\.\d{1,3})?")
_SUBJECT = "a user who was shown something that the topic of decisions still has, or the id of such a list"


class Span(NamedTuple):
    """Records with a timestamp from one moment on and before another; None: from the first, to the last."""

    since_ms: int | None = None
    until_ms: int | None = None


_WHOLE = Span()


def searched(
    read: Callable[[Span], Iterable[TopicRecord]], subject: str, decision_id: str | None, at_ms: int | None, now_ms: int
) -> list[Decision]:
    """Return what `chosen` finds in the whole log; raises as it does, or as `read`.

    Of a list whose id is given what was logged since its moment is read; of a user the last days, and further back only
    where these do not tell. Told `at_ms`, nothing is read that was logged over a day later, unless all else fails.
    """
    for span in _spans(decision_id or subject, at_ms, now_ms):
        try:
            found = chosen(read(span), subject, decision_id, at_ms)
        except ConfigError:
            if span == _WHOLE:
                raise
            continue
        first_ms = min(min(each["as_of_ms"], each["shown_ms"]) for each in found)
        if span.since_ms is None or first_ms >= span.since_ms + _BEFORE_MS:
            return found
    raise AssertionError("unreachable")


def _spans(name: str, at_ms: int | None, now_ms: int) -> Iterator[Span]:
    """Yield where to look, the last time everywhere."""
    until_ms = None if at_ms is None else at_ms + LOGGED_WITHIN_MS
    its_id = _ID.fullmatch(name)
    if its_id:
        yield Span(max(int(its_id[1]) - 2 * _BEFORE_MS, 0), until_ms)
    last_ms = now_ms if at_ms is None else at_ms
    for days in () if its_id else _DAYS_BACK:
        yield Span(max(last_ms - days * _DAY_MS, 0), until_ms)
    yield _WHOLE


def chosen(records: Iterable[TopicRecord], subject: str, decision_id: str | None, at_ms: int | None) -> list[Decision]:
    """Return the decisions of one list: of a user, or of the id it has, the one shown last, up to a moment.

    Raises:
        ConfigError: there is none, or lists of several users have that id.
    """
    mine: list[Decision] = []
    of_id: list[Decision] = []
    name = subject.encode("utf-8", "surrogateescape")
    for record in records:
        if record.key != name and (record.value is None or name not in record.value):
            continue
        found = _decision(record.value)
        if found is None:
            continue
        if record.key == name:
            mine.append(found)
        elif found["decision_id"] == subject:
            of_id.append(found)
    if not mine and len(users := sorted({each["user_id"] for each in of_id})) > 1:
        raise ConfigError("SUBJECT", subject, f"a user, with --decision {subject}: {', '.join(users)} have such a list")
    found_all = [each for each in mine or of_id if at_ms is None or each["shown_ms"] <= at_ms]
    if decision_id is None and found_all:
        decision_id = max(found_all, key=lambda each: each["shown_ms"])["decision_id"]
    its = {each["activity_id"]: each for each in found_all if each["decision_id"] == decision_id}
    if not its:
        raise ConfigError("SUBJECT", subject, _SUBJECT)
    return sorted(its.values(), key=lambda each: int(each["position"]))


def _decision(value: bytes | None) -> Decision | None:
    """Return a decision record, None for what is none that the job can have written: others may write the topic."""
    try:
        found = DECISION.decode(value or b"")
    except InvalidRecord:
        return None
    right = len(found["x"]) == DIM and 0 <= found["pair"] < 1 << 8 * PAIR_BYTES and found["eligible"] > 0
    return found if right and 0 <= found["position"] < MAX_POSITIONS else None
