"""What is learned by seven shards from a clickstream with everything wrong with it, against one clean pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.support.core_world import NOON_MS, activity, make_ranker, token_for
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.control.control import SetExamination
from tideline.udfs.core.hashing import hash64
from tideline.udfs.core.learning.learning import NO_SUMS, Decay, add, decode_sums, encode_sums, merge
from tideline.udfs.core.learning.publication import publication
from tideline.udfs.core.policies.arm_key import ArmKey
from tideline.udfs.core.policies.by_name import make_policy
from tideline.udfs.core.rewards.feedback import encode_feedback, gather_feedback
from tideline.udfs.core.serving.engine import Records, process

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

NAMES = [f"a{number}" for number in range(6)]
FORGETTING = Decay(3_600_000)
SHARDS = 7
KINDS = (EventType.IMPRESSION, EventType.CLICK, EventType.CONVERSION)


def story_of(user: str, rng: np.random.Generator) -> tuple[list[Event], list[Event]]:
    """All that was reported about a user's lists in order of time, and the final truth of it."""
    reported: list[Event] = []
    superseded: set[str] = set()
    for made in range(8):
        x = np.clip(np.rint(rng.normal(size=(1, 16)) * 25), -127, 127).astype(np.int8)
        x[0, 0] = 90
        at_ms = NOON_MS + made * 900_000
        token = token_for(user, NAMES, at_ms, seq=made, x=x)
        for place in rng.permutation(len(NAMES))[:3].tolist():
            depth = int(rng.integers(1, 4))
            for step, kind in enumerate(KINDS[:depth]):
                name = f"{user}-{made}-{place}-{step}"
                value = float(rng.integers(1, 400)) / 4 if kind == EventType.CONVERSION else None
                shown = {"activity_id": NAMES[place], "token": token, "position": place}
                reported.append(Event(name, user, kind, at_ms + 60_000 * step + place, **shown, value=value))
                if value is not None and rng.random() < 0.5:
                    superseded.add(name)
                    later_ms = at_ms + int(rng.integers(10, 20)) * 60_000
                    reported.append(Event(f"{name}-late", user, kind, later_ms, **shown, value=value * 2 + 1))
    return reported, [event for event in reported if event.event_id not in superseded]


def feedback_of(batches: Iterable[Sequence[Event]], examined: SetExamination) -> list[bytes]:
    """What the batches of one shard tell the learner, through deduplication and attribution."""
    ranker = make_ranker([activity(name) for name in NAMES])
    ranker = ranker.after(examined, 0)
    states: dict[str, bytes] = {}
    found = []
    for batch in batches:
        keys = [event.user_id.encode() for event in batch]
        records = Records(keys, [encode_event(event) for event in batch], [2**50] * len(batch))
        outcome = process(records, lambda users: [states.get(user) for user in users], ranker)
        states.update(zip(outcome.users, outcome.states, strict=True))
        assert outcome.dead == []
        if outcome.feedback:
            found.append(encode_feedback(outcome.feedback))
    return found


def sums_of(parts: Sequence[bytes]) -> dict[ArmKey, NDArray[Any]]:
    ids, rows = gather_feedback(parts)
    return {ArmKey(3, name): add(NO_SUMS, rows[rows["activity"] == at], FORGETTING) for at, name in enumerate(ids)}


def disordered(events: list[Event], rng: np.random.Generator) -> list[Event]:
    """The events shuffled, days late ones among them, one in a hundred twice, and a stretch of them played again."""
    mixed = [events[at] for at in rng.permutation(len(events)).tolist()]
    mixed += [mixed[at] for at in rng.integers(0, len(mixed), max(len(mixed) // 100, 1)).tolist()]
    start = int(rng.integers(0, len(mixed) // 2))
    return mixed + mixed[start : start + len(mixed) // 4]


@pytest.mark.parametrize("examined", [SetExamination((1.0, 0.7, 0.31)), SetExamination(after_click=0.3)])
def test_seven_disordered_shards_learn_what_one_clean_pass_does(examined: SetExamination) -> None:
    """Contract: shuffled, 1 % twice, a part replayed, worths revised: the sums of the final truth, bit for bit.

    So are the published rows of every policy, hence equal to 1e-9 too.
    """
    rng = np.random.default_rng(1)
    stories = [story_of(f"u{number}", rng) for number in range(28)]
    clean = sums_of(feedback_of(([event] for _, truth in stories for event in truth), examined))

    shards: list[list[Event]] = [[] for _ in range(SHARDS)]
    for reported, _ in stories:
        shards[hash64(reported[0].user_id) % SHARDS] += reported
    assert all(shards)
    learned = []
    for events in shards:
        mixed = disordered(events, rng)
        cuts = np.sort(rng.integers(0, len(mixed), 12)).tolist()
        batches = [mixed[start:end] for start, end in zip([0, *cuts], [*cuts, len(mixed)], strict=True)]
        parts = feedback_of((batch for batch in batches if batch), examined)
        learned.append(sums_of([parts[at] for at in rng.permutation(len(parts)).tolist()]))
    merged = {
        name: decode_sums(
            encode_sums(merge(each[name] for each in [*reversed(learned)] if name in each), FORGETTING), FORGETTING
        )
        for name in clean
    }

    everywhere = {name for each in learned for name in each}
    assert everywhere == set(clean)
    for arm, each in clean.items():
        assert filled(merged[arm]).tobytes() == filled(each).tobytes()
    newest = int(max(each["bucket"].max() for each in clean.values()))
    for text in ("linucb", "thompson", "linucb_hybrid"):
        how = make_policy(text).regression
        wanted, found = (dict(publication(sums, sorted(sums), FORGETTING, newest, how)) for sums in (clean, merged))
        for name, row in wanted.items():
            assert (found[name].theta == row.theta).all()
            assert (found[name].inverse == row.inverse).all()
            assert found[name].rewards == pytest.approx(row.rewards, rel=1e-9)


def filled(sums: NDArray[Any]) -> NDArray[Any]:
    """The sums without stretches of time in which everything cancelled out."""
    nothing = np.zeros(sums.size, sums.dtype)
    nothing["bucket"] = sums["bucket"]
    found: NDArray[Any] = sums[sums != nothing]
    return found
