"""Contract: each promise about messages has its name, and a log that keeps all breaks none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from tests.support.push_log import DAY_MS, HOUR_MS, push_record
from tideline.scripts.audit.push_audit import PushPromises, broken_promises

if TYPE_CHECKING:
    from tideline.udfs.core.push.push_record import PushRecord

NOON_MS = 1_795_694_400_000
PROMISES = PushPromises(1, 2, (9, 20))


def at(days: float, **more: Any) -> PushRecord:
    when = NOON_MS + round(days * DAY_MS)
    told: dict[str, Any] = {"due_ms": when, "told_ms": when, "expires_ms": when + HOUR_MS, "push_id": f"{when}-0-u1"}
    return push_record("u1")._replace(**(told | more))


@pytest.mark.parametrize(
    ("records", "broken"),
    [
        ([at(0), at(3), at(7)], {}),
        ([at(0), at(3), at(6)], {"week": 1}),
        ([at(0), at(0.01)], {"day": 1}),
        ([at(0), at(0.01, sent=False)], {}),
        ([at(0), at(0.01, must=True), at(0.02, must=True)], {}),
        ([at(0), at(3, push_id=at(0).push_id)], {"told_twice": 1}),
        ([at(0), at(3, push_id=at(0).push_id, sent=False)], {}),
        ([at(0.4)], {"quiet": 1}),
        ([at(0, told_ms=NOON_MS + HOUR_MS)], {"late": 1}),
        ([at(30)], {"unsubscribed": 1}),
        ([], {}),
    ],
)
def test_a_broken_promise_has_its_name(records: list[PushRecord], broken: dict[str, int]) -> None:
    assert broken_promises(records, {"u1": NOON_MS + 20 * DAY_MS}, PROMISES) == broken


def test_hours_and_days_are_those_of_the_zone() -> None:
    """Contract: 12:00 UTC is 21:00 in Tokyo."""
    tokyo = PROMISES._replace(zone=ZoneInfo("Asia/Tokyo"))
    assert broken_promises([at(0)], {}, tokyo) == {"quiet": 1}
    assert broken_promises([at(-0.1), at(0.6)], {}, tokyo) == {}
