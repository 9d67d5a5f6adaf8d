"""What is known of a visitor at the moment of his visit, by the job's own functions: history, context, eligibility.

What he does with a list changes none of it, so it is computed once for all who rank.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.schemas.events import EventType
from tideline.scripts.benchmarks.offline.value.value_play import Truth
from tideline.udfs.core.catalogue.catalogue import Catalogue, eligible
from tideline.udfs.core.context import DIM
from tideline.udfs.core.hashing import hash32
from tideline.udfs.core.pairs.affinity import affinities, content_of
from tideline.udfs.core.users.history import Merged
from tideline.udfs.core.users.interest import encode
from tideline.udfs.core.users.long_liked import fold, long_liked_of, none_liked
from tideline.udfs.core.users.user_state import EVENT, HISTORY, MAX_PRICE, MAX_QUANTITY, decode_states

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.models.data import Sequences
    from tideline.scripts.benchmarks.worlds.value_world import World
    from tideline.udfs.core.users.interest import StepEncoder
    from tideline.udfs.core.users.user_state import UserBatch

SLICE_MS = 2 * 3_600_000
"""What is clicked in a slice of time is learned before the next one begins, as in the demo."""
DAY_MS = 86_400_000
_AT_ONCE = 2_048


@dataclass(frozen=True, slots=True)
class Stage:
    """A world as rankers see it: V visits of users outside the holdout, by time."""

    world: World
    truth: Truth
    catalogue: Catalogue
    first: NDArray[np.int64]
    """[V]: the event of `world.events` with which what is known of the visitor begins."""
    end: NDArray[np.int64]
    """[V]: the event behind the last one before the visit."""
    encoder: int
    x: NDArray[np.int8]
    open: NDArray[np.bool_]
    """[V, K]: what he may be shown."""
    affinity: NDArray[np.uint32]
    """[V, K]: to what each activity is about, see affinity.py."""

    @property
    def positions(self) -> int:
        """How many entries of a list are seen."""
        return len(self.world.looked_at)


def make_stage(world: World, encoder: StepEncoder, past_days: float | None = None) -> Stage:
    """Return the stage of a world; of what was before the first visit the last `past_days` are known, None: all."""
    treated = np.flatnonzero(world.treated()[world.visitor])
    visitor, visit_ms = world.visitor[treated], world.visit_ms[treated]
    since_ms = 0 if past_days is None else int(world.visit_ms[0] - past_days * DAY_MS)
    first, end = _known_events(world, visitor, visit_ms, since_ms)
    catalogue = Catalogue.of(world.activities)
    x = np.zeros((visitor.size, DIM), np.int8)
    may = np.zeros((visitor.size, len(world.activities)), np.bool_)
    affinity = np.zeros((visitor.size, len(world.activities)), np.uint32)
    content = content_of(catalogue.activities)
    liked, folded = long_liked_at_visits(world, visitor, first, end)
    columns = _columns(world.events)
    for start in range(0, visitor.size, _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        batch = _users(columns, first[part], end[part], visit_ms[part], encoder)
        rows = np.arange(batch.header.size)
        nothing = Merged(np.zeros(rows.size, np.int64), np.ones(rows.size, np.bool_), [], [])
        encode(batch, rows, nothing, encoder)
        x[part] = batch.header["x"]
        held = batch.header["n_history"].astype(np.int64)
        mine = long_liked_of(liked[part], folded[part])
        affinity[part] = affinities(content, batch.history["category"], held, mine)
        may[part] = eligible(catalogue, batch, rows).mask
    edges = np.flatnonzero(np.diff(visit_ms // SLICE_MS, prepend=-1))
    slices = tuple(np.split(np.arange(visitor.size), edges[1:])) if visitor.size else ()
    truth = Truth(visitor, visit_ms, slices, world.responses, world.looked_at, world.fatigue)
    return Stage(world, truth, catalogue, first, end, encoder.version, x, may, affinity)


def _known_events(
    world: World, visitor: NDArray[np.int64], visit_ms: NDArray[np.int64], since_ms: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where what is known of each visitor begins and ends."""
    events = world.events
    row = {name: at for at, name in enumerate(events.names.tolist())}
    sequence = np.array([row.get(user, -1) for user in world.users], np.int64)[visitor]
    begins = np.append(events.starts[:-1], 0)[sequence]
    ends = np.append(events.starts[1:], 0)[sequence]
    # One rising number for each event: its sequence, then its time.
    width = max(int(events.ts_ms.max(initial=0)), int(visit_ms.max(initial=0))) + 2
    owner = np.repeat(np.arange(events.names.size), np.diff(events.starts))
    key = owner * width + events.ts_ms
    first = np.searchsorted(key, sequence * width + since_ms)
    end = np.searchsorted(key, sequence * width + visit_ms)
    stranger = sequence < 0
    first, end = np.clip(first, begins, ends), np.clip(end, begins, ends)
    first[stranger] = end[stranger] = 0
    return first, end


def _columns(events: Sequences) -> dict[str, NDArray[Any]]:
    bought = events.type == EventType.PURCHASE
    return {
        "item": _hashes(events.item_names)[events.item],
        "category": category_hashes(events)[events.category],
        "type": events.type,
        "ts_ms": events.ts_ms,
        "quantity": np.minimum(events.quantity, MAX_QUANTITY),
        "price": np.minimum(events.price, MAX_PRICE),
        "purchases": np.concatenate([[0], np.cumsum(bought)]),
    }


def category_hashes(events: Sequences) -> NDArray[np.uint32]:
    """Return the hash of each category of a world, and 0 for none where index -1 finds it."""
    return _hashes(events.category_names)


def _hashes(names: NDArray[np.object_]) -> NDArray[np.uint32]:
    """Return the hash of each name, and 0 behind the last: where index -1 finds it."""
    return np.array([*(hash32(name) for name in names.tolist()), 0], np.uint32)


def _users(
    columns: dict[str, NDArray[Any]],
    first: NDArray[np.int64],
    end: NDArray[np.int64],
    visit_ms: NDArray[np.int64],
    encoder: StepEncoder,
) -> UserBatch:
    """Return what the job keeps of visitors whose events are those from `first` to before `end`."""
    batch = decode_states([None] * first.size, encoder.hidden)
    accepted = end - first
    held = np.minimum(accepted, HISTORY)
    batch.header["accepted"], batch.header["n_history"] = accepted, held
    batch.header["purchases"] = columns["purchases"][end] - columns["purchases"][first]
    batch.header["as_of_ms"] = visit_ms
    places = end[:, None] - np.arange(HISTORY, 0, -1)
    there = np.arange(HISTORY, 0, -1) <= held[:, None]
    rows = places[there]
    events = np.zeros(rows.size, EVENT)
    for name in ("item", "category", "type", "ts_ms", "quantity", "price"):
        events[name] = columns[name][rows]
    events["event"] = rows + 1
    batch.history[there] = events
    return batch


def long_liked_at_visits(
    world: World, visitor: NDArray[np.int64], first: NDArray[np.int64], end: NDArray[np.int64]
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return what each visitor has long liked at his visit: what has left his history is folded in, the oldest first.

    With it how many events that are.
    """
    codes = category_hashes(world.events)[world.events.category]
    left = np.maximum(end - first - HISTORY, 0)
    users = len(world.users)
    found, now = none_liked(left.size), none_liked(users)
    begin, most = np.zeros(users, np.int64), np.zeros(users, np.int64)
    begin[visitor] = first
    np.maximum.at(most, visitor, left)
    by_count = np.argsort(left, kind="stable")
    edges = np.searchsorted(left[by_count], np.arange(1, int(most.max(initial=0)) + 2))
    for step in range(int(most.max(initial=0))):
        rows = np.flatnonzero(most > step)
        fold(now, np.full(rows.size, step), rows, codes[begin[rows] + step])
        visits = by_count[edges[step] : edges[step + 1]]
        found[visits] = now[visitor[visits]]
    return found, left
