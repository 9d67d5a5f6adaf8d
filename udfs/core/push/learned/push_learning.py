"""What is learned of pushes: sums of what came of decision points, and the ledger of the room that all of them have.

Both are functions of the set of rows and of the newest time among them, so any order, batching and restore leaves the
same. State bytes: version 1, golden file tests/golden/push_sums_v1.bin: version u1, newest i8, hours u4, for each hour
it, points in hundredths and pushes (i8 each), then the bytes of the sums of effects.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.udfs.core.budgets.ledger import HOUR_MS, LEDGER, NO_LEDGER, merged
from tideline.udfs.core.learning.intake import Refusal
from tideline.udfs.core.push.effect_sums import (
    NO_EFFECT_SUMS,
    decode_effect_sums,
    effect_entries,
    encode_effect_sums,
    merged_effects,
)
from tideline.udfs.core.push.learned.push_feedback import UNLEARNED, gather_push_rows
from tideline.udfs.core.push.push_prices import volume_entries

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.learning.learning import Decay

PUSH_SUMS_VERSION = 1
LEDGER_HOURS = 8 * 24
"""So long the ledger goes back from the newest time: the week that prices look at, and the day that is under way."""
_HEAD = struct.Struct("<BqI")
_HOURS = np.dtype([("hour", "<i8"), ("exposure", "<i8"), ("impressions", "<i8")])


class PushSums(NamedTuple):
    """What is known: effects (dtype EFFECT_SUMS), the ledger (dtype LEDGER), the newest time of a row."""

    effects: NDArray[Any]
    ledger: NDArray[Any]
    newest_ms: int


NO_PUSH_SUMS = PushSums(NO_EFFECT_SUMS, NO_LEDGER, 0)


class PushesLearned(NamedTuple):
    """The sums with what could be added, the rows that were learned from, and how many were set aside by reason."""

    sums: PushSums
    rows: int
    refused: Counter[Refusal]


def learned_pushes(known: PushSums, parts: Sequence[bytes], decay: Decay) -> PushesLearned:
    """Return the sums with the rows of encoded parts; of what is older than all that is kept nothing is learned.

    Raises:
        ValueError: a part of a layout this build does not read.
    """
    rows, refused = gather_push_rows(parts)
    newest_ms = max([known.newest_ms, *rows["ts_ms"].tolist()])
    gone = decay.gone(decay.bucket_at(newest_ms))
    of_effects = rows[rows["unlearned"] != UNLEARNED]
    if decay.half_life_ms:
        kept = decay.bucket_of(of_effects["ts_ms"].astype(np.int64)) > gone
        refused[Refusal.FORGOTTEN] += int(of_effects.size - np.count_nonzero(kept))
        of_effects = of_effects[kept]
    entries = effect_entries(of_effects, decay)
    ledger = merged([known.ledger, volume_entries(rows)])
    sums = PushSums(
        _since(merged_effects([known.effects, entries]), decay, gone),
        ledger[ledger["hour"] > newest_ms // HOUR_MS - LEDGER_HOURS],
        newest_ms,
    )
    return PushesLearned(sums, of_effects.size, +refused)


def _since(effects: NDArray[Any], decay: Decay, gone: int) -> NDArray[Any]:
    """Return the sums without buckets that weigh too little; without a half-life these are one."""
    old = effects["bucket"] <= gone
    if decay.half_life_ms:
        return effects[~old]
    if not (effects["bucket"] < gone).any():
        return effects
    moved = effects.copy()
    moved["bucket"][old] = gone
    return merged_effects([moved])


def encode_push_sums(sums: PushSums, decay: Decay) -> bytes:
    """Return the state bytes of what is known."""
    hours = np.zeros(sums.ledger.size, _HOURS)
    for name in _HOURS.names or ():
        hours[name] = sums.ledger[name]
    head = _HEAD.pack(PUSH_SUMS_VERSION, sums.newest_ms, hours.size)
    return head + hours.tobytes() + encode_effect_sums(sums.effects, decay)


def decode_push_sums(data: bytes, decay: Decay) -> PushSums:
    """Return what is known by state bytes, of another half-life too.

    Raises:
        ValueError: a version this build does not read.
    """
    version, newest_ms, count = _HEAD.unpack_from(data)
    if version != PUSH_SUMS_VERSION:
        raise ValueError(f"sums of pushes of version {version}; this build reads {PUSH_SUMS_VERSION}")
    hours = np.frombuffer(data, _HOURS, count, _HEAD.size)
    ledger = np.zeros(count, LEDGER)
    for name in _HOURS.names or ():
        ledger[name] = hours[name]
    return PushSums(decode_effect_sums(data[_HEAD.size + hours.nbytes :], decay), ledger, newest_ms)
