"""The promise of the whole core: order of arrival, duplicates and batching leave no trace."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.core_world import ArithmeticEncoder
from tests.support.engine_runs import batches_of, ranking_world, run, story_of, views
from tideline.models.encoder import Encoder
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.context import DIM
from tideline.udfs.core.hashing import activity_hash, hash32, hash64
from tideline.udfs.core.users.features import step_inputs
from tideline.udfs.core.users.interest import quantise
from tideline.udfs.core.users.long_liked import fold_many, none_liked
from tideline.udfs.core.users.times_seen import MAX_TIMES, entries_of, tag_of
from tideline.udfs.core.users.user_state import HEADER, UserBatch, decode_states

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.udfs.core.users.interest import StepEncoder

DEMO = Encoder.load(Path(__file__).parents[5] / "models" / "artefacts" / "demo-1", "cpu")


def disorder(events: list[Event], rng: np.random.Generator, most: int) -> list[Event]:
    """Put events behind at most `most` newer ones, and repeat some, any time after their first arrival."""
    place = np.arange(len(events)) + rng.integers(0, most + 1, len(events))
    moved = [events[number] for number in np.lexsort((np.arange(len(events)), place)).tolist()]
    for at in sorted(rng.integers(0, len(moved), len(moved) // 3).tolist(), reverse=True):
        moved.insert(int(rng.integers(at + 1, len(moved) + 1)), moved[at])
    return moved


def shuffle_together(streams: list[list[Event]], rng: np.random.Generator) -> list[Event]:
    """Interleave streams, each in its own order."""
    turns = rng.permutation(np.repeat(np.arange(len(streams)), [len(each) for each in streams]))
    sources = [iter(each) for each in streams]
    return [next(sources[turn]) for turn in turns.tolist()]


def without_rate(states: dict[str, bytes], hidden: int) -> dict[str, UserBatch]:
    """States without the counters of the rate guard, which hold the seconds that came last."""
    found = {}
    for user, state in states.items():
        found[user] = decode_states([state], hidden)
        found[user].header["rate_seconds"] = found[user].header["rate_acts"] = 0
    return found


def check(seed: int, sizes: list[int], encoder: StepEncoder, count: int) -> None:
    rng = np.random.default_rng(seed)
    stories = [story_of(f"u{number}", count, rng) for number in range(2)]
    plain = run([[event] for story in stories for event in story], ranking_world(encoder))
    arrivals = shuffle_together([disorder(story, rng, 30) for story in stories], rng)
    mixed = run(batches_of(arrivals, sizes), ranking_world(encoder))

    assert mixed.lists == plain.lists
    assert mixed.sums == plain.sums
    was, now = without_rate(plain.states, encoder.hidden), without_rate(mixed.states, encoder.hidden)
    for user, state in was.items():
        for name in HEADER.names or ():
            assert state.header[name].tobytes() == now[user].header[name].tobytes(), name
        assert state.history.tobytes() == now[user].history.tobytes()
        assert state.h.tobytes() == now[user].h.tobytes()
        assert state.liked.tobytes() == now[user].liked.tobytes()
        assert (state.seen, state.shown) == (now[user].seen, now[user].shown)
    for story in stories:
        check_against_the_story(was[story[0].user_id], story, encoder)
    distinct = sum(len(story) for story in stories)
    dropped = ("duplicate", "late", "join_duplicate", "join_late")
    assert sum(mixed.counts[name] for name in dropped) == len(arrivals) - distinct


def check_against_the_story(state: UserBatch, story: list[Event], encoder: StepEncoder) -> None:
    """Hold a state against what follows from the events by other, simpler means."""
    organic = [event for event in story if event.type < EventType.IMPRESSION]
    organic.sort(key=lambda event: (event.ts_ms, hash64(event.event_id)))
    header = state.header[0]
    assert int(header["accepted"]) == len(organic)
    dismissed = {event.activity_id for event in story if event.type == EventType.DISMISS}
    assert int(header["seq"]) == len(story) + len(dismissed)
    assert int(header["as_of_ms"]) == max(event.ts_ms for event in story)
    kept = organic[-31:]
    assert state.history[0, 31 - len(kept) :]["event"].tolist() == [hash64(event.event_id) for event in kept]
    liked = none_liked(1)
    fold_many(liked[0], 0, [hash32(event.category or "") if event.category else 0 for event in organic[:-31]])
    assert state.liked.tobytes() == liked.tobytes()
    told = {(event.token, event.activity_id) for event in story if event.token}
    seen = Counter(activity_hash(name or "") for _, name in told)
    tags = tag_of(np.array(list(seen), np.uint32)).tolist()
    newest, before = entries_of(state.seen)
    assert not before.tag.size
    assert dict(zip(newest.tag.tolist(), newest.times.tolist(), strict=True)) == {
        tag: min(times, MAX_TIMES) for tag, times in zip(tags, seen.values(), strict=True)
    }
    window = min(len(organic), 16 + len(organic) % 16)
    h, x = encode_by_hand(organic[len(organic) - window :], encoder)
    assert state.h[0].tobytes() == h[0].tobytes()
    assert header["x"].tolist() == x.tolist()


def encode_by_hand(events: list[Event], encoder: StepEncoder) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    h = np.zeros((1, encoder.hidden), np.float32)
    x = np.zeros((1, DIM), np.float32)
    before_ms: int | None = None
    for event in events:
        inputs = step_inputs(
            encoder.vocabulary,
            np.array([hash32(event.item_id or "")], np.uint32),
            np.array([hash32(event.category or "")], np.uint32),
            np.array([event.type], np.uint8),
            np.array([0 if before_ms is None else event.ts_ms - before_ms]),
            np.array([event.price], np.float16).astype(np.float32),
            np.array([min(event.quantity or 0, 255)], np.float32),
        )
        h, x = encoder.step(inputs, h)
        before_ms = event.ts_ms
    return h, quantise(x)[0]


SIZES = st.lists(st.integers(1, 40), min_size=1, max_size=5)


@settings(max_examples=14, deadline=None)
@given(st.integers(0, 2**32 - 1), SIZES, st.integers(1, 90))
def test_any_arrival_within_30_newer_events_leads_to_the_same(seed: int, sizes: list[int], count: int) -> None:
    """Contract: lists byte for byte, states and learned sums are those of the events in order, each alone and once."""
    check(seed, sizes, ArithmeticEncoder(), count)


@settings(max_examples=2, deadline=None)
@given(st.integers(0, 2**32 - 1), SIZES)
def test_the_same_holds_with_the_shipped_encoder(seed: int, sizes: list[int]) -> None:
    """Contract: as above, bit for bit, through ONNX Runtime."""
    check(seed, sizes, DEMO, 60)


@pytest.mark.parametrize(("newer", "late"), [(30, 0), (31, 1), (32, 1)])
def test_an_event_behind_31_newer_ones_is_late(newer: int, late: int) -> None:
    """Contract: it is counted and changes nothing; behind 30 it is applied."""
    events = views("u", newer + 1)
    ranker = ranking_world(ArithmeticEncoder())
    inside = run([[event] for event in events[1:]], ranker)
    after = run([[event] for event in [*events[1:], events[0]]], ranker)
    assert after.counts["late"] == late
    accepted = decode_states([after.states["u"]], 8).header["accepted"][0]
    assert accepted == newer + 1 - late
    assert (after.lists == inside.lists) == bool(late)
