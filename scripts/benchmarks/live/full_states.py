"""States of users with full histories, made by the job's own engine, in a folder from which `peopled` takes them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tideline.schemas.codec import encode_event
from tideline.scripts.benchmarks.live import peopled
from tideline.scripts.benchmarks.live.memory import make_ranker
from tideline.scripts.benchmarks.live.traffic import CHUNK_EVENTS, Traffic, make_chunk
from tideline.udfs.core.serving.engine import Records, process

if TYPE_CHECKING:
    from tideline.udfs.core.lists.token_keys import TokenKeys

_SPAN_MS = 6 * 3_600_000
_USERS = CHUNK_EVENTS // 60


def full_states(keys: TokenKeys, now_ms: int) -> list[bytes]:
    """Return states of some users after 60 events of the last hours each."""
    traffic = Traffic(_USERS, 0.0, now_ms - _SPAN_MS, _SPAN_MS / CHUNK_EVENTS, keys, seed=99)
    events = make_chunk(traffic, 0)
    names = [event.user_id.encode() for event in events]
    records = Records(names, [encode_event(event) for event in events], [event.ts_ms for event in events])
    outcome = process(records, lambda users: [None] * len(users), make_ranker(keys, now_ms), muted=True)
    return list(outcome.states)


def entry_with(folder: Path, users: int, states: list[bytes]) -> Path:
    """Write what `peopled` takes in into a folder, with a copy of it; return that, which is what to submit."""
    folder.mkdir(parents=True, exist_ok=True)
    head = users.to_bytes(4, "little") + len(states).to_bytes(4, "little")
    lengths = np.array(list(map(len, states)), "<i4").tobytes()
    (folder / peopled.STATES).write_bytes(b"".join([head, lengths, *states]))
    return Path(shutil.copy(peopled.__file__, folder / "peopled.py"))
