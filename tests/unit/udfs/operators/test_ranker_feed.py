"""The three topics that make a ranker's world."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.core_world import NOON_MS, activity, make_world
from tests.support.policy_log import MemoryLog
from tideline.models.encoder import Encoder
from tideline.models.registry import verify
from tideline.schemas.errors import Reason
from tideline.udfs.core.catalogue.activity import Rule, encode_activity
from tideline.udfs.core.control.control import (
    Command,
    Control,
    LoadModel,
    PinPolicy,
    PublishPolicy,
    Republish,
    SetExamination,
    SetGeneration,
    SetWeights,
    encode_control,
)
from tideline.udfs.core.lists.slot_tags import SlotTags
from tideline.udfs.core.policies.arm_key import PRIOR_ID, ArmKey, RowKey
from tideline.udfs.core.policies.policy_start import PolicyStart, TopicRecord, read_start
from tideline.udfs.core.policies.policy_table import cold_row, encode_row
from tideline.udfs.core.serving.ranker_state import RankerState
from tideline.udfs.operators.dead_letters import Letter, letter_of_record
from tideline.udfs.operators.ranker_feed import ACTIVITIES, CONTROL, POLICY, RankerFeed

ARTEFACTS = Path(__file__).parents[4] / "models" / "artefacts"


Written = tuple[int, bytes | None, bytes | None]
"""(offset, key, value)."""


class Fed:
    """A world, its feed and what the feed counted."""

    def __init__(self, world: RankerState | None = None) -> None:
        self.counts: Counter[str] = Counter()
        self.policy: list[Written] = []
        self.topics: dict[str, list[TopicRecord]] = {}
        self.feed = RankerFeed(
            world or make_world(),
            "cpu",
            self._read_policy,
            self.topics.__getitem__,
            lambda name: self.counts.update([name]),
        )
        self._commands = 0
        self.feed.start_policy()

    @property
    def world(self) -> RankerState:
        """What the records led to."""
        return self.feed.state

    def apply(self, topic: str, records: list[Written]) -> list[Reason]:
        """Apply records written at NOON_MS; return why some were refused."""
        self.feed.apply(topic, (TopicRecord(*record, NOON_MS) for record in records))
        found = [self.feed.refusal(topic, offset) for offset, _, _ in records]
        return [error.reason for error in found if error is not None]

    def _read_policy(self, pinned: int | None) -> PolicyStart:
        return read_start(MemoryLog([TopicRecord(*record, NOON_MS) for record in self.policy]), 2_000, pinned)

    def obey(self, command: Command) -> None:
        self.apply(CONTROL, [(self._commands, b"k", encode_control(Control(command, NOON_MS)))])
        self._commands += 1

    def publish(self, *names: str) -> None:
        for name in names:
            row = cold_row()._replace(encoder=3, impressions=float(len(self.policy)))
            self.policy.append((len(self.policy), RowKey(ArmKey(3, name)).value, encode_row(row, name)))
            self.apply(POLICY, self.policy[-1:])


def row_of(encoder: int, name: str, impressions: float) -> bytes:
    return encode_row(cold_row()._replace(encoder=encoder, impressions=impressions), name)


def load_command(name: str) -> LoadModel:
    manifest = verify(ARTEFACTS / name)
    return LoadModel(manifest.version, str(ARTEFACTS / name), manifest.sha256)


def record(offset: int, name: str, **changes: Any) -> Written:
    return offset, name.encode(), encode_activity(activity(name, **changes))


def test_activities_are_put_in_changed_and_taken_out() -> None:
    fed = Fed()
    fed.apply(ACTIVITIES, [record(0, "a"), record(1, "b"), record(2, "a", title="new"), (3, b"b", None)])
    assert {name: each.title for name, each in fed.world.offers.activities.items()} == {"a": "new"}
    assert [each.activity_id for each in fed.world.catalogue.activities] == ["a"]


def test_places_weigh_as_ordered_until_they_are_ordered_otherwise() -> None:
    """Contract: places below the last one named are as it is; a change of the catalogue leaves them; [1] undoes."""
    fed = Fed()
    fed.obey(SetExamination((1.0, 0.75, 0.5)))
    fed.apply(ACTIVITIES, [record(0, "a")])
    assert fed.world.attributing.examination_discount == (0, 25, *[50] * 14)
    fed.obey(SetExamination((1.0,)))
    assert fed.world.attributing.examination_discount == (0,) * 16


def test_a_cascade_is_learned_by_as_ordered_with_the_names_of_the_catalogue() -> None:
    """Contract: activities that come later are known to it; the command of places ends it."""
    fed = Fed()
    fed.obey(SetExamination(after_click=0.2))
    fed.apply(ACTIVITIES, [record(0, "a")])
    cascade = fed.world.attributing.cascade
    assert cascade is not None
    assert (cascade.examination_discount, cascade.tags.names) == (80, SlotTags.of(["a"], fed.world.settings.keys).names)
    fed.obey(SetExamination())
    assert fed.world.attributing.cascade is None


def test_a_record_is_applied_once() -> None:
    """Contract: read at the start and broadcast later, in any overlap, changes nothing."""
    fed = Fed()
    fed.apply(ACTIVITIES, [record(4, "a", title="old"), record(5, "a", title="new")])
    fed.apply(ACTIVITIES, [record(4, "a", title="old"), (3, b"a", None)])
    assert fed.world.offers.activities["a"].title == "new"
    fed.publish("a", "b")
    fed.apply(POLICY, fed.policy)
    assert fed.counts["policy_rows_applied"] == 2
    command = encode_control(Control(SetGeneration(9), NOON_MS))
    fed.apply(CONTROL, [(7, b"k", command)])
    fed.apply(CONTROL, [(6, b"k", encode_control(Control(SetGeneration(2), NOON_MS))), (7, b"k", command)])
    assert (fed.world.generation, fed.counts["control_applied"]) == (9, 1)


@pytest.mark.parametrize(
    "value", [b"{", b"", b"\x00\x00", json.dumps({"activity_id": "a", "kind": "coupon", "cap": 3}).encode()]
)
def test_a_bad_activity_is_refused_and_the_former_stays(value: bytes) -> None:
    fed = Fed()
    refused = fed.apply(ACTIVITIES, [record(0, "a", title="good"), (1, b"a", value), record(2, "b")])
    assert fed.world.offers.activities["a"].title == "good"
    assert set(fed.world.offers.activities) == {"a", "b"}
    assert refused == [Reason.BAD_ACTIVITY]


def test_a_key_that_is_no_text_does_not_stop_the_job() -> None:
    fed = Fed()
    refused = fed.apply(ACTIVITIES, [record(0, "a"), (1, b"\xff", None), (2, None, None), (3, b"\xff", b"{}")])
    assert set(fed.world.offers.activities) == {"a"}
    assert refused == [Reason.BAD_ACTIVITY] * 2


@pytest.mark.parametrize("value", [b"", b"no record", encode_activity(activity("a"))])
def test_a_bad_policy_record_is_refused_and_the_next_applied(value: bytes) -> None:
    fed = Fed()
    fed.apply(POLICY, [(0, b"3|a", value), (1, b"3|a", encode_row(cold_row(), "a")), (2, b"3|a", None)])
    assert (fed.world.tables.deployed.version, sum(fed.counts.values())) == (1, 2)


def test_a_pinned_policy_stays_and_an_unpinned_one_follows() -> None:
    """Contract: rows after the pinned version do not count, neither those applied before nor those to come."""
    fed = Fed()
    fed.apply(ACTIVITIES, [record(0, "a")])
    fed.publish("a", "a", "a")
    assert fed.world.known.impressions.tolist() == [2.0]
    fed.obey(PinPolicy(1))
    assert (fed.world.known.impressions.tolist(), fed.world.tables.deployed.version) == (
        [1.0],
        1,
    )
    fed.publish("a")
    assert fed.world.known.impressions.tolist() == [1.0]
    fed.obey(PinPolicy(None))
    assert (fed.world.known.impressions.tolist(), fed.world.tables.deployed.version) == (
        [3.0],
        3,
    )


def test_pinned_before_everything_nothing_is_known() -> None:
    """Contract: what was derived from the rows goes with them."""
    fed = Fed()
    fed.apply(ACTIVITIES, [record(0, "a")])
    fed.policy.append((0, b"3|other", encode_row(cold_row()._replace(encoder=3), "other")))
    for offset in (1, 2):
        row = cold_row()._replace(encoder=3, impressions=9.0)
        fed.policy.append((offset, b"3|a", encode_row(row, "a")))
    fed.apply(POLICY, fed.policy)
    assert fed.world.known.impressions.tolist() == [9.0]
    del fed.policy[0]
    fed.obey(PinPolicy(0))
    assert (fed.world.known.impressions.tolist(), fed.world.tables.deployed.version) == (
        [0.0],
        -1,
    )


def test_weights_and_generation_are_set() -> None:
    fed = Fed(make_world([activity("a")]))
    theta = np.arange(48).reshape(3, 16) * 1_000
    fed.apply(POLICY, [(0, b"3|a", encode_row(cold_row()._replace(encoder=3, theta=theta), "a"))])
    assert fed.world.known.theta[0].tolist() == theta[0].tolist()
    fed.obey(SetWeights(0.0, 2.0, 1.0))
    assert fed.world.known.theta[0].tolist() == (2 * theta[1] + theta[2]).tolist()
    fed.obey(SetGeneration(65_535))
    assert fed.world.generation == 65_535


def test_a_unit_of_cost_takes_its_weight_from_each_conversion() -> None:
    """Contract: nothing is learned anew, and the cost that counts is the activity's own as it is now."""
    fed = Fed(make_world([activity("a", cost=2.0), activity("b")]))
    theta = np.arange(48).reshape(3, 16) * 1_000
    for offset, name in enumerate("ab"):
        row = cold_row()._replace(encoder=3, theta=theta)
        fed.apply(POLICY, [(offset, RowKey(ArmKey(3, name)).value, encode_row(row, name))])
    fed.obey(SetWeights(1.0, 5.0, 0.0, 0.5))
    assert fed.world.known.theta[0].tolist() == (theta[0] + (5.0 - 0.5 * 2.0) * theta[1]).tolist()
    assert fed.world.known.theta[1].tolist() == (theta[0] + 5.0 * theta[1]).tolist()
    fed.feed.state = fed.world.with_activities({"a": activity("a", cost=10.0)})
    assert fed.world.known.theta[0].tolist() == theta[0].tolist()


@pytest.mark.parametrize("command", [Republish("r1"), PublishPolicy("p1")])
def test_commands_for_others_change_nothing(command: Command) -> None:
    fed = Fed()
    fed.obey(command)
    assert fed.counts == {}


def test_a_bad_command_is_refused() -> None:
    fed = Fed()
    refused = fed.apply(CONTROL, [(0, b"k", b"{}"), (1, b"k", None), (2, b"k", b"\x01")])
    assert (refused, fed.counts) == ([Reason.BAD_CONTROL] * 2, {})


def test_a_model_is_swapped_for_one_with_the_ordered_hash() -> None:
    """Contract: contexts of the new one are ranked with what was learned from it; the old one's rows stay apart."""
    fed = Fed(make_world([activity("a")], Encoder.load(ARTEFACTS / "demo-1", "cpu")))
    fed.apply(POLICY, [(0, b"1|a", row_of(1, "a", 4.0)), (1, b"2|*", row_of(2, PRIOR_ID, 0.0))])
    assert fed.world.known.impressions.tolist() == [4.0]
    fed.obey(load_command("demo-2"))
    assert fed.world.encoder.version == 2
    assert fed.counts == {"policy_rows_applied": 2, "model_swapped": 1, "control_applied": 1}
    assert fed.world.known.impressions.tolist() == [0.0]


def test_an_ordered_model_waits_for_its_policy_rows() -> None:
    """Contract: no list is scored with a new encoder before the learner has published its rows, the prior last."""
    fed = Fed(make_world([activity("a")], Encoder.load(ARTEFACTS / "demo-1", "cpu")))
    fed.obey(load_command("demo-2"))
    fed.apply(POLICY, [(0, b"2|a", row_of(2, "a", 7.0))])
    assert (fed.world.encoder.version, fed.counts["model_swapped"]) == (1, 0)
    fed.apply(POLICY, [(1, b"2|*", row_of(2, PRIOR_ID, 0.0))])
    assert (fed.world.encoder.version, fed.counts["model_swapped"]) == (2, 1)
    assert fed.world.known.impressions.tolist() == [7.0]
    fed.apply(POLICY, [(2, b"2|*", row_of(2, PRIOR_ID, 0.0))])
    assert fed.counts["model_swapped"] == 1


def test_of_two_ordered_models_the_later_one_counts_and_a_refused_one_is_none() -> None:
    fed = Fed(make_world([activity("a")], Encoder.load(ARTEFACTS / "demo-2", "cpu")))
    for command in (load_command("demo-2"), load_command("demo-1"), LoadModel(2, str(ARTEFACTS / "demo-9"), "0" * 64)):
        fed.obey(command)
    fed.apply(POLICY, [(0, b"2|*", row_of(2, PRIOR_ID, 0.0)), (1, b"1|*", row_of(1, PRIOR_ID, 0.0))])
    assert (fed.world.encoder.version, fed.counts["model_swapped"], fed.counts["model_refused"]) == (1, 1, 1)


@pytest.mark.parametrize(
    ("version", "folder", "sha256"),
    [(2, "demo-2", "0" * 64), (3, "demo-2", None), (2, "demo-9", "0" * 64), (2, "..", "0" * 64)],
)
def test_a_refused_model_leaves_the_one_in_use(version: int, folder: str, sha256: str | None) -> None:
    """Contract: another version or hash than ordered, or no model at all, is counted and changes nothing."""
    fed = Fed()
    before = fed.world.encoder
    fed.obey(LoadModel(version, str(ARTEFACTS / folder), sha256 or verify(ARTEFACTS / folder).sha256))
    assert fed.world.encoder is before
    assert fed.counts["model_refused"] == 1
    assert fed.counts["model_swapped"] == 0


def test_a_refused_record_has_its_letter_once_also_when_it_was_read_at_the_start() -> None:
    """Contract: the record comes again by broadcast, is not applied again, and its refusal is told once."""
    fed = Fed()
    bad = TopicRecord(3, b"a", b"{", NOON_MS)
    fed.feed.apply(ACTIVITIES, [bad])
    fed.feed.apply(ACTIVITIES, [bad])
    refused = fed.feed.refusal(ACTIVITIES, 3)
    assert refused is not None
    assert letter_of_record(refused, bad, "activities-x") == Letter(
        b"a", b"{", "bad_activity", refused.detail, "activities-x", 0, 3, NOON_MS
    )
    assert fed.feed.refusal(ACTIVITIES, 3) is None


def test_an_activity_that_can_be_shown_to_nobody_is_taken_and_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    """Contract: a window that was over when it was written, a rule of unknown categories; what is meant is quiet."""
    fed = Fed()
    fed.apply(
        ACTIVITIES,
        [
            record(0, "gone", ends_ms=NOON_MS),
            record(1, "odd", rule=Rule(any_category=("baked goods", "BREAD"))),
            record(2, "good", rule=Rule(any_category=("baked goods", "bread"))),
            record(3, "meant", ends_ms=NOON_MS, status="ended"),
        ],
    )
    assert set(fed.world.offers.activities) == {"gone", "odd", "good", "meant"}
    assert fed.counts == {"activity_unreachable_over": 1, "activity_unreachable_unknown_category": 1}
    assert [line.getMessage().split()[1] for line in caplog.records] == ["gone,", "odd,"]


def test_of_two_activities_with_one_tag_the_one_that_is_not_ranked_is_warned_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Contract: counted once when it becomes so, whichever of the two came later."""
    first, second = "c2669", "c875"
    fed = Fed()
    fed.apply(ACTIVITIES, [record(0, second)])
    assert fed.world.offers.unranked() == frozenset()
    fed.apply(ACTIVITIES, [record(1, first)])
    fed.apply(ACTIVITIES, [record(2, "other")])
    assert fed.world.offers.unranked() == {second}
    assert fed.counts == {"activity_unreachable_clash": 1}
    assert [line.getMessage().split()[1] for line in caplog.records] == [second]
    fed.apply(ACTIVITIES, [(3, first.encode(), None)])
    assert fed.world.offers.unranked() == frozenset()
    assert [each.activity_id for each in fed.world.catalogue.activities] == [second, "other"]


def test_a_policy_topic_that_was_made_again_is_used() -> None:
    """Contract: an offset that was applied before, with a newer time, is of another topic, which is read anew."""
    fed = Fed()
    fed.apply(ACTIVITIES, [record(0, "a")])
    fed.publish("a", "a", "a")
    row = cold_row()._replace(encoder=3, impressions=70.0)
    fed.policy = [(0, b"3|a", encode_row(row, "a"))]
    fed.feed.apply(POLICY, [TopicRecord(0, b"3|a", fed.policy[0][2], NOON_MS + 1)])
    assert (fed.world.known.impressions.tolist(), fed.world.version) == ([70.0], 0)
    assert fed.counts["policy_made_again"] == 1
    fed.publish("a")
    assert fed.world.version == 1


def test_a_topic_of_activities_or_orders_that_was_made_again_is_read_anew() -> None:
    """Contract: what only the former topic had is gone, as after a restart; what was read then is not applied twice."""
    fed = Fed()
    fed.apply(ACTIVITIES, [record(0, "a"), record(1, "b"), record(2, "c")])
    fed.topics[ACTIVITIES] = [TopicRecord(*record(at, name), NOON_MS + 1 + at) for at, name in enumerate("cd")]
    for each in [*fed.topics[ACTIVITIES], TopicRecord(*record(1, "z"), NOON_MS)]:
        fed.feed.apply(ACTIVITIES, [each])
    assert set(fed.world.offers.activities) == {"c", "d"}
    fed.feed.apply(ACTIVITIES, [TopicRecord(*record(2, "e"), NOON_MS)])
    assert set(fed.world.offers.activities) == {"c", "d", "e"}
    fed.obey(SetGeneration(2))
    command = TopicRecord(0, b"k", encode_control(Control(SetGeneration(9), NOON_MS)), NOON_MS + 1)
    fed.topics[CONTROL] = [command]
    fed.feed.apply(CONTROL, [command])
    assert fed.world.generation == 9
    assert fed.counts == {"activities_made_again": 1, "control_made_again": 1, "control_applied": 2}


def test_behind_a_row_of_a_higher_epoch_one_of_a_lower_does_not_count() -> None:
    """Contract: of two jobs that write, the one submitted later counts; what was written before it stays history."""
    fed = Fed()
    fed.apply(ACTIVITIES, [record(0, "a"), record(1, "b")])
    for offset, (name, epoch, impressions) in enumerate([("a", 7, 46.0), ("b", 7, 5.0), ("a", 9, 50.0), ("a", 7, 1.0)]):
        row = cold_row()._replace(encoder=3, impressions=impressions, epoch=epoch)
        fed.policy.append((offset, RowKey(ArmKey(3, name)).value, encode_row(row, name)))
    fed.apply(POLICY, fed.policy)
    assert fed.world.known.impressions.tolist() == [50.0, 5.0]
    assert (fed.world.version, fed.counts["policy_rows_fenced"], fed.feed.policy_epoch) == (2, 1, 9)
    former = fed.world.tables.deployed.row_at(3, "a", 1)
    assert former is not None
    assert former.impressions == 46.0
    again = Fed()
    again.policy = fed.policy
    again.feed.start_policy()
    again.apply(POLICY, fed.policy)
    assert (again.world.version, again.counts["policy_rows_fenced"], again.feed.policy_epoch) == (2, 1, 9)


def test_what_was_not_read_at_the_start_is_unknown_and_not_cold() -> None:
    """Contract: a decision from before the start is scored with the row that counted then, or not at all."""
    fed = Fed()
    for offset in range(2, 5):
        fed.policy.append((offset, b"3|a", row_of(3, "a", float(offset))))
    fed.policy.append((5, b"3|*", row_of(3, PRIOR_ID, 9.0)))
    fed.feed.start_policy()
    table = fed.world.tables.deployed
    assert [row and row.version for row in (table.row_at(3, "a", at) for at in (1, 3, 4, 5))] == [None, 3, 4, 4]
    assert [table.row_at(3, "new", 4), table.total_at(3, 4)] == [None, None]
    new = table.row_at(3, "new", 5)
    assert new is not None
    assert new.impressions == 9.0
