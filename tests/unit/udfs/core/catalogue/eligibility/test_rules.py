"""Rules: what a user must have done."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.core_world import DAY_MS, NOON_MS, activity
from tests.support.plain_rules import PlainUser, batch_of, meets
from tideline.schemas.events import EventType
from tideline.udfs.core.catalogue.activity import Activity, Rule
from tideline.udfs.core.catalogue.catalogue import Catalogue, eligible
from tideline.udfs.core.catalogue.eligibility.hours import DAYS
from tideline.udfs.core.hashing import hash32
from tideline.udfs.core.profiles.profile_record import OptOuts
from tideline.udfs.core.users.user_state import HISTORY, UserBatch, decode_states


def user(as_of_ms: int = NOON_MS, **fields: int) -> UserBatch:
    batch = decode_states([None], 4)
    batch.header["as_of_ms"] = as_of_ms
    for name, number in fields.items():
        batch.header[name] = number
    return batch


def may_see(batch: UserBatch, *activities: Activity) -> list[str]:
    catalogue = Catalogue.of(activities)
    (mask,) = eligible(catalogue, batch, np.array([0])).mask
    return [each.activity_id for each, may in zip(catalogue.activities, mask.tolist(), strict=True) if may]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Rule(), True),
        (Rule(min_events=7), True),
        (Rule(min_events=8), False),
        (Rule(min_purchases=2), True),
        (Rule(min_purchases=3), False),
        (Rule(any_category=("wine", "tea")), True),
        (Rule(any_category=("wine",)), False),
        (Rule(min_events=7, min_purchases=2, any_category=("tea",)), True),
        (Rule(min_events=7, min_purchases=3, any_category=("tea",)), False),
    ],
)
def test_every_part_of_a_rule_must_hold(rule: Rule, expected: bool) -> None:
    batch = user(accepted=7, purchases=2, n_history=1)
    batch.history["category"][0, HISTORY - 1] = hash32("tea")
    batch.history["type"][0, HISTORY - 1] = EventType.VIEW
    assert may_see(batch, activity("a", rule=rule), activity("b")) == (["a", "b"] if expected else ["b"])


def _named(name: str, inside: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return inside.map(lambda each: {name: each})


def _record(given: dict[str, Any], **optional: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(given, optional=optional)


COMPARED = st.tuples(st.sampled_from([">=", ">", "<=", "<", "=="]), st.integers(0, 6)).map(lambda each: dict([each]))
WITHIN = st.sampled_from([0, 0.5, 1, 2, 7])
ZONE = st.sampled_from(["Europe/Berlin", "Asia/Kathmandu", "America/New_York"])
TYPE = st.sampled_from(["view", "purchase"])
THINGS = ("tea", "milk", "wine", "rum")
SOME = st.lists(st.sampled_from(THINGS), min_size=1, max_size=3)
GROUP = {"a1": "odd", "a3": "odd"}
PREDICATES = st.one_of(
    _named("events", COMPARED),
    _named("purchases", COMPARED),
    _named("days_since_event", COMPARED),
    _named("days_since_purchase", COMPARED),
    _named("category", _record({"in": SOME}, within_days=WITHIN, type=TYPE)),
    _named("item", _record({"in": SOME}, within_days=WITHIN, type=TYPE)),
    _named("dismissed", _record({"activity": st.sampled_from(["a0", "a3", "gone"])}, within_days=WITHIN)),
    _named("dismissed", _record({"group": st.sampled_from(["odd", "none"])}, within_days=WITHIN)),
    _named("hour_local", _record({"in": st.lists(st.integers(0, 23), min_size=1, max_size=9)}, zone=ZONE)),
    _named("hour_local", _record({"<": st.integers(0, 23)}, zone=ZONE)),
    _named("weekday", _record({"in": st.lists(st.sampled_from(DAYS), min_size=1)}, zone=ZONE)),
    _named("label.tier", _record({"in": st.lists(st.sampled_from(["gold", "tin", "tea"]), min_size=1)})),
    _named("label.country", _record({"in": st.just(["DE", "FR"])})),
    _named("part", _record({"name": st.just("x"), "from": st.integers(0, 49), "to": st.integers(50, 100)})),
)
LITERALS = st.one_of(PREDICATES, _named("not", PREDICATES))
FORMS = st.lists(st.one_of(LITERALS, _named("any", st.lists(LITERALS, min_size=1, max_size=4))), min_size=1, max_size=4)
RULES = st.one_of(
    _record({"all": FORMS}, min_events=st.integers(0, 3), any_category=SOME),
    _record({}, min_events=st.integers(0, 4), min_purchases=st.integers(0, 2), any_category=SOME),
)
AGES = st.integers(0, 9 * DAY_MS)


@st.composite
def _users(draw: st.DrawFn) -> PlainUser:
    at_ms = NOON_MS + draw(st.integers(-DAY_MS, DAY_MS - 1))
    events = draw(st.lists(st.tuples(AGES, TYPE, st.sampled_from(THINGS), st.sampled_from(THINGS)), max_size=6))
    return PlainUser(
        name=draw(st.text("abc", min_size=1)),
        at_ms=at_ms,
        events=draw(st.integers(0, 7)),
        purchases=draw(st.integers(0, 7)),
        past=sorted((at_ms - age, kind, item, category) for age, kind, item, category in events),
        dismissed={
            name: at_ms - draw(AGES) for name in draw(st.sets(st.sampled_from(["a0", "a1", "a3", "gone", "x"])))
        },
        zone=draw(st.one_of(st.none(), ZONE)),
        labels=draw(
            st.fixed_dictionaries(
                {}, optional={"tier": st.sampled_from(["gold", "tin"]), "country": st.sampled_from(["DE", "US", "tin"])}
            )
        ),
        opt_outs=draw(st.sampled_from([OptOuts(), OptOuts(), OptOuts(("a0", "gone")), OptOuts(groups=("odd", "tea"))])),
    )


@settings(max_examples=200, deadline=None)
@given(st.lists(RULES, min_size=1, max_size=6), st.lists(_users(), min_size=1, max_size=9))
def test_who_meets_a_rule_is_who_meets_it_as_it_is_written(rules: list[dict[str, Any]], users: list[PlainUser]) -> None:
    """Contract: equal to asking one user after the other, for every field, denied or not, missing or not.

    What he dismissed or opted out of is out whatever a rule says; clocks are those he lives by where they are known.
    """
    made = [
        activity(
            f"a{number}",
            group=GROUP.get(f"a{number}"),
            time_zone="Australia/Lord_Howe",
            rule=Rule(
                rule.get("min_events", 0),
                rule.get("min_purchases", 0),
                tuple(rule.get("any_category", ())),
                json.dumps(rule["all"]) if "all" in rule else None,
            ),
        )
        for number, rule in enumerate(rules)
    ]
    batch, hashes = batch_of(users)
    groups = {"odd": [each.activity_id for each in made if each.group == "odd"]}

    mask = eligible(Catalogue.of(made), batch, np.arange(len(users)), hashes).mask

    for row, user in enumerate(users):
        for number, rule in enumerate(rules):
            name = f"a{number}"
            out = name in user.opt_outs.activities or GROUP.get(name) in user.opt_outs.groups
            expected = meets(user, rule, "Australia/Lord_Howe", groups) and not (out or name in user.dismissed)
            assert mask[row, number] == expected, (user, rule)


def test_a_rule_of_every_size_is_compiled() -> None:
    """Contract: 8 clauses of 16 predicates; thousands of predicates in all; the same clause of many asked once."""
    form = [{"any": [{"events": {"==": clause * 16 + place}} for place in range(16)]} for clause in range(8)]
    wide = [
        activity(f"w{n}", rule=Rule(all=json.dumps([{"events": {">": n}}, {"purchases": {"<": n}}])))
        for n in range(300)
    ]
    batch = user(accepted=200, purchases=100)

    assert may_see(batch, activity("a", rule=Rule(all=json.dumps(form))), *wide) == sorted(
        f"w{n}" for n in range(101, 200)
    )
    many = Catalogue.of([activity(f"a{n}", rule=Rule(min_events=5, any_category=("tea",))) for n in range(50)])
    assert (many.rules.clauses, many.rules.predicate.size) == (2, 2)


def test_nobody_is_in_a_part_of_the_users_without_a_name() -> None:
    """Contract: a missing value makes a predicate false and its denial true."""
    part = {"part": {"name": "x", "from": 0, "to": 100}}
    inside, outside = (
        activity(name, rule=Rule(all=json.dumps([each]))) for name, each in (("a", part), ("b", {"not": part}))
    )
    assert may_see(user(), inside, outside) == ["b"]
