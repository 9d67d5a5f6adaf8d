"""Records of pushes, made for tests of who sends and judges them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tideline.scripts.benchmarks.live.push_sending import made_record

if TYPE_CHECKING:
    from tideline.udfs.core.push.push_record import PushRecord

DAY_MS = 86_400_000
HOUR_MS = 3_600_000


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def push_record(user: str = "u1", number: int = 0, *, sent: bool = True, **more: Any) -> PushRecord:
    """Return a record of today, due now and good for two hours; the day's number tells those of a user apart."""
    made = made_record(user, now_ms(), number, sent=sent)
    return made._replace(hour_chance=0.95, policy_version=7, **more)
