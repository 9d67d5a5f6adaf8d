"""What the learner's operator keeps and publishes of budgets and floors."""

from __future__ import annotations

from dataclasses import replace

from tests.support.core_world import NOON_MS, activity, make_ranker
from tests.support.flink_states import MemoryContext
from tests.support.opened_learner import ACTIVITIES, ENCODER, Opened, Seen
from tests.support.oracle import Oracle
from tideline.udfs.core.budgets.standing import Standing, decode_standing
from tideline.udfs.core.catalogue.activity import encode_activity
from tideline.udfs.core.catalogue.competing import Variant, variant_mark
from tideline.udfs.core.control.control import PublishPolicy
from tideline.udfs.core.policies.arm_key import LedgerKey, decode_ledger_key
from tideline.udfs.core.policies.by_name import make_policy
from tideline.udfs.core.rewards.feedback import Feedback, decode_feedback, encode_feedback


def spent(count: int, conversions: int, name: str = "0", at_ms: int = NOON_MS) -> bytes:
    x = Seen().feedback()[0].x
    return encode_feedback(
        [
            Feedback(name, ENCODER, at_ms, x, 1, conversions=int(at < conversions), lag=int(at < conversions))
            for at in range(count)
        ]
    )


def standings(rows: dict[bytes, bytes]) -> dict[str, Standing]:
    found = [decode_standing(value, 0) for key, value in rows.items() if decode_ledger_key(key)]
    return dict(found)


def test_a_budget_is_published_when_it_is_noted_and_stops_when_it_is_spent() -> None:
    """Contract: under a key of its own, before the rows; a changed budget at once, without feedback."""
    context = MemoryContext()
    operator = Opened(context, "--epoch", "7")
    noted = operator.told("0", encode_activity(activity("0", budget=100.0, cost=1.0)))
    assert standings(noted)["0"].epoch == 7
    assert operator.told("0", encode_activity(activity("0", budget=100.0, cost=1.0))) == {}
    rows = operator.feed([spent(100, 2)])
    assert next(iter(rows)) == LedgerKey("0").value
    assert not standings(rows)["0"].stopped
    rows = operator.feed([spent(200, 98)])
    assert (standings(rows)["0"].stopped, standings(rows)["0"].spent_cents) == (True, 10_000)
    assert context.counts["activities_stopped"] == 1
    raised = operator.told("0", encode_activity(activity("0", budget=1000.0, cost=1.0)))
    assert not standings(raised)["0"].stopped
    assert standings(operator.order(PublishPolicy("all"))).keys() == {"0"}


def test_budgets_that_stand_still_are_told_once_in_a_round() -> None:
    """Contract: what somebody else did makes no record of them; in nine minutes of work each has had its turn."""
    operator = Opened(MemoryContext(), "--publish-ms", "20000")
    for at in range(20):
        operator.told(str(at), encode_activity(activity(str(at), budget=0.0, cost=1.0)))
    assert len(standings(operator.feed([spent(1, 0, "other", NOON_MS)]))) <= 2, "a beat, and whose turn it is"
    told = [standings(operator.feed([spent(1, 0, "other", NOON_MS + at)])) for at in range(54)]
    assert max(map(len, told)) < 8
    for first in (0, 27):
        assert sorted(name for each in told[first : first + 27] for name in each) == sorted(map(str, range(20)))


def test_a_ledger_outlives_a_restart() -> None:
    """Contract: the same standings and the same state as of an operator that was never restarted."""
    outcomes = []
    for restored in (False, True):
        context = MemoryContext()
        operator = Opened(context)
        operator.told("0", encode_activity(activity("0", budget=20.0, cost=1.0)))
        operator.told("1", encode_activity(activity("1", exposure_floor=0.3)))
        found = []
        for part in range(4):
            if restored:
                operator = Opened(context)
            operator.feed([spent(50, 4), spent(60, 0, "2", NOON_MS - part)])
            found.append(standings(operator.order(PublishPolicy("all"))))
        states = {name: context.maps[name].values for name in ("ledgers", "terms", "standings")}
        outcomes.append((found, states, context.values["ledger_ms"].held))
    assert outcomes[0] == outcomes[1]
    found, states, newest_ms = outcomes[0]
    assert (found[-1]["0"].spent_cents, newest_ms) == (1600, NOON_MS)
    assert found[-1]["1"].offset > 0
    assert states["ledgers"].keys() == {"0", "1", "*"} - {"1"}


def clicked(clicks: dict[str, int], each: int = 100) -> bytes:
    """So many impressions of each variant of 0, the first of which were clicked."""
    x = Seen().feedback()[0].x
    return encode_feedback(
        [
            Feedback("0", ENCODER, NOON_MS, x, 1, int(at < count), variant=variant_mark("0", name))
            for name, count in clicks.items()
            for at in range(each)
        ]
    )


def test_shares_that_earn_follow_clicks_and_outlive_a_restart() -> None:
    """Contract: even when they are noted, published as they move, the same from a restored state; even again at once.

    An activity without limits that stays even is told of by nobody.
    """
    context, names = MemoryContext(), ("red", "blue", "cow")
    varied = activity("0", variants=tuple(map(Variant, names)), split="earn")
    operator = Opened(context)
    noted = standings(operator.told("0", encode_activity(varied)))["0"]
    assert noted.shares[::2] == tuple(variant_mark("0", name) for name in names)
    assert sorted(noted.shares[1::2]) == [85, 85, 86]
    moved = standings(operator.feed([clicked({"red": 2, "blue": 3, "cow": 30})]))["0"]
    assert moved.shares[1::2] == (26, 26, 204)
    assert not standings(operator.feed([clicked({"cow": 1}, 1)]))

    again = Opened(context)
    assert standings(again.order(PublishPolicy("all")))["0"].shares == moved.shares
    even = replace(varied, split="even")
    assert standings(again.told("0", encode_activity(even)))["0"].shares == ()
    assert context.maps["variants"].values == {}
    assert Opened(MemoryContext()).told("0", encode_activity(even)) == {}


def test_without_budgets_and_floors_nothing_is_kept_or_published_of_them() -> None:
    """Contract: states and rows are what they were before there were any."""
    context = MemoryContext()
    operator = Opened(context)
    for each in ACTIVITIES:
        operator.note(each.activity_id, encode_activity(each))
    rows = operator.feed([encode_feedback(Seen().feedback())])
    assert not standings(rows)
    assert (context.maps["ledgers"].values, context.maps["terms"].values) == ({}, {})
    assert context.values["ledger_ms"].held is None


def test_oracle_and_operator_publish_the_same_standings() -> None:
    """Contract: bit for bit, however feedback was batched."""
    activities = [activity("0", budget=20.0, cost=1.0), activity("1", exposure_floor=0.3), activity("2")]
    context = MemoryContext()
    operator = Opened(context, "--epoch", "1", "--attribution-days", "1")
    for each in activities:
        operator.told(each.activity_id, encode_activity(each))
    parts = [spent(50, 4), spent(60, 0, "2", NOON_MS - 9_000_000), spent(10, 1, "1")]
    for part in parts:
        operator.feed([part])
    ranker = make_ranker(activities)
    oracle = Oracle(replace(ranker.settings, policy=make_policy("pairs")), ranker.encoder)
    oracle.set_activities(activities)
    for part in parts:
        ids, rows = decode_feedback(part)
        oracle.take_feedback(
            Feedback(
                ids[row["activity"]],
                ENCODER,
                int(row["ts_ms"]),
                row["x"].tobytes(),
                1,
                conversions=int(row["conversions"]),
                lag=int(row["lag"]),
            )
            for row in rows
        )
    assert list(operator.order(PublishPolicy("all")).values())[:2] == oracle.policy_values()[:2]
