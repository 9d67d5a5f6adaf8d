"""Contract: lists without a class of rules are those of a deployment that never had it, tokens and all."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.support.core_world import DAY_MS, NOON_MS, activity, make_ranker, token_for
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.budgets.standing import EVERY_ID, Standing
from tideline.udfs.core.catalogue.activity import Cap
from tideline.udfs.core.context import DIM
from tideline.udfs.core.limits import OBJECTIVES
from tideline.udfs.core.lists.decision_token import propensity, read_unverified
from tideline.udfs.core.policies.policy_table import PAIRS, PolicyRow
from tideline.udfs.core.ranking.list_rules import BAN, ListRule
from tideline.udfs.core.ranking.placements import read_placements
from tideline.udfs.core.rule_costs.lifted import LIFTABLE, Lifted, read_lifted, standing_without
from tideline.udfs.core.rule_costs.steps import RuleClass
from tideline.udfs.core.serving.engine import Records, process

if TYPE_CHECKING:
    from tideline.udfs.core.serving.batches.outcome import Outcome
    from tideline.udfs.core.serving.ranker_state import RankerState

_USERS = [f"u{number}" for number in range(60)]
_SHOP = [
    activity(f"a{at}", categories=(f"c{at % 2}",), budget=9.0, cost=1.0, cap=Cap(1, DAY_MS) if at == 3 else None)
    for at in range(8)
]
_RULES = (ListRule("category", (0, 0, BAN)),)
_CART = read_placements(
    [{"name": "cart", "number": 1, "size": 3, "list_rules": [{"by": "category", "penalty": [0, 50]}]}]
)
_STANDINGS = {
    "a1": Standing(stopped=True, version=1),
    "a0": Standing(price=2**26, version=2),
    "a5": Standing(offset=2**22, version=3),
    EVERY_ID: Standing(price=2**23, version=4),
}


def _ranker(lifted: tuple[RuleClass, ...] = (), *, ruled: bool = True, standings: bool = True) -> RankerState:
    placements = _CART if ruled else read_placements([{"name": "cart", "number": 1, "size": 3}])
    made = make_ranker(
        _SHOP, exploration_permille=200, list_rules=_RULES if ruled else (), placements=placements, lifted=lifted,
        least_clicks=0.5,
    )  # fmt: skip
    rng = np.random.default_rng(4)
    for at, each in enumerate(_SHOP):
        theta = rng.integers(0, 2**23, (len(OBJECTIVES), DIM))
        row = PolicyRow(at, 3, 10.0, 90.0, (1.0, 1.0, 0.0), theta, np.zeros(PAIRS, np.int64))
        made = made.with_row(each.activity_id, row)
    for name, standing in _STANDINGS.items() if standings else ():
        made = made.with_standing(name, standing)
    return made


def _outcome(ranker: RankerState, *more: Event) -> Outcome:
    events = [Event(f"e{user}", user, EventType.VIEW, NOON_MS, item_id="i", category="tea") for user in _USERS]
    told = [*more, *events]
    records = Records(
        [each.user_id.encode() for each in told], [encode_event(each) for each in told], [NOON_MS] * len(told)
    )
    return process(records, lambda users: [None] * len(users), ranker)


def _lists(outcome: Outcome) -> tuple[dict[str, bytes], dict[str, list[bytes]]]:
    return dict(zip(outcome.listed, outcome.lists, strict=True)), dict(outcome.placed)


def test_list_rules_that_do_not_hold_are_as_if_none_were_given() -> None:
    """Contract: those of placements too; byte for byte, so what a token says of chances is exact."""
    lifted, never = (_lists(_outcome(each)) for each in (_ranker((RuleClass.LIST_RULES,)), _ranker(ruled=False)))
    assert lifted == never
    assert _lists(_outcome(_ranker()))[0] != never[0]
    for made in lifted[0].values():
        token = read_unverified(json.loads(made)["k"])
        assert not token.acted
        assert 0.0 < propensity(token, 0) <= 1.0


@pytest.mark.parametrize(
    ("lifted", "left"),
    [
        ("stops", {"stopped": False}),
        ("prices", {"price": 0}),
        ("offsets", {"offset": 0}),
        ("offsets,stops,prices", {"stopped": False, "price": 0, "offset": 0}),
    ],
)
def test_budgets_and_floors_that_do_not_hold_are_as_if_they_said_nothing(lifted: str, left: dict[str, Any]) -> None:
    """Contract: byte for byte; all else of a standing stays, and lists that the class changed are others."""
    found = _lists(_outcome(_ranker(read_lifted(lifted))))
    without = _ranker(standings=False)
    for name, each in _STANDINGS.items():
        without = without.with_standing(name, each._replace(**left))
    assert found == _lists(_outcome(without))
    assert found != _lists(_outcome(_ranker()))
    assert standing_without(_STANDINGS["a1"], LIFTABLE) == Standing(version=1)


def test_caps_and_dismissals_that_do_not_hold_leave_all_that_may_be_shown() -> None:
    """Contract: a capped and a dismissed activity are on the list, and among the eligible of its token; what was
    counted of them is kept in the state all the same."""
    shown = [
        Event(
            "i",
            "u1",
            EventType.IMPRESSION,
            NOON_MS + 5,
            activity_id="a3",
            position=0,
            token=token_for("u1", ["a3", "a4"]),
        ),
        Event(
            "d", "u1", EventType.DISMISS, NOON_MS + 9, activity_id="a4", position=1, token=token_for("u1", ["a3", "a4"])
        ),
    ]
    held, free = _ranker(standings=False), _ranker((RuleClass.CAPS,), standings=False)
    made = []
    for each in (held, free):
        settings = replace(each.settings, placements=(), list_size=8, list_rules=(), exploration_permille=0)
        outcome = _outcome(replace(each, settings=settings).with_activities({}), *shown)
        made.append((json.loads(_lists(outcome)[0]["u1"]), dict(zip(outcome.users, outcome.states, strict=True))["u1"]))
    (before, state), (after, same) = made
    assert {"a3", "a4"} & {*before["i"]} == set()
    assert {*after["i"]} == {each.activity_id for each in _SHOP}
    assert [read_unverified(each["k"]).eligible for each in (before, after)] == [6, 8]
    assert state == same
    assert [each.once.any() for each in (*held.offers.placed, *free.offers.placed)] == [True, False]


def test_where_all_rules_hold_nothing_is_another() -> None:
    assert _lists(_outcome(_ranker(Lifted()))) == _lists(_outcome(_ranker()))
