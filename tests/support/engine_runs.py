"""Micro-batches through the engine, and what they leave behind."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tests.support.core_world import CATEGORIES, NOON_MS, activity, make_ranker, token_for
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.catalogue.activity import Cap, Rule
from tideline.udfs.core.context import DIM
from tideline.udfs.core.learning.learning import BUCKET, Decay, add
from tideline.udfs.core.limits import OBJECTIVES
from tideline.udfs.core.policies.policy_table import PAIRS, PolicyRow
from tideline.udfs.core.rewards.feedback import Feedback, decode_feedback, encode_feedback
from tideline.udfs.core.serving.engine import Records, process

if TYPE_CHECKING:
    from tideline.udfs.core.serving.engine import Outcome
    from tideline.udfs.core.serving.ranker_state import RankerState
    from tideline.udfs.core.users.interest import StepEncoder

ACTIVITIES = (
    activity("capped", cap=Cap(1, 600_000)),
    activity("for-buyers", rule=Rule(min_purchases=2)),
    activity("for-tea", rule=Rule(any_category=("tea",))),
    activity("for-regulars", rule=Rule(min_events=20)),
    *(activity(f"plain-{number}") for number in range(5)),
)


NAMES = [each.activity_id for each in ACTIVITIES]


FORGETTING = Decay(40_000)  # buckets of ten seconds, so that the time of a reward matters


class Result(NamedTuple):
    """What a run of the engine left behind."""

    lists: dict[str, bytes]
    states: dict[str, bytes]
    sums: dict[str, bytes]
    counts: Counter[str]


def ranking_world(encoder: StepEncoder) -> RankerState:
    """A ranker whose lists depend on x, on history, on what was shown, and on the seed."""
    ranker = make_ranker(ACTIVITIES, encoder, list_size=5, exploration_permille=200)
    rng = np.random.default_rng(4)
    for offset, name in enumerate(NAMES):
        theta = rng.integers(-(2**23), 2**23, (len(OBJECTIVES), DIM))
        row = PolicyRow(offset, encoder.version, 10.0, 90.0, (1.0, 0.0, 0.0), theta, np.zeros(PAIRS, np.int64))
        ranker = ranker.with_row(name, row)
    return ranker


def run(batches: list[list[Event]], ranker: RankerState) -> Result:
    lists: dict[str, bytes] = {}
    states: dict[str, bytes] = {}
    feedback: list[Feedback] = []
    counts: Counter[str] = Counter()
    for batch in batches:
        outcome = process(records_of(batch), lambda users: [states.get(user) for user in users], ranker)
        assert outcome.dead == []
        states.update(zip(outcome.users, outcome.states, strict=True))
        lists.update(zip(outcome.listed, outcome.lists, strict=True))
        feedback += outcome.feedback
        counts += outcome.counts
    return Result(lists, states, sums_of(feedback), counts)


def records_of(events: list[Event]) -> Records:
    latest = [2**50] * len(events)
    return Records([event.user_id.encode() for event in events], [encode_event(event) for event in events], latest)


def sums_of(feedback: list[Feedback]) -> dict[str, bytes]:
    """Exact sums by activity and pair; a time at which everything cancelled out is as good as none."""
    if not feedback:
        return {}
    ids, rows = decode_feedback(encode_feedback(feedback))
    found = {}
    for place, pair in np.unique(rows[["activity", "pair"]]).tolist():
        here = (rows["activity"] == place) & (rows["pair"] == pair)
        sums = add(np.zeros(0, BUCKET), rows[here], FORGETTING)
        nothing = np.zeros(sums.size, BUCKET)
        nothing["bucket"] = sums["bucket"]
        found[f"{ids[place]} {pair}"] = sums[sums != nothing].tobytes()
    return found


def views(user: str, count: int) -> list[Event]:
    return [Event(f"e{at}", user, EventType.VIEW, NOON_MS + 1_000 * at, f"i{at}", "tea", 1.0) for at in range(count)]


def visits(users: list[str], ranker: RankerState) -> Outcome:
    """What one view of each user, whom nobody knew, leads to."""
    return process(records_of([views(user, 1)[0] for user in users]), lambda asked: [None] * len(asked), ranker)


def story_of(user: str, count: int, rng: np.random.Generator) -> list[Event]:
    """Events of a user in order of time, some at one moment; nothing is done twice to a shown activity."""
    events: list[Event] = []
    done: set[tuple[int, str, int]] = set()
    ts_ms = NOON_MS + int(rng.integers(0, 1_000))
    for number in range(count):
        ts_ms += int(rng.choice([0, 700, 2_000, 60_000, 3_600_000], p=[0.15, 0.4, 0.3, 0.1, 0.05]))
        name = f"{user}-{number}"
        if rng.random() < 0.6:
            category = str(rng.choice([*CATEGORIES, "DELI MEATS", "GRAPES"]))
            price = float(rng.integers(0, 900)) / 8
            kind, quantity = int(rng.integers(0, 4)), number * 7 % 400
            events.append(Event(name, user, kind, ts_ms, f"i{number % 7}", category, price, quantity))
            continue
        made = int(rng.integers(0, 4))
        shown, kind = str(rng.choice(NAMES)), int(rng.integers(EventType.IMPRESSION, EventType.DISMISS + 1))
        if (made, shown, kind) in done:
            continue
        done.add((made, shown, kind))
        token = token_for(user, NAMES, NOON_MS - 1_000 * made, seq=made)
        place = NAMES.index(shown)
        events.append(Event(name, user, kind, ts_ms, activity_id=shown, token=token, position=place, value=None))
    return events


def batches_of(events: list[Event], sizes: list[int]) -> list[list[Event]]:
    batches: list[list[Event]] = []
    at = 0
    while at < len(events):
        size = sizes[len(batches) % len(sizes)]
        batches.append(events[at : at + size])
        at += size
    return batches
