"""What is told of the demo's rules."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.unit.scripts.simulation.conftest import HOUR_MS, START_MS
from tideline.scripts.simulation.frontend import Shown
from tideline.scripts.simulation.rule_story import RuleStory, rule_story, story_lines
from tideline.scripts.simulation.visits import Visit
from tideline.udfs.core.budgets.standing import Standing, encode_standing
from tideline.udfs.core.catalogue.competing import Variant
from tideline.udfs.core.policies.arm_key import COSTS_KEY, LedgerKey
from tideline.udfs.core.policies.policy_start import TopicRecord
from tideline.udfs.core.policies.policy_table import cold_row, encode_row
from tideline.udfs.core.rule_costs.days import encode_costs
from tideline.udfs.core.rule_costs.sums import DayCosts

if TYPE_CHECKING:
    from tideline.scripts.simulation.world import World

VARIANTS = ("plain", "photo", "recipe")


def under(world: World) -> World:
    """The world whose first offer has a budget for 101 hours and whose second has variants."""
    first, second = world.offers[:2]
    spends = replace(first, activity=replace(first.activity, budget=20.0, cost=2.0))
    varied = replace(second, activity=replace(second.activity, variants=tuple(map(Variant, VARIANTS))))
    return replace(world, offers=[spends, varied, *world.offers[2:]])


def records(*values: tuple[bytes, bytes | None]) -> list[TopicRecord]:
    return [TopicRecord(at, key, value, START_MS + at) for at, (key, value) in enumerate(values)]


def ledger(spent_cents: int, at_ms: int, name: str = "c1-a") -> tuple[bytes, bytes]:
    return LedgerKey(name).value, encode_standing(name, Standing(spent_cents=spent_cents, as_of_ms=at_ms))


def clicking(users: int, rate: dict[str, float]) -> list[Shown]:
    """Visits of so many users, each with his variant of the second offer, of whom a share clicks it."""
    random, found = np.random.default_rng(1), []
    for user in range(users):
        variant = VARIANTS[user % 3]
        clicked = (1,) if random.random() < rate[variant] else ()
        entries, variants = ((0, 1), (1, 0)), (variant, None)
        found.append(Shown(Visit(user, user, START_MS), START_MS, False, True, entries, clicked, [], variants))
    return found


def test_spending_is_what_the_job_told_at_each_moment(world: World) -> None:
    """Contract: by rising time since it began, in money; what says nothing of a budget is passed over."""
    found = rule_story(
        records(
            ledger(0, 0),
            ledger(200, START_MS),
            (b"3|c1-a", encode_row(cold_row(), "c1-a")),
            (LedgerKey("c1-a").value, b"no record"),
            (LedgerKey("c1-a").value, None),
            ledger(700, START_MS, "c1-c"),
            ledger(600, START_MS + HOUR_MS),
        ),
        under(world),
        [],
    )
    (spending,) = found.spending
    assert spending.activity.activity_id == "c1-a"
    assert (spending.at_ms.tolist(), spending.spent.tolist()) == ([START_MS, START_MS + HOUR_MS], [2.0, 6.0])
    assert story_lines(found)[0] == "budget of c1-a: spent 6.00 of 20.00, where 0.40 were planned by then"


def test_what_rules_cost_is_told_in_the_words_of_the_report(world: World) -> None:
    """Contract: the sentences of `tideline report`; nothing where the job told of no rules."""
    classes = np.zeros((6, 5), np.int64)
    classes[0] = 50_000, 2_500, 3, 50_000, 40_000
    costs = encode_costs([DayCosts(START_MS // 86_400_000, 4, 1_000_000, 800_000, 1, classes, {})])
    found = rule_story(records(ledger(200, START_MS), (COSTS_KEY, costs)), under(world), [])
    assert found.rules is not None
    said = story_lines(found)
    assert (
        "caps and times away cost 5.0% of that, 5.0% of clicks; without them alone 12.80 more would be earned" in said
    )
    assert story_lines(RuleStory(None, (), {})) == []


def test_the_variant_that_is_clicked_more_wins_and_equal_ones_do_not(world: World) -> None:
    """Contract: users count by the variant on their lists; the verdict is that of `tideline variants status`."""
    better = rule_story([], under(world), clicking(6_000, {"plain": 0.05, "photo": 0.05, "recipe": 0.25}))
    its = better.variants["c1-b"]
    assert (its["verdict"], its["winner"]) == ("winner", "recipe")
    assert [each["users"] for each in its["variants"]] == [2_000] * 3
    assert its["variants"][2]["rate"] == pytest.approx(0.25, abs=0.03)
    assert story_lines(better)[-1].endswith("clicks a user of 2,000; recipe is the winner")
    equal = rule_story([], under(world), clicking(300, dict.fromkeys(VARIANTS, 0.1))).variants["c1-b"]
    assert (equal["verdict"], equal["winner"]) == ("undecided", None)
    assert equal["users_needed"] > 1_000


def test_a_run_in_which_nobody_saw_a_variant_is_told(world: World) -> None:
    """Contract: no figure is NaN; the line says that nothing is decided."""
    found = rule_story([], under(world), [])
    json.dumps(found.variants, allow_nan=False)
    assert [each["rate"] for each in found.variants["c1-b"]["variants"]] == [0.0] * 3
    assert "undecided" in story_lines(found)[-1]
