"""What a sender tells of its counts; whom it tells what was not sent is in tests/contract/scripts/sending."""

from __future__ import annotations

from tests.support.push_log import push_record
from tideline.schemas.events import EventType
from tideline.scripts.sending.delivery import Fate
from tideline.scripts.sending.reports import exposition, failure_of, line_of


def test_a_line_and_metrics_tell_what_is_known_before_anything_was_read() -> None:
    """Contract: no fate is left out of the metrics, and the run's length is its last line."""
    assert line_of({}, 3) == "0 read, 3 waiting"
    lines = exposition({"refused": 2}, 3, 4.4).splitlines()
    assert lines[-1] == "tideline_push_seconds 4"
    assert sum(line.startswith("tideline_push_records_total{") for line in lines) == len(Fate) + 1


def test_a_failure_names_the_push_its_activity_and_why() -> None:
    """Contract: its event id is the id of the push, so told twice it counts once."""
    record = push_record("u")
    event = failure_of(record, Fate.EXPIRED)
    assert (event.event_id, event.user_id, event.type) == (record.push_id, "u", EventType.PUSH_FAILED)
    assert (event.activity_id, event.category) == ("tea", "expired")
