"""Activities and commands that make a ranker; policy rows and models have files of their own."""

from __future__ import annotations

import json

import pytest

from tests.support.core_world import NOON_MS, make_ranker
from tests.support.fed_ranker import Fed, record
from tideline.schemas.errors import Reason
from tideline.udfs.core.catalogue.activity import Rule
from tideline.udfs.core.control.control import (
    Command,
    Control,
    PublishPolicy,
    Republish,
    SetExamination,
    SetGeneration,
    encode_control,
)
from tideline.udfs.core.lists.activity_tags import ActivityTags
from tideline.udfs.core.policies.policy_start import TopicRecord
from tideline.udfs.core.ranking.placements import read_placements
from tideline.udfs.operators.dead_letters import Letter, letter_of_record
from tideline.udfs.operators.ranker_feed import ACTIVITIES, CONTROL, POLICY


def test_activities_are_put_in_changed_and_taken_out() -> None:
    fed = Fed()
    fed.apply(ACTIVITIES, [record(0, "a"), record(1, "b"), record(2, "a", title="new"), (3, b"b", None)])
    assert {name: each.title for name, each in fed.ranker.offers.activities.items()} == {"a": "new"}
    assert [each.activity_id for each in fed.ranker.catalogue.activities] == ["a"]


def test_places_weigh_as_ordered_until_they_are_ordered_otherwise() -> None:
    """Contract: places below the last one named are as it is; a change of the catalogue leaves them; [1] undoes."""
    fed = Fed()
    fed.obey(SetExamination((1.0, 0.75, 0.5)))
    fed.apply(ACTIVITIES, [record(0, "a")])
    assert fed.ranker.attributing.examination_discount == (0, 25, *[50] * 14)
    fed.obey(SetExamination((1.0,)))
    assert fed.ranker.attributing.examination_discount == (0,) * 16


def test_a_cascade_is_learned_by_as_ordered_with_the_names_of_the_catalogue() -> None:
    """Contract: activities that come later are known to it; the command of places ends it."""
    fed = Fed()
    fed.obey(SetExamination(after_click=0.2))
    fed.apply(ACTIVITIES, [record(0, "a")])
    cascade = fed.ranker.attributing.cascade
    assert cascade is not None
    assert (cascade.examination_discount, cascade.tags.names) == (
        80,
        ActivityTags.of(["a"], fed.ranker.settings.keys).names,
    )
    fed.obey(SetExamination())
    assert fed.ranker.attributing.cascade is None


def test_a_record_is_applied_once() -> None:
    """Contract: read at the start and broadcast later, in any overlap, changes nothing."""
    fed = Fed()
    fed.apply(ACTIVITIES, [record(4, "a", title="old"), record(5, "a", title="new")])
    fed.apply(ACTIVITIES, [record(4, "a", title="old"), (3, b"a", None)])
    assert fed.ranker.offers.activities["a"].title == "new"
    fed.publish("a", "b")
    fed.apply(POLICY, fed.policy)
    assert fed.counts["policy_rows_applied"] == 2
    command = encode_control(Control(SetGeneration(9), NOON_MS))
    fed.apply(CONTROL, [(7, b"k", command)])
    fed.apply(CONTROL, [(6, b"k", encode_control(Control(SetGeneration(2), NOON_MS))), (7, b"k", command)])
    assert (fed.ranker.generation, fed.counts["control_applied"]) == (9, 1)


@pytest.mark.parametrize(
    "value", [b"{", b"", b"\x00\x00", json.dumps({"activity_id": "a", "kind": "coupon", "cap": 3}).encode()]
)
def test_a_bad_activity_is_refused_and_the_former_stays(value: bytes) -> None:
    fed = Fed()
    refused = fed.apply(ACTIVITIES, [record(0, "a", title="good"), (1, b"a", value), record(2, "b")])
    assert fed.ranker.offers.activities["a"].title == "good"
    assert set(fed.ranker.offers.activities) == {"a", "b"}
    assert refused == [Reason.BAD_ACTIVITY]


def test_a_key_that_is_no_text_does_not_stop_the_job() -> None:
    fed = Fed()
    refused = fed.apply(ACTIVITIES, [record(0, "a"), (1, b"\xff", None), (2, None, None), (3, b"\xff", b"{}")])
    assert set(fed.ranker.offers.activities) == {"a"}
    assert refused == [Reason.BAD_ACTIVITY] * 2


@pytest.mark.parametrize("command", [Republish("r1"), PublishPolicy("p1")])
def test_commands_for_others_change_nothing(command: Command) -> None:
    fed = Fed()
    fed.obey(command)
    assert fed.counts == {}


def test_a_bad_command_is_refused() -> None:
    fed = Fed()
    refused = fed.apply(CONTROL, [(0, b"k", b"{}"), (1, b"k", None), (2, b"k", b"\x01")])
    assert (refused, fed.counts) == ([Reason.BAD_CONTROL] * 2, {})


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
    assert set(fed.ranker.offers.activities) == {"gone", "odd", "good", "meant"}
    assert fed.counts == {"activity_unreachable_over": 1, "activity_unreachable_unknown_category": 1}
    assert [line.getMessage().split()[1] for line in caplog.records] == ["gone,", "odd,"]


def test_of_two_activities_with_one_tag_the_one_that_is_not_ranked_is_warned_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Contract: counted once when it becomes so, whichever of the two came later."""
    first, second = "c2669", "c875"
    fed = Fed()
    fed.apply(ACTIVITIES, [record(0, second)])
    assert fed.ranker.offers.unranked() == frozenset()
    fed.apply(ACTIVITIES, [record(1, first)])
    fed.apply(ACTIVITIES, [record(2, "other")])
    assert fed.ranker.offers.unranked() == {second}
    assert fed.counts == {"activity_unreachable_clash": 1}
    assert [line.getMessage().split()[1] for line in caplog.records] == [second]
    fed.apply(ACTIVITIES, [(3, first.encode(), None)])
    assert fed.ranker.offers.unranked() == frozenset()
    assert [each.activity_id for each in fed.ranker.catalogue.activities] == [second, "other"]


def test_a_topic_of_activities_or_orders_that_was_made_again_is_read_anew() -> None:
    """Contract: what only the former topic had is gone, as after a restart; what was read then is not applied twice."""
    fed = Fed()
    fed.apply(ACTIVITIES, [record(0, "a"), record(1, "b"), record(2, "c")])
    fed.topics[ACTIVITIES] = [TopicRecord(*record(at, name), NOON_MS + 1 + at) for at, name in enumerate("cd")]
    for each in [*fed.topics[ACTIVITIES], TopicRecord(*record(1, "z"), NOON_MS)]:
        fed.feed.apply(ACTIVITIES, [each])
    assert set(fed.ranker.offers.activities) == {"c", "d"}
    fed.feed.apply(ACTIVITIES, [TopicRecord(*record(2, "e"), NOON_MS)])
    assert set(fed.ranker.offers.activities) == {"c", "d", "e"}
    fed.obey(SetGeneration(2))
    command = TopicRecord(0, b"k", encode_control(Control(SetGeneration(9), NOON_MS)), NOON_MS + 1)
    fed.topics[CONTROL] = [command]
    fed.feed.apply(CONTROL, [command])
    assert fed.ranker.generation == 9
    assert fed.counts == {"activities_made_again": 1, "control_made_again": 1, "control_applied": 2}


def test_floors_that_no_lists_can_keep_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    """Contract: and said, with activity, value and what is allowed; they are owed all the same, as far as it goes."""
    fed = Fed()
    fed.apply(ACTIVITIES, [record(0, "a", exposure_floor=0.2), record(1, "b", exposure_floor=0.25)])
    assert "floors_not_owable" not in fed.counts
    fed.apply(ACTIVITIES, [record(2, "b", exposure_floor=0.3)])
    assert fed.counts["floors_not_owable"] == 1
    assert "b: exposure_floor=0.3; allowed: at most 1/4" in caplog.text


def test_what_is_withdrawn_is_told_to_readers_with_a_rising_version() -> None:
    fed = Fed()
    fed.apply(ACTIVITIES, [record(0, "a"), record(1, "b", status="paused")])
    first = fed.feed.stops()
    assert first.names == ("b",)
    fed.apply(ACTIVITIES, [record(2, "b"), record(3, "a", status="ended")])
    assert fed.feed.stops().names == ("a",)
    assert fed.feed.stops()[1:] > first[1:]


def test_what_is_deleted_or_cut_short_while_it_runs_is_told_to_readers() -> None:
    """Contract: pages that were made before hold it until its former end; put in again it is off the list."""
    fed = Fed()
    fed.apply(ACTIVITIES, [record(0, "a"), record(1, "b", status="paused")])
    fed.apply(ACTIVITIES, [(2, b"b", None)])
    assert fed.feed.stops().names == ("b",)
    fed.apply(ACTIVITIES, [record(3, "a", ends_ms=NOON_MS), record(4, "b")])
    assert fed.feed.stops().names == ("a",)


def test_places_of_a_placement_weigh_as_ordered_for_it_alone() -> None:
    """Contract: a name that no placement has is refused, at a start as later: none was ordered before it was there."""
    placements = read_placements([{"name": "cart", "number": 5, "size": 2}])
    fed = Fed(make_ranker(placements=placements))
    fed.obey(SetExamination((0.8, 0.5), placement="cart"))
    fed.obey(SetExamination((1.0, 0.9)))
    assert fed.ranker.attributing.examination_discount[:2] == (0, 10)
    assert fed.ranker.attributing.weighing(5).examination_discount[:2] == (20, 50)
    order = encode_control(Control(SetExamination((1.0,), placement="hero"), NOON_MS))
    assert fed.apply(CONTROL, [(2, b"k", order)]) == [Reason.BAD_CONTROL]
    assert Fed().apply(CONTROL, [(0, b"k", order)]) == [Reason.BAD_CONTROL]
