"""The form of rules: what it means, and what is said of what cannot be meant."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tideline.schemas.errors import InvalidField, Reason
from tideline.schemas.fields import Fields
from tideline.udfs.core.catalogue.eligibility.rule_form import (
    MAX_CLAUSES,
    MAX_PREDICATES,
    Between,
    Labelled,
    Literal,
    OnClock,
    Past,
    canonical,
    clauses_of,
)

DAY_MS = 86_400_000
ANY_NUMBER = 2**62
FIVE: dict[str, Any] = {"events": {">=": 5}}


@pytest.mark.parametrize(
    ("stated", "means"),
    [
        (FIVE, Between("events", 5, ANY_NUMBER)),
        ({"events": {">": 5}}, Between("events", 6, ANY_NUMBER)),
        ({"purchases": {"<=": 5}}, Between("purchases", 0, 5)),
        ({"purchases": {"<": 5}}, Between("purchases", 0, 4)),
        ({"events": {"==": 0}}, Between("events", 0, 0)),
        ({"days_since_event": {">=": 0.5}}, Between("days_since_event", DAY_MS // 2, ANY_NUMBER)),
        ({"days_since_purchase": {"<": 30}}, Between("days_since_purchase", 0, 30 * DAY_MS - 1)),
        ({"part": {"name": "spring", "from": 0, "to": 12.5}}, Between("part:spring", 0, 1249)),
        ({"category": {"in": ["b", "a", "b"]}}, Past("category", ("a", "b"), None, None)),
        ({"item": {"in": ["a"], "within_days": 2, "type": "purchase"}}, Past("item", ("a",), 2 * DAY_MS, "purchase")),
        ({"label.tier": {"in": ["b", "a", "b"]}}, Labelled("tier", ("a", "b"))),
        ({"dismissed": {"activity": "a"}}, Past("activity", ("a",), None, None)),
        ({"dismissed": {"group": "g", "within_days": 14}}, Past("group", ("g",), 14 * DAY_MS, None)),
        ({"hour_local": {"<": 1}}, OnClock("Asia/Tokyo", sum(1 << 24 * day for day in range(7)))),
        (
            {"hour_local": {"in": [23], "zone": "UTC"}},
            OnClock("UTC", sum(1 << 24 * day + 23 for day in range(7)), fixed=True),
        ),
        ({"weekday": {"in": ["mon", "mon"]}}, OnClock("Asia/Tokyo", (1 << 24) - 1)),
    ],
)
def test_a_predicate_means_one_thing(stated: dict[str, Any], means: object) -> None:
    """Contract: alone, denied, and in company."""
    form = json.dumps([stated, {"not": stated}, {"any": [FIVE, {"not": stated}]}])
    alone, denied, company = clauses_of(form, "Asia/Tokyo")
    assert alone == (Literal(means, holds=True),)  # type: ignore[arg-type]
    assert denied == company[1:] == (Literal(means, holds=False),)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("stated", "path", "allowed"),
    [
        ([], "all", f"a list of 1..{MAX_CLAUSES} clauses"),
        ([FIVE] * (MAX_CLAUSES + 1), "all", f"a list of 1..{MAX_CLAUSES} clauses"),
        ({"events": {">=": 5}}, "all", "a list of"),
        ([{"any": []}], "all[0].any", f"a list of 1..{MAX_PREDICATES} predicates"),
        ([FIVE, {"any": [FIVE] * (MAX_PREDICATES + 1)}], "all[1].any", "predicates"),
        ([{"any": [{"any": [FIVE]}]}], "all[0].any[0].any", "any and not around them, not inside each other"),
        ([{"not": {"not": FIVE}}], "all[0].not.not", "any and not around them, not inside each other"),
        ([{**FIVE, "purchases": {">": 1}}], "all[0]", "an object of one key"),
        (["events"], "all[0]", "an object of one key"),
        ([{"event": {">=": 5}}], "all[0].event", "only events, purchases, days_since_event"),
        ([{"label.contry": {"in": ["DE"]}}], "all[0].label.contry", "label.age_band, label.channel, label.country"),
        ([{"label.country": {"in": []}}], "all[0].label.country.in", "1..64 names"),
        ([{"label.country": {"in": ["D E"]}}], "all[0].label.country.in", "values as labels have them"),
        ([{"label.country": {"is": ["DE"]}}], "all[0].label.country.is", "only the fields in"),
        (
            [{"any": [{"clicked": {"group": "g"}}]}],
            "all[0].any[0].clicked",
            "clicks are kept for attribution_days only",
        ),
        ([{"not": {"converted": {"group": "g"}}}], "all[0].not.converted", "conversions are kept for attribution_days"),
        ([{"events": 5}], "all[0].events", "an object"),
        ([{"events": {"=>": 5}}], "all[0].events", "an object with one of >=, >, <=, <, =="),
        ([{"events": {">=": 5, "<": 9}}], "all[0].events", "an object with one of >=, >, <=, <, =="),
        ([{"events": {">=": -1}}], "all[0].events.>=", "a whole number of 0..1000000"),
        ([{"events": {">=": 1.5}}], "all[0].events.>=", "a whole number of"),
        ([{"days_since_event": {"<": 1e9}}], "all[0].days_since_event.<", "a number of 0..3650"),
        ([{"category": {"in": []}}], "all[0].category.in", "1..64 names"),
        ([{"category": {"in": "CHEESE"}}], "all[0].category.in", "at most 64 texts"),
        ([{"category": {"is": ["CHEESE"]}}], "all[0].category.is", "only the fields in, within_days, type"),
        ([{"category": {"in": ["A"], "type": "click"}}], "all[0].category.type", "view, search, add_to_cart, purchase"),
        ([{"item": {"in": ["A"], "within_days": -1}}], "all[0].item.within_days", "a number of 0..3650"),
        ([{"dismissed": {"within_days": 3}}], "all[0].dismissed.activity", "it must be given"),
        ([{"dismissed": {"activity": "a", "group": "g"}}], "all[0].dismissed.activity", "only the fields group"),
        ([{"hour_local": {"in": [24]}}], "all[0].hour_local.in", "whole numbers of 0..23"),
        ([{"hour_local": {"in": [1], "zone": "Berlin"}}], "all[0].hour_local.zone", "such as Europe/Berlin"),
        ([{"weekday": {"in": ["monday"]}}], "all[0].weekday.in", "days of mon, tue"),
        ([{"weekday": {">": "mon"}}], "all[0].weekday", "an object with one of in"),
        ([{"part": {"name": "x", "from": 10, "to": 10}}], "all[0].part.to", "more than from"),
        ([{"part": {"name": "x", "from": 10}}], "all[0].part.to", "it must be given"),
        ([{"part": {"name": "x", "from": 10, "to": 101}}], "all[0].part.to", "a number of 0..100"),
    ],
)
def test_what_cannot_be_meant_is_refused_where_it_stands(stated: Any, path: str, allowed: str) -> None:
    with pytest.raises(InvalidField) as refused:
        clauses_of(json.dumps(stated), "Asia/Tokyo")
    assert refused.value.reason is Reason.BAD_ACTIVITY
    assert refused.value.field == f"rule.{path}"
    assert allowed in refused.value.allowed


def test_clocks_need_a_zone() -> None:
    """Contract: of the activity, or of the predicate."""
    with pytest.raises(InvalidField, match="it must be given where the activity has no time_zone"):
        clauses_of('[{"hour_local":{">":8}}]', None)


def test_a_form_has_one_text() -> None:
    """Contract: from JSON and from Avro, whatever the order of keys and the spaces."""
    texts = {
        canonical(Fields({"all": stated}, Reason.BAD_ACTIVITY))
        for stated in (
            [{"category": {"within_days": 3, "in": ["a"]}}],
            [{"category": {"in": ["a"], "within_days": 3}}],
            '[ {"category": {"within_days":3,"in":["a"]}} ]',
        )
    }
    assert texts == {'[{"category":{"in":["a"],"within_days":3}}]'}
    assert canonical(Fields({"all": None}, Reason.BAD_ACTIVITY)) is None


@pytest.mark.parametrize("text", ["[", "[" * 100_000, ""])
def test_a_text_that_is_no_form_is_refused(text: str) -> None:
    with pytest.raises(InvalidField, match="JSON, a list of clauses"):
        canonical(Fields({"all": text}, Reason.BAD_ACTIVITY))
