"""The records of decision points, as the topic of pushes has them, and the log they are: see docs/contracts/push.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.schemas.records import PUSH
from tideline.udfs.core.budgets.pacing import PRICE_UNIT
from tideline.udfs.core.push.brought import PushLog
from tideline.udfs.core.variants.variant_shares import PARTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tideline.udfs.core.push.push_choice import Decided, Point


class Made(NamedTuple):
    """What a record says beside the decision: for which moment, when, with which context and policy, what it names."""

    due_ms: int
    told_ms: int
    hour_chance: float
    encoder_version: int
    policy_version: int
    x: bytes
    item_id: str | None = None
    channel: str | None = None
    variant_share: float | None = None


class PushRecord(NamedTuple):
    """One decision point; see `schemas/push.avsc`."""

    push_id: str
    user_id: str
    sent: bool
    activity_id: str
    also: tuple[str, ...]
    due_ms: int
    told_ms: int
    expires_ms: int
    must: bool
    chance: int
    value: float
    price: float
    recent: int
    hour_chance: float
    encoder_version: int
    policy_version: int
    x: bytes
    item_id: str | None = None
    channel: str | None = None
    variant_share: float | None = None


def record_of(point: Point, decided: Decided, made: Made) -> PushRecord | None:
    """Return the record of a decision point; None where nothing was drawn, of which there is none."""
    if decided.push_id is None:
        return None
    return PushRecord(
        push_id=decided.push_id,
        user_id=point.user_id,
        sent=decided.sent,
        activity_id=decided.activities[0],
        also=decided.activities[1:],
        expires_ms=point.expires_ms,
        must=decided.chance == PARTS,
        chance=decided.chance,
        value=decided.value * PRICE_UNIT,
        price=decided.price * PRICE_UNIT,
        recent=decided.recent,
        **made._asdict(),
    )


def encode_push(record: PushRecord) -> bytes:
    """Return the wire bytes of a record; they belong under its user_id as key."""
    return PUSH.encode(record._asdict() | {"also": list(record.also)})


def decode_push(value: bytes) -> PushRecord:
    """Return the record of wire bytes of any version. Raises InvalidRecord where they are none."""
    record = PUSH.decode(value)
    return PushRecord(**record | {"also": tuple(record["also"])})


def log_of(records: Iterable[PushRecord], brought: Mapping[str, float]) -> PushLog:
    """Return the log of decision points, each once, in the order of their times, with what came of each by its id.

    What must be sent is left out: it could not have gone the other way. Of two records of one id, as a restore writes
    them, the one that was told first counts: a sender that claims ids has sent that one.
    """
    first: dict[str, PushRecord] = {}
    for record in sorted(records, key=lambda each: (each.told_ms, each.push_id, not each.sent)):
        first.setdefault(record.push_id, record)
    kept = sorted((each for each in first.values() if not each.must), key=lambda each: (each.due_ms, each.push_id))
    users = {name: number for number, name in enumerate(sorted({each.user_id for each in kept}))}
    return PushLog(
        np.array([users[each.user_id] for each in kept], np.int64),
        np.array([each.sent for each in kept], np.bool_),
        np.array([each.chance for each in kept], np.int64),
        np.array([round(each.value / PRICE_UNIT) for each in kept], np.int64),
        np.array([brought.get(each.push_id, 0.0) for each in kept], np.float64),
    )
