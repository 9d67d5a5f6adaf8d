"""Rows of the policy topic, and commands that say which of them count and for how much."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.support.core_world import NOON_MS, activity, make_ranker
from tests.support.fed_ranker import Fed, Written, record, row_of
from tests.unit.udfs.core.push.learned.test_push_known import SETTINGS as PUSH
from tests.unit.udfs.core.push.learned.test_push_known import known
from tideline.udfs.core.budgets.standing import Standing, encode_standing
from tideline.udfs.core.catalogue.activity import encode_activity
from tideline.udfs.core.control.control import (
    PinPolicy,
    SetGeneration,
    SetWeights,
)
from tideline.udfs.core.policies.arm_key import COSTS_KEY, PRIOR_ID, PUSH_KEY, ArmKey, LedgerKey, RowKey, SumsKey
from tideline.udfs.core.policies.fence import Claim
from tideline.udfs.core.policies.policy_start import TopicRecord
from tideline.udfs.core.policies.policy_table import cold_row, encode_row
from tideline.udfs.core.push.learned.push_known import NOTHING_KNOWN, encode_known
from tideline.udfs.core.rule_costs.days import encode_costs
from tideline.udfs.core.rule_costs.sums import NO_PRICES, DayCosts
from tideline.udfs.operators.ranker_feed import ACTIVITIES, POLICY


@pytest.mark.parametrize("value", [b"", b"no record", encode_activity(activity("a"))])
def test_a_bad_policy_record_is_refused_and_the_next_applied(value: bytes) -> None:
    fed = Fed()
    fed.apply(POLICY, [(0, b"3|a", value), (1, b"3|a", encode_row(cold_row(), "a")), (2, b"3|a", None)])
    assert (fed.ranker.tables.deployed.version, sum(fed.counts.values())) == (1, 2)


def test_a_pinned_policy_stays_and_an_unpinned_one_follows() -> None:
    """Contract: rows after the pinned version do not count, neither those applied before nor those to come."""
    fed = Fed()
    fed.apply(ACTIVITIES, [record(0, "a")])
    fed.publish("a", "a", "a")
    assert fed.ranker.known.impressions.tolist() == [2.0]
    fed.obey(PinPolicy(1))
    assert (fed.ranker.known.impressions.tolist(), fed.ranker.tables.deployed.version) == (
        [1.0],
        1,
    )
    fed.publish("a")
    assert fed.ranker.known.impressions.tolist() == [1.0]
    fed.obey(PinPolicy(None))
    assert (fed.ranker.known.impressions.tolist(), fed.ranker.tables.deployed.version) == (
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
    assert fed.ranker.known.impressions.tolist() == [9.0]
    del fed.policy[0]
    fed.obey(PinPolicy(0))
    assert (fed.ranker.known.impressions.tolist(), fed.ranker.tables.deployed.version) == (
        [0.0],
        -1,
    )


def test_weights_and_generation_are_set() -> None:
    fed = Fed(make_ranker([activity("a")]))
    theta = np.arange(48).reshape(3, 16) * 1_000
    fed.apply(POLICY, [(0, b"3|a", encode_row(cold_row()._replace(encoder=3, theta=theta), "a"))])
    assert fed.ranker.known.theta[0].tolist() == theta[0].tolist()
    fed.obey(SetWeights(0.0, 2.0, 1.0))
    assert fed.ranker.known.theta[0].tolist() == (2 * theta[1] + theta[2]).tolist()
    fed.obey(SetGeneration(65_535))
    assert fed.ranker.generation == 65_535


def test_a_unit_of_cost_takes_its_weight_from_each_conversion() -> None:
    """Contract: nothing is learned anew, and the cost that counts is the activity's own as it is now."""
    fed = Fed(make_ranker([activity("a", cost=2.0), activity("b")]))
    theta = np.arange(48).reshape(3, 16) * 1_000
    for offset, name in enumerate("ab"):
        row = cold_row()._replace(encoder=3, theta=theta)
        fed.apply(POLICY, [(offset, RowKey(ArmKey(3, name)).value, encode_row(row, name))])
    fed.obey(SetWeights(1.0, 5.0, 0.0, 0.5))
    assert fed.ranker.known.theta[0].tolist() == (theta[0] + (5.0 - 0.5 * 2.0) * theta[1]).tolist()
    assert fed.ranker.known.theta[1].tolist() == (theta[0] + 5.0 * theta[1]).tolist()
    fed.feed.state = fed.ranker.with_activities({"a": activity("a", cost=10.0)})
    assert fed.ranker.known.theta[0].tolist() == theta[0].tolist()


def test_a_policy_topic_that_was_made_again_is_used() -> None:
    """Contract: an offset that was applied before, with a newer time, is of another topic, which is read anew."""
    fed = Fed()
    fed.apply(ACTIVITIES, [record(0, "a")])
    fed.publish("a", "a", "a")
    row = cold_row()._replace(encoder=3, impressions=70.0)
    fed.policy = [(0, b"3|a", encode_row(row, "a"))]
    fed.feed.apply(POLICY, [TopicRecord(0, b"3|a", fed.policy[0][2], NOON_MS + 1)])
    assert (fed.ranker.known.impressions.tolist(), fed.ranker.version) == ([70.0], 0)
    assert fed.counts["policy_made_again"] == 1
    fed.publish("a")
    assert fed.ranker.version == 1


def test_behind_a_row_of_a_higher_epoch_one_of_a_lower_does_not_count() -> None:
    """Contract: of two jobs that write, the one submitted later counts; what was written before it stays history."""
    fed = Fed()
    fed.apply(ACTIVITIES, [record(0, "a"), record(1, "b")])
    for offset, (name, epoch, impressions) in enumerate([("a", 7, 46.0), ("b", 7, 5.0), ("a", 9, 50.0), ("a", 7, 1.0)]):
        row = cold_row()._replace(encoder=3, impressions=impressions, epoch=epoch)
        fed.policy.append((offset, RowKey(ArmKey(3, name)).value, encode_row(row, name)))
    fed.apply(POLICY, fed.policy)
    assert fed.ranker.known.impressions.tolist() == [50.0, 5.0]
    assert (fed.ranker.version, fed.counts["policy_rows_fenced"], fed.feed.policy_epoch) == (2, 1, 9)
    former = fed.ranker.tables.deployed.row_at(3, "a", 1)
    assert former is not None
    assert former.impressions == 46.0
    again = Fed()
    again.policy = fed.policy
    again.feed.start_policy()
    again.apply(POLICY, fed.policy)
    assert (again.ranker.version, again.counts["policy_rows_fenced"], again.feed.policy_epoch) == (2, 1, 9)


def test_what_was_not_read_at_the_start_is_unknown_and_not_cold() -> None:
    """Contract: a decision from before the start is scored with the row that counted then, or not at all."""
    fed = Fed()
    for offset in range(2, 5):
        fed.policy.append((offset, b"3|a", row_of(3, "a", float(offset))))
    fed.policy.append((5, b"3|*", row_of(3, PRIOR_ID, 9.0)))
    fed.feed.start_policy()
    table = fed.ranker.tables.deployed
    assert [row and row.version for row in (table.row_at(3, "a", at) for at in (1, 3, 4, 5))] == [None, 3, 4, 4]
    assert [table.row_at(3, "new", 4), table.total_at(3, 4)] == [None, None]
    new = table.row_at(3, "new", 5)
    assert new is not None
    assert new.impressions == 9.0


def test_where_an_activity_stands_is_read_beside_the_rows() -> None:
    """Contract: of the same epochs, offsets and pins; its record is no row."""
    fed = Fed()
    fed.apply(ACTIVITIES, [record(0, "a", budget=9.0, cost=1.0)])
    fed.publish("a")
    told: list[Written] = [
        (at, LedgerKey("a").value, encode_standing("a", Standing(stopped=at == 2, epoch=3))) for at in (1, 2)
    ]
    fed.policy += told
    assert fed.apply(POLICY, told) == []
    assert (fed.ranker.stopped().tolist(), fed.ranker.version, fed.ranker.tables.deployed.version) == ([0], 2, 0)
    fed.obey(PinPolicy(1))
    assert (fed.ranker.stopped().size, fed.ranker.version) == (0, 1)
    assert fed.feed.stops().names == ("a",)  # readers are told all the same
    fed.obey(PinPolicy(None))
    assert fed.ranker.stopped().tolist() == [0]
    fed.apply(POLICY, [(3, LedgerKey("a").value, encode_standing("a", Standing(epoch=2)))])
    assert (fed.ranker.stopped().tolist(), fed.counts["policy_rows_fenced"]) == ([0], 1)
    fed.apply(POLICY, [(4, LedgerKey("a").value, b"no record")])
    assert fed.counts["policy_rows_refused"] == 1


def test_what_rules_cost_and_sums_that_a_replay_learned_are_no_rows() -> None:
    """Contract: their records are passed over, at the start too; none is refused."""
    fed = Fed()
    costs = encode_costs([DayCosts(20_000, 3, 500, 400, 1, np.zeros((6, 5), np.int64), NO_PRICES)])
    sums = SumsKey(ArmKey(3, "a")).value
    fed.policy += [(0, COSTS_KEY, costs), (0, sums, b"sums")]
    assert fed.apply(POLICY, [(1, COSTS_KEY, costs), (1, sums, b"s"), (2, b"3|a", encode_row(cold_row(), "a"))]) == []
    assert (fed.ranker.version, fed.counts["policy_rows_refused"]) == (2, 0)


def test_claims_are_known_in_the_order_of_the_topic_and_are_no_rows() -> None:
    """Contract: each once, where it first stood, at the start and later; none is refused, none raises the epoch.

    Of years of submissions those are kept that came with the epoch of the job: no other can end it.
    """
    own, other, late = Claim(7, "own"), Claim(7, "other"), Claim(9, "late")
    fed = Fed(epoch=7)
    fed.policy += [(0, other.key, None), (1, own.key, None)]
    fed.feed.start_policy()
    years = [(at, Claim(at, "later").key, None) for at in range(8, 3_000)]
    fed.apply(POLICY, [(2, late.key, None), (3, other.key, None), (4, b"3|a", encode_row(cold_row(), "a")), *years])
    fed.feed.start_policy()  # as a pin does
    assert list(fed.feed.claims) == [other, own]
    assert (fed.counts["policy_rows_refused"], fed.counts["policy_rows_applied"], fed.feed.policy_epoch) == (0, 1, 0)


def test_what_rules_cost_tells_who_writes() -> None:
    """Contract: a job that took over publishes it before any row: rows of the one before count no more behind it."""
    fed = Fed()
    costs = encode_costs([DayCosts(20_000, 3, 500, 400, 1, np.zeros((6, 5), np.int64), NO_PRICES)], 9)
    row = encode_row(cold_row()._replace(epoch=8), "a")
    fed.apply(POLICY, [(0, b"3|a", row), (1, COSTS_KEY, costs), (2, b"3|a", row)])
    assert (fed.feed.policy_epoch, fed.ranker.version, fed.counts["policy_rows_fenced"]) == (9, 0, 1)


def test_what_is_known_of_messages_is_taken_in_where_some_are_sent() -> None:
    """Contract: the newest counts, up to a pin and not behind another writer; rows of lists stay as they were."""
    fed = Fed()
    fed.feed.state = replace(fed.ranker, settings=replace(fed.ranker.settings, push=PUSH))
    told: list[Written] = [(at, PUSH_KEY, encode_known(known(10 + at), 3)) for at in (1, 2)]
    fed.policy += [(0, b"3|a", encode_row(cold_row()._replace(epoch=3), "a")), *told]
    fed.feed.start_policy()
    assert (fed.ranker.pushes.version, fed.ranker.version) == (2, 0)
    assert np.array_equal(fed.ranker.pushes.ledger, known(12).ledger)
    fed.obey(PinPolicy(1))
    assert fed.ranker.pushes.version == 1
    fed.obey(PinPolicy(None))
    fed.apply(POLICY, [(3, PUSH_KEY, encode_known(known(), 2)), (4, PUSH_KEY, b"none")])
    assert (fed.ranker.pushes.version, fed.counts["policy_rows_fenced"], fed.counts["policy_rows_refused"]) == (2, 1, 1)


def test_what_is_known_of_messages_is_passed_over_where_none_are_sent() -> None:
    """Contract: a job that was begun again without the option reads what one before has published, and goes on; it
    tells who writes all the same."""
    fed = Fed()
    row = encode_row(cold_row()._replace(epoch=8), "a")
    fed.apply(POLICY, [(0, b"3|a", row), (1, PUSH_KEY, encode_known(known(), 9)), (2, b"3|a", row)])
    assert (fed.ranker.pushes, fed.ranker.version, fed.counts["policy_rows_refused"]) == (NOTHING_KNOWN, 0, 0)
    assert (fed.feed.policy_epoch, fed.counts["policy_rows_fenced"]) == (9, 1)
