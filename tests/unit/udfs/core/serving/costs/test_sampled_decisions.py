"""Decisions of whole batches that are looked at again for what rules cost."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from tests.support.core_world import DAY_MS, NOON_MS, ArithmeticEncoder, activity, make_ranker, tokens_for
from tests.support.policy_rows import learned
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.budgets.standing import Standing
from tideline.udfs.core.catalogue.activity import Cap
from tideline.udfs.core.context import CONSTANT_X, DIM
from tideline.udfs.core.ranking.list_rules import BAN, ListRule
from tideline.udfs.core.rule_costs.days import KEPT_DAYS, decode_costs, encode_costs, with_more
from tideline.udfs.core.rule_costs.steps import RuleClass
from tideline.udfs.core.rule_costs.sums import EXPECTED, SAMPLED, DayCosts, changed_name, cost_name
from tideline.udfs.core.serving.costs.sampled_decisions import SampledDecisions, WaitingDecisions, costs_of_rules
from tideline.udfs.core.serving.engine import Records, process
from tideline.udfs.core.serving.ranker_state import RankerState

NAMES = [f"a{at}" for at in range(10)]
USERS = [f"u{at}" for at in range(2000)]
QUOTA = ListRule("category", (0, BAN))
TOKEN_FIELDS = {"as_of_ms": NOON_MS - 1000, "seq": 1, "eligible": 12, "explored": 0, "arms": 0}


def ranked_by(capped: bool = True, rules: tuple[ListRule, ...] = (QUOTA,), exploration: int = 100) -> RankerState:
    """Ten activities of five categories, each expected to earn less than the one before; the first has a cap."""
    cap = Cap(1, 86_400_000) if capped else None
    offered = [
        activity(name, cap=cap if name == "a0" else None, categories=(f"c{at // 2}",), cost=1.0)
        for at, name in enumerate(NAMES)
    ]
    ranker = make_ranker(
        offered, exploration_permille=exploration, alpha=0.3 if exploration else 0.0, list_size=4, list_rules=rules
    )
    ranker = replace(ranker, weights=(1.0, 5.0, 0.0, 0.0))
    for at, row in enumerate(learned(len(NAMES), 1)[0]):
        theta = np.zeros_like(row.theta)
        theta[:2, 0] = (20 - at) * 2**18, 2**19
        ranker = ranker.with_row(NAMES[at], row._replace(theta=theta, version=at, encoder=ArithmeticEncoder().version))
    return ranker


def standing(ranker: RankerState) -> RankerState:
    """The second activity is stopped, the third has a price, the last is owed impressions."""
    for at, each in enumerate((Standing(stopped=True), Standing(price=2**26), Standing(offset=2**24))):
        ranker = ranker.with_standing(("a1", "a2", "a9")[at], each._replace(version=100 + at))
    return ranker


@cache
def told() -> dict[str, tuple[bytes, bytes]]:
    """By user: he saw the activity with a cap on a list of his, and views something now."""
    head: dict[str, Any] = {name: np.full(len(USERS), value) for name, value in TOKEN_FIELDS.items()}
    head |= {"x": np.full((len(USERS), DIM), CONSTANT_X, np.int8), "order": np.tile(np.arange(3), (len(USERS), 1))}
    return {
        user: (
            encode_event(
                Event(f"i{user}", user, EventType.IMPRESSION, NOON_MS, activity_id="a0", token=token, position=0)
            ),
            encode_event(Event(f"v{user}", user, EventType.VIEW, NOON_MS, item_id="i", category="tea")),
        )
        for user, token in zip(USERS, tokens_for(NAMES[:3], users=USERS, **head), strict=True)
    }


def records(users: list[str]) -> Records:
    """Return what was told of them."""
    values = [value for user in users for value in told()[user]]
    return Records([user.encode() for user in users for _ in range(2)], values, [NOON_MS] * len(values))


def costs(ranker: RankerState, batches: int) -> Counter[str]:
    waiting, found = WaitingDecisions(), list[DayCosts]()
    for users in np.array_split(np.array(USERS), batches):
        outcome = process(records(users.tolist()), lambda ids: [None] * len(ids), ranker)
        found += waiting.add(outcome.sampled, NOON_MS)
    found += waiting.costs()
    assert not waiting.costs()
    assert {each.day for each in found} == {NOON_MS // DAY_MS}
    return counted(found)


def counted(found: list[DayCosts]) -> Counter[str]:
    total: Counter[str] = Counter()
    for each in found:
        total.update(each.counters())
    return total


def test_every_class_of_rules_that_holds_is_counted_and_batches_do_not_matter() -> None:
    """Contract: one decision in 64, whoever was ranked together."""
    ranker = standing(ranked_by())
    found = costs(ranker, 3)
    assert found == costs(ranker, 40)
    assert abs(found[SAMPLED] - len(USERS) / 64) < 4 * (len(USERS) / 64) ** 0.5
    for each in RuleClass:
        assert found[changed_name(each)] > 0, each
    for each in (RuleClass.CAPS, RuleClass.STOPS, RuleClass.PRICES, RuleClass.OFFSETS):
        assert found[cost_name(each)] > 0, each
    assert 0 < sum(found[cost_name(each)] for each in RuleClass) < found[EXPECTED]


@pytest.mark.parametrize(
    ("ranker", "only"),
    [
        (ranked_by(rules=()), {RuleClass.CAPS, RuleClass.EXPLORATION}),
        (ranked_by(capped=False), {RuleClass.LIST_RULES, RuleClass.EXPLORATION}),
        (
            standing(ranked_by(capped=False, rules=(), exploration=0)),
            {RuleClass.STOPS, RuleClass.PRICES, RuleClass.OFFSETS},
        ),
    ],
)
def test_classes_that_do_not_hold_cost_nothing(ranker: RankerState, only: set[RuleClass]) -> None:
    found = costs(ranker, 2)
    assert {each for each in RuleClass if found[changed_name(each)]} == only
    assert {each for each in RuleClass if found[cost_name(each)]} == only


def test_without_rules_nothing_is_looked_at_again() -> None:
    """Contract: no decision is kept and nothing is counted, however many there are."""
    outcome = process(records(USERS), lambda ids: [None] * len(ids), ranked_by(capped=False, rules=()))
    assert len(outcome.lists) == len(USERS)
    assert outcome.sampled is None


def test_decisions_of_another_state_do_not_wait_for_each_other() -> None:
    """Contract: each state's are counted with its own activities, however few wait."""
    few = ranked_by(rules=())
    many = few.with_activities({"z": activity("z")})
    waiting, found = WaitingDecisions(), list[DayCosts]()
    for ranker in (few, many, few):
        outcome = process(records(USERS[:1000]), lambda ids: [None] * len(ids), ranker)
        found += waiting.add(outcome.sampled, NOON_MS)
    found += waiting.costs()
    assert outcome.sampled is not None
    assert counted(found)[SAMPLED] == 3 * outcome.sampled.seeds.size


@pytest.fixture(scope="module")
def sampled() -> SampledDecisions:
    """What is looked at again of everybody, whom rules of every class held for."""
    outcome = process(records(USERS), lambda ids: [None] * len(ids), standing(ranked_by()))
    assert outcome.sampled is not None
    return outcome.sampled


def test_lists_of_long_ago_are_not_looked_at(sampled: SampledDecisions) -> None:
    """Contract: a pass a day of those that are kept at most, however many days users were last seen on."""
    ago = np.arange(sampled.seeds.size)
    spread = sampled._replace(as_of_ms=sampled.as_of_ms - ago * DAY_MS)
    found = costs_of_rules(spread)
    assert [each.day for each in found] == [NOON_MS // DAY_MS - at for at in range(KEPT_DAYS - 1, -1, -1)]
    assert [each.lists for each in found] == [1] * KEPT_DAYS


def test_a_list_that_is_ahead_of_kafka_s_clock_is_of_kafka_s_day(sampled: SampledDecisions) -> None:
    """Contract: a phone whose clock is ahead at the end of a day pushes out none of the days that are kept."""
    midnight_ms = (NOON_MS // DAY_MS + 1) * DAY_MS
    ahead = sampled._replace(as_of_ms=np.full(sampled.seeds.size, midnight_ms + 240_000))
    waiting = WaitingDecisions()
    found = [*waiting.add(ahead, midnight_ms - 60_000), *waiting.costs()]
    assert {each.day for each in found} == {NOON_MS // DAY_MS}
    oldest = found[0]._replace(day=NOON_MS // DAY_MS - KEPT_DAYS + 1)
    kept = with_more(encode_costs([oldest]), [encode_costs([each]) for each in found])
    assert oldest.day in {each.day for each in decode_costs(kept)}
    renewed = [*waiting.add(ahead, 0), *waiting.costs()]  # of an order, which has no time
    assert {each.day for each in renewed} == {NOON_MS // DAY_MS}
