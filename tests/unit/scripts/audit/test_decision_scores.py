"""Contract: what the job logged of a decision is worked out again bit for bit from the log and the policy's topic."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from tests.support.core_world import NOON_MS, activity, make_ranker, token_for
from tideline.schemas.codec import encode_event
from tideline.schemas.errors import ConfigError
from tideline.schemas.events import Event, EventType
from tideline.schemas.records import DECISION
from tideline.scripts.audit.decision_scores import Ranking, Scores, explained
from tideline.udfs.core.policies.arm_key import PRIOR_ID
from tideline.udfs.core.policies.cold_start import Charged
from tideline.udfs.core.policies.policy_start import PolicyStart, TopicRecord
from tideline.udfs.core.policies.policy_table import cold_row, decode_row, encode_row, row_key
from tideline.udfs.core.serving.engine import Records, process

NAMES = [f"a{at}" for at in range(8)]
KNOWN = {name: activity(name) for name in NAMES}
WEIGHTS = (1.0, 0.0, 0.0, 0.0)
VERSIONS = 40


def _topic(rng: np.random.Generator, apart_ms: int) -> list[TopicRecord]:
    """Return a policy's topic: rows of all activities, again and again, each publication ended by its prior."""
    records: list[TopicRecord] = []
    for published in range(VERSIONS):
        for name in [*NAMES, PRIOR_ID]:
            theta = rng.integers(-(2**23), 2**23, (3, 16))
            row = cold_row()._replace(encoder=3, impressions=50.0, total=900.0 + len(records), theta=theta)
            offset = len(records)
            records.append(
                TopicRecord(offset, row_key(name, row).value, encode_row(row, name), NOON_MS + published * apart_ms)
            )
    return records


class World:
    """A ranker that has read the topic, the log that it writes, and the topic to read again."""

    def __init__(self, policy: str, alpha: float = 0.3, apart_ms: int = 1) -> None:
        self.rng = np.random.default_rng(7)
        self.records = _topic(self.rng, apart_ms)
        self.ranker = make_ranker(list(KNOWN.values()), policy=policy, alpha=alpha)
        for record in self.records:
            name, row = decode_row(record.value or b"", record.offset)
            self.ranker = self.ranker.with_row(name, row)

    def log(self, lists: int) -> list[dict[str, Any]]:
        """Return the records of so many lists of any context, pairs and version, of four entries each, all shown."""
        events = []
        for number in range(lists):
            names = self.rng.permutation(NAMES)[:4].tolist()
            x = self.rng.integers(-127, 128, (1, 16)).astype(np.int8)
            x[0, 0] = 90
            made: dict[str, Any] = {
                "x": x,
                "policy": int(self.rng.integers(9, len(self.records))),
                "eligible": np.array([8]),
            }
            pairs = self.rng.integers(0, 2**24, (1, 4)).astype(np.uint32)
            user = f"u{number}"
            token = token_for(user, names, seq=number, pairs=pairs, **made)
            for at, name in enumerate(names):
                more = {"activity_id": name, "token": token, "position": at}
                events.append(Event(f"{number}-{at}", user, EventType.IMPRESSION, NOON_MS + 5, **more))
        keys = [each.user_id.encode() for each in events]
        records = Records(keys, list(map(encode_event, events)), [2**50] * len(events))
        found = process(records, lambda users: [None] * len(users), self.ranker)
        return [DECISION.decode(record) for _, record in found.decisions]

    def read(self, version: int | None) -> PolicyStart:
        """Return the topic up to a version."""
        assert version is not None
        return PolicyStart(self.records[: version + 1], version + 1, NOON_MS, True)


@pytest.mark.parametrize("policy", ["linucb", "chernoff_ucb", "pairs"])
def test_a_thousand_logged_decisions_are_worked_out_again_bit_for_bit(policy: str) -> None:
    """Contract: one by one, as they were logged many at once; another number in the last bit is found."""
    world = World(policy)
    log = world.log(250)
    name = world.ranker.settings.policy
    scores = Scores(Ranking(_text_of(policy, name), WEIGHTS), KNOWN, world.read)
    assert len(log) == 1_000
    assert sum(each["mean"] is not None for each in log) == 1_000
    for each in log:
        found = explained([each], scores)
        assert found["equal"] is True, found
        json.dumps(found, allow_nan=False)
        other = each | {"mean": math.nextafter(each["mean"], math.inf)}
        assert explained([other], scores)["equal"] is False


@pytest.mark.parametrize("policy", ["linucb", "chernoff_ucb", "pairs"])
def test_a_list_is_ordered_by_what_its_decisions_log(policy: str) -> None:
    """Contract: scored together as a list is, without what budgets and floors do, entries have the logged numbers."""
    world = World(policy)
    scores = Scores(Ranking(_text_of(policy, world.ranker.settings.policy), WEIGHTS), KNOWN, world.read)
    log = world.log(50)
    for start in range(0, len(log), 4):
        its = log[start : start + 4]
        names, pairs = [each["activity_id"] for each in its], [each["pair"] for each in its]
        mean, bonus = scores.listed(its[0], names, pairs, Charged.NOTHING)
        assert (mean.tolist(), bonus.tolist()) == ([each["mean"] for each in its], [each["bonus"] for each in its])


def _text_of(policy: str, made: Any) -> str:
    return f"{policy}:alpha=0.3" if "alpha" in made.parameters else policy


def test_a_list_is_told_place_by_place_with_its_parts() -> None:
    """Contract: parts add up to the mean within a millionth; how far each is ahead; what the log says of its place."""
    world = World("linucb")
    log = world.log(1)
    weights = (2.0, 5.0, 0.25, 0.0)
    found = explained(log[::-1], Scores(Ranking("linucb:alpha=0.3", weights), KNOWN, world.read))
    assert [each["position"] for each in found["entries"]] == [0, 1, 2, 3]
    assert found["equal"] is False  # by weights that were not the job's
    for each, below in zip(found["entries"], found["entries"][1:], strict=False):
        assert set(each["parts"]) == {"click", "conversion", "revenue"}
        assert sum(each["parts"].values()) == pytest.approx(each["mean"], abs=1e-6)
        assert each["ahead"] == each["mean"] + each["bonus"] - below["mean"] - below["bonus"]
    assert found["entries"][3]["ahead"] is None
    assert (found["eligible"], found["slate"]) == (8, log[0]["slate"])


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"policy": "popular"}, "popular list"),
        ({"placement": "cart"}, "placement"),
        ({"arm": "bold"}, "arm bold"),
        ({"policy": "pairs"}, "ranked by pairs, not by linucb"),
        ({"activity_id": "gone"}, "no longer known"),
        ({"policy_version": 3}, "as of version 3 is no longer in its topic"),
        ({"mean": None, "bonus": None}, "the log has no score of it"),
    ],
)
def test_what_cannot_be_worked_out_says_why(changes: dict[str, Any], told: str) -> None:
    world = World("linucb")
    (first, *_) = world.log(1)
    found = explained([first | changes], Scores(Ranking("linucb:alpha=0.3", WEIGHTS), KNOWN, world.read))
    assert found["equal"] is None
    assert told in found["entries"][0]["why_not"]


@pytest.mark.parametrize("complete", [True, False])
def test_other_numbers_of_a_policy_that_may_lack_rows_accuse_nobody(complete: bool) -> None:
    """Contract: where rows may be gone, equal is equal, and what differs cannot be said."""
    world = World("linucb")
    (first, *_) = world.log(1)

    def read(version: int | None) -> PolicyStart:
        return world.read(version)._replace(complete=complete)

    scores = Scores(Ranking("linucb:alpha=0.3", WEIGHTS), KNOWN, read)
    assert explained([first], scores)["equal"] is True
    found = explained([first | {"mean": 0.5}], scores)
    assert found["equal"] is (False if complete else None)
    assert ("no longer in its topic whole" in found["entries"][0]["why_not"]) is not complete


def test_who_was_shown_nothing_is_told() -> None:
    with pytest.raises(ConfigError, match="a list of which the topic"):
        explained([], Scores(Ranking("linucb", WEIGHTS), KNOWN, World("linucb").read))
