"""Which list `tideline explain` means, and how much of the log it reads to find it."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.core_world import NOON_MS
from tests.unit.scripts.audit.test_decision_scores import World
from tideline.schemas.decision_writer import encode_decision
from tideline.schemas.errors import ConfigError
from tideline.schemas.records import DECISION
from tideline.scripts.audit.decision_search import Span, chosen, searched
from tideline.udfs.core.policies.policy_start import TopicRecord

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ID = "1.1700000000000.0"
_DAY_MS = 86_400_000


def _topic() -> list[TopicRecord]:
    """Return the log of three lists of four entries: two of u, and one of v that has the id of the first."""
    found: list[TopicRecord] = []
    for at, each in enumerate(World("linucb").log(2) + World("linucb").log(1)):
        user = b"u" if at < 8 else b"v"
        told = each | {"user_id": user.decode(), "shown_ms": NOON_MS + at // 4}
        found.append(TopicRecord(at, user, encode_decision(told), NOON_MS))
    more = [(b"u", b"no decision"), (b"u", None), (b"w", _ID.encode())]
    return found + [TopicRecord(12 + at, *each, NOON_MS) for at, each in enumerate(more)]


def _chosen(subject: str, decision: str | None = None, at_ms: int | None = None) -> list[tuple[str, str, int]]:
    found: list[dict[str, Any]] = chosen(_topic(), subject, decision, at_ms)
    return [(each["user_id"], each["decision_id"], each["position"]) for each in found]


def test_a_list_is_that_of_a_user_the_newest_by_then_or_the_one_named() -> None:
    """Contract: by the moment that it was shown; every entry once, in order of places."""
    other = "1.1700000000000.1"
    assert _chosen("u") == [("u", other, at) for at in range(4)]
    assert _chosen("u", _ID) == _chosen("u", None, NOON_MS) == [("u", _ID, at) for at in range(4)]
    assert _chosen(other) == _chosen("u", other)
    assert chosen([*_topic(), *_topic()], "u", None, None) == chosen(_topic(), "u", None, None)


@pytest.mark.parametrize(
    ("subject", "decision", "at_ms"),
    [("x", None, None), ("u", "1.2.3", None), ("u", None, NOON_MS - 1), ("w", None, 1)],
)
def test_who_was_shown_nothing_of_the_kind_is_told(subject: str, decision: str | None, at_ms: int | None) -> None:
    with pytest.raises(ConfigError, match="a user who was shown something"):
        _chosen(subject, decision, at_ms)


@pytest.mark.parametrize(
    "wrong", [{"x": b"short"}, {"pair": -1}, {"pair": 1 << 24}, {"eligible": 0}, {"position": 400}]
)
def test_a_record_that_no_job_wrote_is_none(wrong: dict[str, Any]) -> None:
    """Contract: numbers that would end the work; a user id that is no text finds nobody either."""
    (first, *_) = World("linucb").log(1)
    topic = [TopicRecord(0, b"u", DECISION.encode(first | {"user_id": "u"} | wrong), NOON_MS)]
    for subject in ("u", "\udcff"):
        with pytest.raises(ConfigError):
            chosen(topic, subject, None, None)


def test_an_id_that_several_users_have_a_list_of_names_them() -> None:
    with pytest.raises(ConfigError, match=f"with --decision {_ID}: u, v have such a list"):
        _chosen(_ID)


class Log:
    """Records that are read by their times, and how many were."""

    def __init__(self, records: Sequence[TopicRecord]) -> None:
        self.records, self.read = records, 0

    def __call__(self, span: Span) -> Iterator[TopicRecord]:
        for each in self.records:
            if (span.since_ms or 0) <= each.timestamp_ms and (not span.until_ms or each.timestamp_ms < span.until_ms):
                self.read += 1
                yield each


def _years(seed: int, lists: int) -> list[TopicRecord]:
    """Return lists of ten users over 100 days: entries of some seen again days later, clocks off by up to an hour."""
    draw = Random(seed)
    (entry, *_) = World("linucb").log(1)
    found = []
    for _ in range(lists):
        made_ms, user = NOON_MS + int(draw.random() * 100 * _DAY_MS), f"u{int(draw.random() * 10)}"
        for position in range(2):
            real_ms = made_ms + int(draw.random() ** 8 * 6 * _DAY_MS)
            its = {"user_id": user, "decision_id": f"1.{made_ms}.0", "as_of_ms": made_ms, "position": position}
            its |= {"activity_id": f"a{position}", "shown_ms": real_ms + draw.randrange(-3_000_000, 300_000)}
            stamped_ms = real_ms + draw.randrange(0, 60_000)
            found.append(TopicRecord(0, user.encode(), encode_decision(entry | its), stamped_ms))
    return sorted(found, key=lambda each: each.timestamp_ms)


def test_what_is_found_is_what_the_whole_log_says() -> None:
    """Contract: users, ids, moments; whoever has no such list is refused in the same words."""
    for seed in range(3):
        log, draw = _years(seed, 150), Random(-seed)
        now_ms = log[-1].timestamp_ms
        ids = [DECISION.decode(each.value or b"")["decision_id"] for each in log]
        for _ in range(60):
            subject = draw.choice(["u1", "u2", "u9", "nobody", "1.2.3", *draw.sample(ids, 3)])
            at_ms = draw.choice([None, NOON_MS + int(draw.random() * 100 * _DAY_MS)])
            try:
                expected: Any = chosen(log, subject, None, at_ms)
            except ConfigError as error:
                with pytest.raises(ConfigError, match=str(error.key)):
                    searched(Log(log), subject, None, at_ms, now_ms)
                continue
            assert searched(Log(log), subject, None, at_ms, now_ms) == expected


def test_no_more_is_read_than_the_times_make_needed() -> None:
    """Contract: of a user's newest list the last day, of an id what came since, of a moment nothing long after it."""
    log = _years(7, 2_000)
    now_ms = log[-1].timestamp_ms
    newest = next(DECISION.decode(each.value or b"") for each in log if each.timestamp_ms > now_ms - 3 * _DAY_MS)
    recent = Log(log)
    searched(recent, newest["decision_id"], None, None, now_ms)
    assert 0 < recent.read < len(log) / 10
    then = Log(log)
    searched(then, "u3", None, NOON_MS + 10 * _DAY_MS, now_ms)
    assert 0 < then.read < len(log) / 3
    user = Log(log)
    searched(user, "u3", None, None, now_ms)
    assert user.read < len(log) / 3
