"""The learner's operator: its state, and what it publishes."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from tests.support.core_world import DAY_MS, NOON_MS, activity
from tests.support.flink_states import MemoryContext
from tests.support.opened_learner import ACTIVITIES, ARMS, COUNT, ENTRY, NAMES, Opened, Seen
from tests.unit.udfs.operators.test_subtask import context as context_of
from tideline.schemas.errors import ConfigError
from tideline.udfs.core.budgets.standing import EVERY_ID, decode_standing
from tideline.udfs.core.catalogue.activity import encode_activity
from tideline.udfs.core.context import DIM
from tideline.udfs.core.control.control import LoadModel, PublishPolicy, SetExperiment, VariantSpec
from tideline.udfs.core.learning.learning import SUMS_VERSION
from tideline.udfs.core.policies.arm_key import COSTS_KEY, PRIOR_ID, ArmKey, LedgerKey, RowKey
from tideline.udfs.core.policies.by_name import make_policy
from tideline.udfs.core.policies.fence import epoch_of
from tideline.udfs.core.rewards.feedback import Feedback, encode_feedback
from tideline.udfs.core.rule_costs.days import decode_costs, encode_costs
from tideline.udfs.core.rule_costs.front import MORE, PLACES, Front, weights_mark
from tideline.udfs.core.rule_costs.sums import NO_PRICES, DayCosts
from tideline.udfs.operators.learn import Entry


def test_a_restored_operator_goes_on_where_it_was() -> None:
    """Contract: the same state and rows as one that was never restarted, turns and an ordered encoder included."""
    parts = [encode_feedback(Seen().feedback()[at : at + 60]) for at in range(0, COUNT, 60)]
    outcomes = []
    for restored in (False, True):
        context = MemoryContext()
        operator = Opened(context)
        published = []
        for number, part in enumerate(parts):
            if restored:
                operator = Opened(context)
            if number == 3:
                published.append(operator.order(LoadModel(2, "models/two", "0" * 64)))
            published.append(operator.feed([part]))
        states = {name: each.values for name, each in context.maps.items()}
        outcomes.append((published, states, {name: each.held for name, each in context.values.items()}))
    assert outcomes[0] == outcomes[1]
    published, states, values = outcomes[0]
    assert set(published[3]) == {RowKey(ArmKey(2, name)).value for name in [*NAMES[:-1], PRIOR_ID]}
    assert values["ordered_encoder"] == 2
    assert values["turn"]
    assert {state[0] for state in states["sums"].values()} == {SUMS_VERSION}


def test_policies_on_trial_have_rows_of_their_own() -> None:
    """Contract: under the key of the deployment's row and how they were solved, behind it; also after a restart."""
    context = MemoryContext()
    Opened(context).feed([encode_feedback(Seen().feedback()[:50])])
    Opened(context).order(SetExperiment("trial", (VariantSpec("wide", "linucb:ridge=5", 100),), shadow=None))
    rows = Opened(context).order(PublishPolicy("all"))
    name = make_policy("linucb:ridge=5").regression.name
    assert {key.split(b"|", 2)[2] for key in rows if key.count(b"|") == 2} == {name.encode()}
    assert len(rows) == 2 * ARMS


def test_a_deleted_activity_leaves_the_state_after_its_window() -> None:
    """Contract: a note without a value takes its features; its sums are joined when no list of it can come back."""
    context = MemoryContext()
    operator = Opened(context)
    for each in ACTIVITIES:
        operator.note(each.activity_id, encode_activity(each))
    feedback = Seen().feedback()
    operator.feed([encode_feedback(feedback)])
    operator.note("0", None)
    operator.note("1", b"neither Avro nor JSON")
    later = [each._replace(ts_ms=each.ts_ms + 90 * DAY_MS) for each in feedback if each.activity_id != "0"]
    operator.feed([encode_feedback(later)])
    assert sorted(context.maps["features"].values) == NAMES[1:]
    assert sorted(context.maps["sums"].values) == [*(f"1|{name}" for name in NAMES[1:-1]), "1|~"]


def costs_of(day: int, lists: int) -> bytes:
    return encode_costs([DayCosts(day, lists, 500, 400, 1, lists * np.arange(30).reshape(6, 5), NO_PRICES)])


def test_what_rules_cost_is_added_up_and_published() -> None:
    """Contract: beside feedback, which is learned as without; a job without rules has neither state nor record."""
    feedback = encode_feedback(Seen().feedback()[:50])
    context, plain = MemoryContext(), MemoryContext()
    rows = Opened(context, "--epoch", "7").feed([costs_of(20_000, 3), feedback, costs_of(20_000, 3)])
    without = Opened(plain, "--epoch", "7").feed([feedback])
    (day,) = decode_costs(rows[COSTS_KEY])
    assert (day.lists, epoch_of(rows[COSTS_KEY])) == (6, 7)
    assert {name: row for name, row in rows.items() if name != COSTS_KEY} == without
    assert (plain.values["rule_costs"].held, plain.values["rule_costs_wait"].held) == (None, None)


def test_what_rules_cost_is_published_once_a_minute_and_when_a_day_ends() -> None:
    """Contract: none of it is lost, over restarts too, and the same intervals publish the same bytes."""
    news = [[costs_of(20_000, 1 + at)] if at % 3 else [] for at in range(70)]
    news += [[costs_of(20_001, 1)], *([] for _ in range(70)), [costs_of(20_000, 5)], *([] for _ in range(29))]
    feedback = encode_feedback(Seen().feedback()[:1])
    plain, context = MemoryContext(), MemoryContext()
    one, told = Opened(plain), list[tuple[int, bytes]]()
    for at, costs in enumerate(news):
        other = Opened(context)
        rows = [each.feed([feedback, *costs]) for each in (one, other)]
        assert rows[0] == rows[1]
        told += [(at, rows[0][COSTS_KEY])] if COSTS_KEY in rows[0] else []
    # The first at once; what comes then waits 30 intervals of 2 s; a new day; what comes late for the old one.
    assert [at for at, _ in told] == [1, 31, 61, 70, 170]
    sums = [{each.day: each.lists for each in decode_costs(record)} for _, record in told]
    until = [sum(at + 1 for at in range(last + 1) if at % 3) for last in (1, 31, 61, 69)]
    assert sums[:3] == [{20_000: each} for each in until[:3]]
    assert sums[3:] == [{20_000: until[3], 20_001: 1}, {20_000: until[3] + 5, 20_001: 1}]


def test_a_click_is_worth_what_keeps_the_share_that_is_asked_for() -> None:
    """Contract: told beside rows once lists were sampled, and by a learner that was restored as by the one before."""
    weights = ("--least-clicks", "0.9", "--weight-click", "0", "--weight-conversion", "0", "--weight-revenue", "1")
    clicks = np.concatenate([np.full(20, 60), np.full(PLACES - 20, 100)])
    costs = DayCosts(20_000, 90, 500, 400, 1, np.zeros((6, 5), np.int64), NO_PRICES)
    costs = costs._replace(fronts={weights_mark((0.0, 0.0, 1.0, 0.0)): Front(90, clicks[::-1].copy(), clicks)})
    feedback = encode_feedback(Seen().feedback()[:1])
    context = MemoryContext()
    one = Opened(context, *weights)
    before = one.feed([feedback])
    after = one.feed([feedback, encode_costs([costs])])
    key = LedgerKey(EVERY_ID).value
    assert decode_standing(before[key], 0)[1].price == 0
    assert decode_standing(after[key], 0)[1].price == round(MORE[20] * 2**24)
    assert decode_standing(Opened(context, *weights).feed([feedback])[key], 0)[1].price == round(MORE[20] * 2**24)
    assert decode_standing(Opened(context).feed([feedback])[key], 0)[1].price == 0
    assert key not in Opened(MemoryContext()).feed([feedback])


def test_what_another_job_has_left_to_publish_of_costs_is_published_as_one_s_own() -> None:
    """Contract: with the epoch of the job that publishes it, or it would be taken for a row of a job that ended."""
    context = MemoryContext()
    Opened(context, "--epoch", "7").feed([costs_of(20_000, 1)])
    Opened(context, "--epoch", "7").feed([costs_of(20_000, 1)])
    feedback = [encode_feedback(Seen().feedback()[:1])]
    later = Opened(context, "--epoch", "8")
    records = [rows[COSTS_KEY] for rows in (later.feed(feedback) for _ in range(30)) if COSTS_KEY in rows]
    assert [epoch_of(each) for each in records] == [8]
    assert decode_costs(records[0])[0].lists == 2


def ends_of(memory: MemoryContext, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Put a Java task around the states; return what it is told of a job that is to end for good."""
    told: list[object] = []
    bridge = ModuleType("pemja")
    bridge.findClass = lambda _: lambda made_of: made_of  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pemja", bridge)
    vars(memory).update(vars(context_of(environment=SimpleNamespace(failExternally=told.append))))
    return told


def test_a_second_job_from_one_savepoint_with_the_same_epoch_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: before it publishes anything; a job that Flink starts again from its own state goes on."""
    feedback = [encode_feedback(Seen().feedback()[:1])]
    memory = MemoryContext()
    told = ends_of(memory, monkeypatch)
    assert Opened(memory, "--epoch", "7").feed(feedback)
    second = Entry("cd" * 16, is_doubtful=True)  # the topic ends with a row of epoch 7
    with pytest.raises(ConfigError, match=r"epoch=7 .*allowed: 8 or higher, for another submission with this one"):
        Opened(memory, "--epoch", "7", entry=second).feed(feedback)
    assert len(told) == 1
    assert Opened(memory, "--epoch", "7", entry=ENTRY._replace(is_doubtful=True)).feed(feedback)
    assert Opened(memory, "--epoch", "8", entry=second._replace(is_doubtful=False)).feed(feedback)
    assert Opened(memory, "--epoch", "8", entry=second).feed(feedback)
    assert len(told) == 1


def test_state_of_another_build_ends_the_job_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: Flink would restart it and read the same bytes again; the message names the version that is read."""
    memory = MemoryContext()
    told = ends_of(memory, monkeypatch)
    Opened(memory).told("a", encode_activity(activity("a", budget=9.0, cost=1.0)))
    terms = memory.maps["terms"].values
    terms["a"] = b"\x02" + terms["a"][1:]
    with pytest.raises(ConfigError, match="terms of version 2; this build reads 3"):
        Opened(memory).feed([encode_feedback([Feedback("a", 1, NOON_MS, bytes(DIM), 1)])])
    assert len(told) == 1
