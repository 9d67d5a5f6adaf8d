"""Records of pushes, made for tests of who sends and judges them."""

from __future__ import annotations

import time
from typing import Any

from tideline.udfs.core.push.push_record import PushRecord
from tideline.udfs.core.push.push_user import push_id

DAY_MS = 86_400_000
HOUR_MS = 3_600_000


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def push_record(user: str = "u1", number: int = 0, *, sent: bool = True, **more: Any) -> PushRecord:
    """Return a record of today, due now and good for two hours; the day's number tells those of a user apart."""
    told_ms = now_ms()
    made = PushRecord(
        push_id=push_id(user, told_ms // DAY_MS, number),
        user_id=user,
        sent=sent,
        activity_id="tea",
        also=(),
        due_ms=told_ms,
        told_ms=told_ms,
        expires_ms=told_ms + 2 * HOUR_MS,
        must=False,
        chance=230,
        value=0.5,
        price=0.25,
        recent=0,
        hour_chance=0.95,
        encoder_version=1,
        policy_version=7,
        x=bytes(16),
    )
    return made._replace(**more)
