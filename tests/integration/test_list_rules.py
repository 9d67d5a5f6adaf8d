"""Contract: rules of a whole list hold on the running job, and its decisions say what they left."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from pyarrow import parquet

from tests.support.equality import check_equal
from tests.support.live import LiveJob
from tests.support.plain_lists import PlainRules
from tests.support.running_job import running_job
from tests.support.scenes import scenario
from tests.support.traffic import CATEGORIES, Message, make_activities, messages
from tests.support.waiting import wait_until
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.schemas.records import DECISION
from tideline.scripts.analysis.rule_prices import rule_prices
from tideline.scripts.commands.export_log import write
from tideline.scripts.commands.target import Target
from tideline.udfs.core.lists.decision_token import propensity, verify
from tideline.udfs.core.policies.arm_key import COSTS_KEY
from tideline.udfs.core.ranking.list_rules import read_list_rules
from tideline.udfs.core.rule_costs.days import decode_costs
from tideline.udfs.core.rule_costs.steps import RuleClass
from tideline.udfs.core.rule_costs.sums import DayCosts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tideline.scripts.localstack import Stack
    from tideline.udfs.core.catalogue.activity import Activity

pytestmark = [pytest.mark.integration, pytest.mark.slow]

RULES = json.dumps([
    {"by": "category", "penalty": [0, 1, "ban"]},
    {"by": "label.provider", "penalty": [0, 0, "ban"], "window": 4},
])  # fmt: skip
_SHOWN = 60


@pytest.fixture(scope="module")
def ruled(stack: Stack) -> Iterator[LiveJob]:
    """A job with a quota, a window, much exploration and a holdout; cancelled at the end."""
    activities = [_placed(each, at) for at, each in enumerate(make_activities(60, int(time.time() * 1000)))]
    options = {"list_rules": RULES, "exploration": "0.2", "holdout": "0.2", "salt": "rules"}
    with running_job(stack, "rules", activities, **options) as live:
        yield live


def _placed(activity: Activity, number: int) -> Activity:
    categories = (CATEGORIES[number % len(CATEGORIES)],)
    return replace(activity, categories=categories, labels={"provider": f"p{number % 5}"})


def test_every_published_list_obeys_the_rules_and_is_the_oracles(ruled: LiveJob) -> None:
    """Contract: explored entries, the holdout and the popular list too; lists equal the plain-Python oracle's."""
    ruled.produce(messages(scenario(ruled, 1, "ruled", events=1_500, users=120)))
    ruled.settle()
    lists = ruled.all_lists()
    check_equal(ruled.oracle.lists, lists)
    popular = ruled.popular()
    catalogue = ruled.oracle.ranker.catalogue.activities
    number_of = {each.activity_id: at for at, each in enumerate(catalogue)}
    rules = read_list_rules(RULES)
    plain = PlainRules(rules, catalogue)
    assert len(lists) > 100
    assert popular is not None
    for payload in (*lists.values(), popular):
        entries = [number_of[name] for name in json.loads(payload)["i"]]
        assert entries
        for position, entry in enumerate(entries):
            assert not any(plain.bans(at, entries[:position], entry) for at in range(len(rules)))


def test_decisions_say_how_many_the_rules_left(ruled: LiveJob) -> None:
    """Contract: feasible and constraints place by place, and the propensity counts what was left."""
    now_ms = int(time.time() * 1000)
    lists = {user: json.loads(payload) for user, payload in list(ruled.all_lists().items())[:_SHOWN]}
    events = [
        Event(f"{user}.{at}", user, EventType.IMPRESSION, now_ms, activity_id=name, token=found["k"], position=at)
        for user, found in lists.items()
        for at, name in enumerate(found["i"])
    ]
    ruled.produce([Message(event.user_id.encode(), encode_event(event)) for event in events])
    ruled.drain()

    def shown() -> dict[tuple[str, int], dict[str, object]]:
        records = [DECISION.decode(record.value) for record in ruled.read(ruled.topics.decisions) if record.value]
        return {(each["user_id"], each["position"]): each for each in records if each["shown_ms"] == now_ms}

    found = wait_until("every shown entry is a decision", lambda: got if len(got := shown()) == len(events) else {})
    tokens = {user: verify(each["k"], user, ruled.token_keys) for user, each in lists.items()}
    assert any(token.acted for token in tokens.values())
    for (user, position), record in found.items():
        token = tokens[user]
        assert record["feasible"] == (token.feasible_at(position) if token.acted else None)
        bound = token.feasible_at(position) < token.eligible - position
        assert bool(record["constraints"]) == bound
        assert record["propensity"] == propensity(token, position)
    named = {name for record in found.values() for name in record["constraints"]}  # type: ignore[attr-defined]
    assert named == {"list.category", "list.label"}


def test_what_the_rules_cost_is_beside_the_policy_and_in_the_export(ruled: LiveJob, tmp_path: Path) -> None:
    """Contract: of one list in 64, once there is a publication; rules of lists cost something, budgets nothing."""

    def told() -> list[DayCosts]:
        records = {record.key: record.value for record in ruled.read(ruled.topics.policy)}
        record = records.get(COSTS_KEY)
        found = [] if record is None else decode_costs(record)
        # The first lists that are made again may be of before anything was learned, when all are worth the same.
        return found if _cost(found, RuleClass.LIST_RULES) else []

    ruled.produce(messages(scenario(ruled, 2, "costly", events=1_500, users=120)))
    ruled.settle()
    later = messages(scenario(ruled, 3, "costlier", events=3_000, users=120))
    for start in range(0, len(later), 20):  # what is new waits for a minute of intervals that bring something
        ruled.produce(later[start : start + 20])
        time.sleep(ruled.config.publish_ms / 1000)
    found = wait_until("the costs of rules are published", told)
    assert _cost(found, RuleClass.LIST_RULES) > 0
    assert {_cost(found, each) for each in (RuleClass.STOPS, RuleClass.PRICES, RuleClass.OFFSETS)} == {0}
    write(Target(ruled.stack.kafka, ruled.topics, ruled.stack), tmp_path / "log.parquet", 1.0)
    section = rule_prices(json.loads(parquet.read_schema(tmp_path / "log.parquet").metadata[b"tideline.rules"]))
    assert section is not None
    assert section["sampled"] >= sum(each.lists for each in found)
    assert {row["constraint"]: row["share"] for row in section["rows"]}[RuleClass.LIST_RULES] > 0.0


def _cost(days: list[DayCosts], of: RuleClass) -> int:
    return sum(int(each.classes[list(RuleClass).index(of), 0]) for each in days)
