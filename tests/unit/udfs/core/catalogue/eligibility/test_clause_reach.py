"""How many users a rule reaches, clause by clause, against a count of one user after the other."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import numpy as np
import pytest

from tests.support.core_world import DAY_MS, NOON_MS, activity
from tests.support.plain_rules import PlainUser, batch_of, meets
from tideline.udfs.core.catalogue.activity import Rule
from tideline.udfs.core.catalogue.eligibility.clause_reach import ClauseReach, Reach, reach_of
from tideline.udfs.core.catalogue.eligibility.predicates import Asked
from tideline.udfs.core.catalogue.eligibility.rules import groups_of, named_clauses

FORM = [
    {"any": [{"category": {"in": ["tea"]}}, {"not": {"purchases": {">": 1}}}]},
    {"not": {"dismissed": {"group": "g"}}},
    {"hour_local": {"<": 12, "zone": "UTC"}},
]
RULE = Rule(min_events=3, any_category=("tea", "milk"), all=json.dumps(FORM))


@pytest.mark.parametrize("seed", range(5))
def test_each_clause_is_counted_alone_and_together(seed: int) -> None:
    """Contract: who meets it, and who would be reached without it."""
    random = Random(seed)
    users = [
        PlainUser(
            f"u{number}",
            NOON_MS + random.randrange(DAY_MS),
            events=random.randrange(7),
            purchases=random.randrange(4),
            past=[(NOON_MS, "view", "i", random.choice(["tea", "milk", "rum"]))],
            dismissed={"a": NOON_MS} if random.random() < 0.3 else {},
        )
        for number in range(60)
    ]
    ruled, groups = activity("a", group="g", rule=RULE), {"g": ["a"]}
    named = named_clauses(ruled)
    batch, hashes = batch_of(users)

    found = reach_of(
        [clause for _, clause in named], groups, Asked(batch, np.arange(60), batch.header["as_of_ms"], hashes)
    )

    parts: list[dict[str, Any]] = [
        {"min_events": 3},
        {"any_category": ["tea", "milk"]},
        *({"all": [each]} for each in FORM),
    ]
    met = [[meets(user, part, None, groups) for part in parts] for user in users]
    assert [name for name, _ in named] == [
        "rule.min_events", "rule.any_category", "rule.all[0]", "rule.all[1]", "rule.all[2]"
    ]  # fmt: skip
    assert found == Reach(
        60,
        sum(map(all, met)),
        tuple(
            ClauseReach(sum(each[at] for each in met), sum(not each[at] and sum(each) == 4 for each in met))
            for at in range(5)
        ),
    )
    assert 0 < found.reached < 60


def test_nothing_asked_reaches_all_and_nobody_is_nobody() -> None:
    batch, hashes = batch_of([PlainUser("u", NOON_MS)])
    assert reach_of([], {}, Asked(batch, np.array([0]), batch.header["as_of_ms"], hashes)) == Reach(1, 1, ())
    clauses = [clause for _, clause in named_clauses(activity("a", rule=Rule(min_events=1)))]
    none = Asked(batch, np.zeros(0, np.int64), np.zeros(0, np.int64))
    assert reach_of(clauses, {}, none) == Reach(0, 0, (ClauseReach(0, 0),))


def test_groups_hold_their_activities() -> None:
    assert groups_of([activity("a", group="g"), activity("b"), activity("c", group="g")]) == {"g": ["a", "c"]}
