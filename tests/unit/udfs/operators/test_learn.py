"""The learner's operator: its state, and that everybody who learns publishes the same rows."""

from __future__ import annotations

import sys
from dataclasses import replace
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from pyflink.common import Row

from tests.support.core_world import DAY_MS, NOON_MS, activity, make_ranker
from tests.support.flink_states import MemoryContext
from tests.support.oracle import Oracle
from tests.unit.udfs.operators.test_subtask import context as context_of
from tideline.schemas.errors import ConfigError
from tideline.scripts.benchmarks.offline.regret_player import Player
from tideline.scripts.benchmarks.offline.regret_player import contexts as of_player
from tideline.scripts.localstack.paths import REPOSITORY
from tideline.udfs.core.budgets.standing import Standing, decode_standing
from tideline.udfs.core.catalogue.activity import encode_activity
from tideline.udfs.core.catalogue.activity_features import features_of
from tideline.udfs.core.context import DIM
from tideline.udfs.core.control.control import (
    Command,
    Control,
    LoadModel,
    PublishPolicy,
    SetExperiment,
    VariantSpec,
    encode_control,
)
from tideline.udfs.core.evaluation.learned import every_row, learner_of, learning
from tideline.udfs.core.evaluation.log import LoggedFeedback
from tideline.udfs.core.learning.learning import SUMS_VERSION
from tideline.udfs.core.policies.arm_key import COSTS_KEY, PRIOR_ID, ArmKey, LedgerKey, RowKey, decode_ledger_key
from tideline.udfs.core.policies.by_name import make_policy
from tideline.udfs.core.policies.fence import epoch_of
from tideline.udfs.core.policies.policy_table import PolicyRow, decode_row, encode_row
from tideline.udfs.core.rewards.feedback import Feedback, decode_feedback, encode_feedback
from tideline.udfs.core.rule_costs.days import decode_costs, encode_costs
from tideline.udfs.core.rule_costs.sums import NO_PRICES, DayCosts
from tideline.udfs.operators.batch_rows import ACTIVITY, EVENTS, ORDER
from tideline.udfs.operators.learn import Entry, Learn
from tideline.udfs.settings.job_config import JobConfig
from tideline.udfs.settings.option_sources import load

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

CATEGORIES = (0, 0, 1, 2, 2, 3)
ARMS, ENCODER, COUNT = len(CATEGORIES), 1, 600
NAMES = [str(arm) for arm in range(ARMS)]
ACTIVITIES = [activity(name, categories=(f"c{at}",)) for name, at in zip(NAMES, CATEGORIES, strict=True)]
_SECRETS = {"TIDELINE_REDIS_URL": "redis://127.0.0.1:1/0", "TIDELINE_TOKEN_KEYS": '{"1": "' + "ab" * 32 + '"}'}
ENTRY = Entry("ab" * 16, is_doubtful=False)
_COMMON = ("--bootstrap", "127.0.0.1:1", "--encoder", str(REPOSITORY / "models" / "artefacts" / "demo-1"))


class Opened(Learn):
    """The operator beside a policy topic in which nobody has written."""

    def __init__(self, context: MemoryContext, *flags: str, entry: Entry = ENTRY) -> None:
        super().__init__(load(JobConfig, [*_COMMON, *flags], _SECRETS))
        self._as = entry
        self.open(context)

    def _enter(self, context: object) -> Entry:
        """Nothing to compare the epoch with."""
        return self._as

    def feed(self, parts: Iterable[bytes]) -> dict[bytes, bytes]:
        return self._rows(EVENTS, list(parts))

    def order(self, command: Command) -> dict[bytes, bytes]:
        return self._rows(ORDER, [encode_control(Control(command, NOON_MS))])

    def note(self, name: str, value: bytes | None) -> None:
        assert self._rows(ACTIVITY, [name.encode(), *([] if value is None else [value])]) == {}

    def told(self, name: str, value: bytes) -> dict[bytes, bytes]:
        return self._rows(ACTIVITY, [name.encode(), value])

    def _rows(self, kind: int, content: list[bytes]) -> dict[bytes, bytes]:
        found: Iterator[Row] = self.process_element(Row(kind, content), None)
        return {row[0]: row[1] for row in found}


class Seen:
    """Rounds in which an arm was shown: contexts of a frontend's columns, arms, clicks."""

    def __init__(self, seed: int = 3) -> None:
        random = np.random.default_rng(seed)
        self.x = np.hstack([np.ones((COUNT, 1)), np.rint(random.normal(size=(COUNT, DIM - 1)) * 8) / 36])
        self.arm: NDArray[np.int64] = random.integers(0, ARMS - 1, COUNT)  # the last one is never shown
        self.click: NDArray[np.float64] = (random.random(COUNT) < 0.1 + 0.1 * self.arm).astype(float)

    def feedback(self) -> list[Feedback]:
        return [
            Feedback(NAMES[arm], ENCODER, NOON_MS + at, x.tobytes(), 1, int(click))
            for at, (arm, x, click) in enumerate(
                zip(self.arm.tolist(), of_player(self.x), self.click.tolist(), strict=True)
            )
        ]

    def log(self) -> LoggedFeedback:
        every = np.arange(COUNT)
        return LoggedFeedback(
            tuple(NAMES), of_player(self.x) / 127.0, self.arm, np.full(COUNT, 1 / ARMS), self.click, every,
            every.astype(np.uint64), np.zeros(COUNT, np.int64), np.full(COUNT, ARMS), NOON_MS + every, lists=False,
            features=np.stack([features_of(each) for each in ACTIVITIES]),
        )  # fmt: skip


def by_arm(rows: Iterable[tuple[str, PolicyRow]]) -> dict[str, bytes]:
    """Return the bytes of rows by arm, whatever the arms are called and whoever published them."""
    found = {}
    for name, row in rows:
        arm = name if name == PRIOR_ID else str(int(name.removeprefix("a")))
        found[arm] = encode_row(row._replace(epoch=0), arm)
    return found


def of_operator(policy: str, feedback: list[Feedback]) -> dict[str, bytes]:
    """Rows of the live operator, fed in parts and restored in the middle."""
    context = MemoryContext()
    operator = Opened(context, "--policy", policy)
    for each in ACTIVITIES:
        operator.note(each.activity_id, encode_activity(each))
    for part in range(0, COUNT, 50):
        if part == COUNT // 2:
            operator = Opened(context, "--policy", policy)
        operator.feed([encode_feedback(feedback[part + at : part + at + 10]) for at in range(0, 50, 10)])
    return by_arm(decode_row(value, 0) for value in operator.order(PublishPolicy("all")).values())


@pytest.mark.parametrize("policy", ["linucb", "linucb_hybrid", "linucb_hybrid:ridge=2,shared_ridge=0.5", "thompson"])
def test_all_who_learn_the_same_feedback_have_the_same_rows(policy: str) -> None:
    """Contract: live operator, off-policy evaluation, regret player and oracle, bit for bit, with features."""
    seen = Seen()
    wanted = of_operator(policy, seen.feedback())
    assert sorted(wanted) == [PRIOR_ID, *NAMES[:-1]]

    log = seen.log()
    evaluated = learner_of(make_policy(policy), log)
    evaluated.learn(NAMES, learning(log).rows)
    rows = by_arm([*zip(NAMES, every_row(evaluated, log), strict=True), *evaluated.publish(evaluated.every_arm())])
    assert {name: row for name, row in rows.items() if name != NAMES[-1]} == wanted

    player = Player(make_policy(policy), CATEGORIES, seed=1)
    for start in range(0, COUNT, 100):
        here = slice(start, start + 100)
        player.learn(seen.x[here], seen.arm[here], seen.click[here], start)
    assert by_arm(player.learner.publish(player.learner.every_arm())) == wanted

    ranker = make_ranker(ACTIVITIES)
    oracle = Oracle(replace(ranker.settings, policy=make_policy(policy)), ranker.encoder)
    oracle.set_activities(ACTIVITIES)
    oracle.take_feedback(seen.feedback())
    assert by_arm(decode_row(value, 0) for value in oracle.policy_values()) == wanted


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


def spent(count: int, conversions: int, name: str = "0", at_ms: int = NOON_MS) -> bytes:
    x = Seen().feedback()[0].x
    return encode_feedback(
        [Feedback(name, ENCODER, at_ms, x, 1, conversions=int(at < conversions)) for at in range(count)]
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
                ids[row["activity"]], ENCODER, int(row["ts_ms"]), row["x"].tobytes(), 1, 0, int(row["conversions"])
            )
            for row in rows
        )
    assert list(operator.order(PublishPolicy("all")).values())[:2] == oracle.policy_values()[:2]


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
