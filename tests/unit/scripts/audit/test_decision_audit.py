"""Contract: every decision of a log is looked at, and a breach is told with its user and list."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.scripts.audit.test_list_audit import NOON_MS, one
from tideline.scripts.audit.decision_audit import audit, breaches_of_record
from tideline.scripts.audit.list_audit import DAY_MS
from tideline.udfs.core.catalogue.activity import Cap
from tideline.udfs.core.ranking.list_rules import read_list_rules
from tideline.udfs.core.ranking.placements import read_placements

GOOD: dict[str, Any] = {
    "user_id": "u1", "decision_id": "1.5.1", "activity_id": "a", "position": 0, "shown_ms": NOON_MS + 1_000,
    "as_of_ms": NOON_MS, "seq": 1, "eligible": 2, "propensity": 0.99, "slate": ["a", "b"], "policy": "pairs",
    "feasible": None, "generation": 1, "placement": "",
}  # fmt: skip
SECOND = GOOD | {"activity_id": "b", "position": 1}
LATER = {"decision_id": "1.6.2", "as_of_ms": NOON_MS + 60_000, "seq": 2, "shown_ms": NOON_MS + 61_000}


def test_a_log_that_keeps_every_promise_has_no_breach() -> None:
    """Contract: lists and entries are counted, whoever they are of."""
    found = audit([GOOD, SECOND, GOOD | {"user_id": "u2"}], {"a": one(), "b": one("b")})
    assert found == (2, 3, {}, [])


def test_what_a_list_breaks_by_what_was_shown_before_is_found() -> None:
    """Contract: a cap of one a day holds against the list after; a list of before it is none, in whatever order."""
    known = {"a": one(cap=Cap(1, DAY_MS)), "b": one("b")}
    found = audit([GOOD | LATER, GOOD], known)
    assert (found.lists, found.broken) == (2, {"cap_broken": 1})
    assert found.examples[0].startswith("cap_broken: u1 1.6.2 a ")


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"position": 1}, "place_differs"),
        ({"position": 5}, "place_differs"),
        ({"feasible": 3}, "feasible_wrong"),
        ({"feasible": 0}, "feasible_wrong"),
        ({"eligible": 0}, "eligible_wrong"),
        ({"propensity": 1.01}, "propensity_wrong"),
        ({"propensity": 0.0}, "propensity_wrong"),
    ],
)
def test_a_record_that_contradicts_itself_is_found(changes: dict[str, Any], name: str) -> None:
    assert name in [promise for promise, _ in breaches_of_record(GOOD | changes)]
    assert not list(breaches_of_record(GOOD | {"propensity": None, "feasible": 2}))


def test_lists_of_placements_are_judged_by_themselves_and_as_a_page() -> None:
    """Contract: by the placement's own rules; of one moment together, popular ones and the user's own apart."""
    given: list[dict[str, Any]] = [{"name": "cart", "number": 2, "size": 2, "apart_from": ["default"]}]
    ban = [{"by": "kind", "penalty": [0, "ban"]}]
    known = {name: one(name) for name in "abc"}
    cart = GOOD | {"decision_id": "1.5.1.2", "placement": "cart", "slate": ["b", "c"], "activity_id": "b"}
    assert audit([GOOD, cart], known, (), read_placements(given)).broken == {"repeated_on_page": 1}
    assert audit([GOOD, cart | {"seq": 2}], known, (), read_placements(given)).broken == {}
    assert audit([GOOD, cart | {"policy": "popular"}], known, (), read_placements(given)).broken == {}
    ruled = read_placements([given[0] | {"list_rules": ban, "apart_from": []}])
    found = audit([GOOD, cart], known, (), ruled)
    assert (found.lists, found.broken) == (2, {"list_rule_broken": 1})
    rules = read_list_rules(ban)
    assert audit([GOOD, cart], known, rules, read_placements([given[0] | {"list_rules": []}])).broken == {
        "list_rule_broken": 1,
        "repeated_on_page": 1,
    }
    gone = cart | {"placement": "#2", "slate": ["c"], "activity_id": "c"}
    assert audit([GOOD, gone], known, (), read_placements(given)).broken == {}
