"""What rankers know of pushes: a record of the policy topic, a function of what was learned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.schemas.errors import InvalidRecord, Reason
from tideline.schemas.records import PUSH_EFFECTS
from tideline.udfs.core.budgets.ledger import HOUR_MS, LEDGER
from tideline.udfs.core.learning.learning import Decay
from tideline.udfs.core.limits import OBJECTIVES
from tideline.udfs.core.push.effect_sums import EFFECT_DIM, EFFECT_UPPER, MOST_RECENT
from tideline.udfs.core.push.effects import Effects, effects_of
from tideline.udfs.core.push.learned.push_learning import NO_PUSH_SUMS, PushSums
from tideline.udfs.core.push.push_prices import VALUE_CODES, Volume, volume_price

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.udfs.core.push.learned.push_settings import PushSettings

_DAY_MS = 24 * HOUR_MS
_WHOLE = 100
_LENGTHS = {
    "theta": len(OBJECTIVES) * EFFECT_DIM,
    "unsubscribing": MOST_RECENT + 1,
    "inverse": EFFECT_UPPER[0].size,
    "usual": len(OBJECTIVES),
}


class PushKnown(NamedTuple):
    """What a push adds, and how much of the room of all was used lately."""

    effects: Effects
    ledger: NDArray[Any]
    """Of all pushes by hour (dtype LEDGER): points as exposure, pushes as impressions."""
    as_of_ms: int = 0
    epoch: int = 0
    """Which submission of the job published it, see fence.py."""
    version: int = -1
    """Offset of the record."""

    def price(self, settings: PushSettings, now_ms: int) -> int:
        """Return what a push must be worth now, in 2^-24 worth, to keep all of them inside the volume of their day.

        0 where there is none. What was sent since the record was made is not in it.
        """
        if not settings.volume:
            return 0
        begins = now_ms // _DAY_MS * _DAY_MS
        volume = Volume(settings.volume, begins, begins + _DAY_MS)
        return volume_price(volume, self.ledger, self.effects.values, now_ms)


def known_of(sums: PushSums, decay: Decay) -> PushKnown:
    """Return what is known by what was learned: the same bits for the same sums."""
    return PushKnown(effects_of(sums.effects, decay), sums.ledger, sums.newest_ms)


NOTHING_KNOWN = known_of(NO_PUSH_SUMS, Decay(0))


def encode_known(known: PushKnown, epoch: int = 0) -> bytes:
    """Return the record of what is known."""
    effects, ledger = known.effects, known.ledger
    last = int(np.flatnonzero(effects.values).max(initial=-1))
    hours = zip(
        ledger["hour"].tolist(), (ledger["exposure"] // _WHOLE).tolist(), ledger["impressions"].tolist(), strict=True
    )
    return PUSH_EFFECTS.encode(
        {
            "as_of_ms": known.as_of_ms,
            "known": effects.known,
            "theta": effects.theta.ravel().tolist(),
            "unsubscribing": effects.unsubscribing.tolist(),
            "values": effects.values[: last + 1].tolist(),
            "inverse": effects.inverse.tolist(),
            "usual": effects.usual.tolist(),
            "hours": [dict(zip(("hour", "points", "sent"), each, strict=True)) for each in hours],
            "epoch": epoch,
        }
    )


def decode_known(value: bytes, offset: int) -> PushKnown:
    """Return what is known by a record that was read at an offset.

    Raises InvalidRecord where the value is no such record of this build's shape.
    """
    record: dict[str, Any] = PUSH_EFFECTS.decode(value)
    found = {name: len(record[name]) for name in _LENGTHS}
    if found != _LENGTHS or len(record["values"]) > VALUE_CODES:
        told = f"numbers are {found}, {len(record['values'])} values"
        raise InvalidRecord(Reason.BAD_FIELD, f"{told}; allowed: {_LENGTHS}, at most {VALUE_CODES} values")
    values = np.zeros(VALUE_CODES)
    values[: len(record["values"])] = record["values"]
    ledger = np.zeros(len(record["hours"]), LEDGER)
    for name, key, unit in (("hour", "hour", 1), ("exposure", "points", _WHOLE), ("impressions", "sent", 1)):
        ledger[name] = [each[key] * unit for each in record["hours"]]
    theta = np.array(record["theta"], np.int64).reshape(len(OBJECTIVES), EFFECT_DIM)
    inverse, usual = np.array(record["inverse"], np.int64), np.array(record["usual"])
    effects = Effects(theta, np.array(record["unsubscribing"]), values, record["known"], inverse, usual)
    return PushKnown(effects, ledger, record["as_of_ms"], record["epoch"], offset)
