import json
import re
from dataclasses import replace
from typing import Any

import pytest

from tests.support.doc_pages import ROOT
from tideline.schemas.errors import InvalidRecord, Reason
from tideline.schemas.records import ACTIVITY
from tideline.schemas.registry import shipped
from tideline.udfs.core.catalogue.activity import KINDS, STATUSES, Activity, Cap, Rule, decode_activity, encode_activity
from tideline.udfs.core.catalogue.competing import Variant
from tideline.udfs.core.catalogue.eligibility.user_caps import UserCap
from tideline.udfs.core.catalogue.spending import Stock

_ACTIVITY = Activity(
    activity_id="coupon-18",
    kind="coupon",
    title="10 % off shoes",
    starts_ms=1_700_000_000_000,
    ends_ms=1_700_086_400_000,
    categories=("shoes",),
    items=("i-1", "i-2"),
    rule=Rule(min_events=3, any_category=("shoes", "socks"), all='[{"not":{"category":{"in":["socks"]}}}]'),
    cap=Cap(max_shown=5, window_ms=86_400_000),
    budget=1000.0,
    cost=2.5,
    reward_value=12.0,
    exposure_floor=0.01,
    parameters={"discount": 0.1},
    labels={"channel": "web"},
    group="shoes",
    time_zone="Europe/Berlin",
    hours=(("all", "08:00", "20:00"), ("fri", "22:00", "02:00")),
    caps=(UserCap("group", 3, 86_400_000), UserCap("group", 1, 3_600_000, "click", "socks")),
    after_click_ms=86_400_000,
    after_dismiss_ms=None,
    pacing="front",
    total_cap=50_000,
    stock=Stock(40, 1_700_000_000_003),
    variants=(Variant("red", {"discount": 0.1}, {"creative": "red.png"}), Variant("blue", {"discount": 0.2})),
    objective="margin",
)
_START_MS = 1_700_000_000_000
_LEAST = {"activity_id": "a", "kind": "event", "title": "T", "status": "paused"} | {
    "starts_ms": _START_MS,
    "ends_ms": _START_MS + 1,
}


def _json(**changes: Any) -> bytes:
    return json.dumps({**_LEAST, **changes}).encode()


def test_an_encoded_activity_decodes_to_itself() -> None:
    assert decode_activity(b"coupon-18", encode_activity(_ACTIVITY)) == _ACTIVITY


def test_activities_of_every_version_are_read() -> None:
    """Contract: the bytes of version 1, before groups, hours and forms, of 2, before caps over more, of 3, before
    total caps and stock, of 4, before variants, and of today."""
    golden = ROOT / "tests" / "golden"
    fourth = replace(_ACTIVITY, variants=(), objective="click")
    third = replace(fourth, pacing="even", total_cap=None, stock=None)
    second = replace(third, caps=(), after_click_ms=None)
    first = replace(second, group=None, time_zone=None, hours=(), rule=Rule(3, 0, ("shoes", "socks")))
    assert decode_activity(b"coupon-18", (golden / "activity_v1.bin").read_bytes()) == first
    assert decode_activity(b"coupon-18", (golden / "activity_v2.bin").read_bytes()) == second
    assert decode_activity(b"coupon-18", (golden / "activity_v3.bin").read_bytes()) == third
    assert decode_activity(b"coupon-18", (golden / "activity_v4.bin").read_bytes()) == fourth
    assert (golden / "activity_v5.bin").read_bytes() == encode_activity(_ACTIVITY)


def test_everything_that_limits_how_often_one_user_sees_it_is_a_cap() -> None:
    of_click = UserCap("activity", 1, 86_400_000, "click")
    assert _ACTIVITY.limits() == (UserCap("activity", 5, 86_400_000), *_ACTIVITY.caps, of_click)
    assert replace(_ACTIVITY, cap=None, caps=(), after_click_ms=None).limits() == ()


def test_a_form_and_hours_are_read_from_json_as_from_avro() -> None:
    """Contract: a rule's parts and clauses stand beside each other; the form keeps no order of keys."""
    stated = {"min_events": 3, "all": [{"weekday": {"zone": "UTC", "in": ["mon"]}}]}
    found = decode_activity(b"a", _json(rule=stated, hours=[["mon", "09:00", "18:00"]], time_zone="Asia/Tokyo"))
    assert found is not None
    assert found.rule == Rule(3, all='[{"weekday":{"in":["mon"],"zone":"UTC"}}]')
    assert (found.hours, found.time_zone) == ((("mon", "09:00", "18:00"),), "Asia/Tokyo")
    assert decode_activity(b"a", encode_activity(found)) == found


def test_a_json_activity_needs_only_the_fields_without_a_default() -> None:
    """Contract: the defaults of the Avro schema hold for JSON too, also inside the rule."""
    assert decode_activity(b"a", _json()) == Activity("a", "event", "T", _START_MS, _START_MS + 1, status="paused")
    ruled = decode_activity(b"a", _json(rule={"min_purchases": 1}))
    assert ruled is not None
    assert ruled.rule == Rule(min_purchases=1)


@pytest.mark.parametrize("depth", [500, 990, 1020])
@pytest.mark.parametrize("field", ["title", "rule", "hours", "caps"])
def test_what_is_nested_without_end_is_refused_like_anything_else(field: str, depth: int) -> None:
    """Contract: no marketer ends the job."""
    nested = b"[" * depth + b"]" * depth
    if field == "rule":
        nested = b'{"all":[{"any":' + nested + b"}]}"
    value = _json()[:-1] + f',"{field}":'.encode() + nested + b"}"
    with pytest.raises(InvalidRecord, match="bad_activity"):
        decode_activity(b"a", value)


def test_a_record_without_value_deletes_the_activity() -> None:
    assert decode_activity(b"a", None) is None


def test_kinds_and_statuses_are_those_of_the_schema() -> None:
    fields = {field["name"]: field["type"] for field in shipped().current["activity"]["fields"]}
    assert tuple(fields["kind"]["symbols"]) == KINDS
    assert tuple(fields["status"]["symbols"]) == STATUSES


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"activity_id": ""}, "activity_id=''; allowed: 1..64 of A-Z a-z 0-9 . _ : - and first a"),
        ({"activity_id": "a b"}, "activity_id='a b'"),
        ({"activity_id": 'a"b'}, "activity_id="),
        ({"activity_id": "a\\b"}, "activity_id="),
        ({"activity_id": "ä"}, "activity_id='ä'"),
        ({"activity_id": "a" * 65}, "activity_id="),
        ({"activity_id": "a\n"}, "activity_id="),
        ({"activity_id": "*"}, "activity_id='*'"),
        ({"activity_id": "a|none:ridge=2.0"}, "activity_id='a|none:ridge=2.0'"),
        ({"activity_id": ".a"}, "activity_id='.a'"),
        ({"kind": "raffle"}, "kind='raffle'; allowed: campaign, coupon"),
        ({"title": ""}, "title=''; allowed: text of 1..200"),
        ({"status": "on"}, "status='on'; allowed: active, paused, ended"),
        ({"starts_ms": 0}, "starts_ms=0; allowed: whole milliseconds since 1970 ("),
        (
            {"starts_ms": 1_700_000_000},
            "starts_ms=1700000000; allowed: whole milliseconds since 1970, and this looks like seconds",
        ),
        (
            {"ends_ms": 1_800_000_000_000_000},
            "ends_ms=1800000000000000; allowed: whole milliseconds since 1970, and this looks like microseconds",
        ),
        ({"starts_ms": True}, "starts_ms=True"),
        ({"ends_ms": _START_MS}, "ends_ms=1700000000000; allowed: after starts_ms=1700000000000"),
        ({"categories": ["c"] * 65}, "categories="),
        ({"categories": "shoes"}, "categories='shoes'; allowed: at most 64 texts"),
        ({"items": [""]}, "items="),
        ({"items": ["i"] * 1001}, "items="),
        ({"rule": {"min_event": 1}}, "rule.min_event=1; allowed: only the fields min_events"),
        ({"rule": {"min_events": -1}}, "rule.min_events=-1"),
        ({"rule": []}, "rule=[]; allowed: an object"),
        ({"cap": {"max_shown": 1}}, "cap.window_ms=(missing)"),
        ({"cap": {"max_shown": 0, "window_ms": 60_000}}, "cap.max_shown=0; allowed: a whole number of 1.."),
        ({"cap": {"max_shown": 1, "window_ms": 1}}, "cap.window_ms=1"),
        ({"budget": -1}, "budget=-1; allowed: a number of 0..1e+09"),
        ({"cost": "2"}, "cost='2'"),
        ({"reward_value": None}, "reward_value=None"),
        ({"exposure_floor": 1.01}, "exposure_floor=1.01; allowed: a number of 0..1"),
        ({"parameters": {"discount": "10 %"}}, "parameters="),
        ({"parameters": {"discount": True}}, "parameters="),
        ({"labels": {str(n): "x" for n in range(65)}}, "labels="),
        ({"labels": {"": "x"}}, "labels="),
        ({"group": "*"}, "group='*'; allowed: 1..64"),
        ({"time_zone": "CET-1"}, "time_zone='CET-1'; allowed: a time zone such as Europe/Berlin"),
        ({"time_zone": 1}, "time_zone=1; allowed: a time zone"),
        ({"hours": [["mon", "09:00", "18:00"]]}, "time_zone=None; allowed: it must be given where there are"),
        ({"hours": [["mon", "9", "18"]], "time_zone": "UTC"}, "hours[0]=['mon', '9', '18']; allowed: times from 00:00"),
        ({"rule": {"all": [{"event": 1}]}}, "rule.all[0].event=1; allowed: only events, purchases"),
        ({"rule": {"all": [[[]] * 3]}}, "rule.all[0]=[[], [], []]; allowed: an object of one key"),
        ({"caps": [{"of": "group", "max": 1, "window_ms": 60_000}]}, "caps[0].of='group'; allowed: group where"),
        ({"after_click_ms": 5}, "after_click_ms=5; allowed: a whole number of 60000"),
        ({"after_dismiss_ms": "1 day"}, "after_dismiss_ms='1 day'; allowed: a whole number"),
        ({"after_conversion_ms": 86_400_000}, 'after_conversion_ms=86400000; allowed: a rule such as {"not": {"item"'),
        ({"max_shown": 3}, "max_shown=3; allowed: only the fields activity_id"),
    ],
)
def test_a_bad_activity_is_refused_with_field_value_and_what_is_allowed(changes: dict[str, Any], detail: str) -> None:
    """Contract: the marketer reads what to mend; the former version of the activity stays."""
    with pytest.raises(InvalidRecord) as caught:
        decode_activity(b"a", _json(**changes))
    assert caught.value.reason is Reason.BAD_ACTIVITY
    assert caught.value.detail.startswith(detail)


@pytest.mark.parametrize("name", _LEAST)
def test_an_activity_without_a_required_field_is_refused(name: str) -> None:
    value = json.dumps({each: field for each, field in _LEAST.items() if each != name}).encode()
    with pytest.raises(InvalidRecord, match=rf"bad_activity: {name}=\(missing\)"):
        decode_activity(b"a", value)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_an_avro_activity_with_a_number_that_is_not_finite_is_refused(number: float) -> None:
    for changes in ({"cost": number}, {"exposure_floor": number}, {"parameters": {"discount": number}}):
        with pytest.raises(InvalidRecord, match="bad_activity"):
            decode_activity(b"a", ACTIVITY.encode({**_LEAST, **changes}))


@pytest.mark.parametrize(
    ("key", "value", "detail"),
    [
        (None, _json(), "the record has no key"),
        (b"", None, "the record has no key"),
        (b"b", _json(), "key=b'b'; allowed: a"),
        (b"a", b"", "empty: "),
        (b"a", b"[]", "bad_magic: "),
        (b"a", b'{"activity_id":', "bad_json: "),
        (b"a", b"{" * 70_000, "too_large: "),
        (b"a", b"\x00\x00\x00\x00\x01", "unknown_schema: "),
    ],
)
def test_a_record_that_is_no_activity_is_refused_for_what_it_is(
    key: bytes | None, value: bytes | None, detail: str
) -> None:
    with pytest.raises(InvalidRecord) as caught:
        decode_activity(key, value)
    assert caught.value.reason is Reason.BAD_ACTIVITY
    assert caught.value.detail.startswith(detail)


def test_the_marketers_contract_names_every_kind() -> None:
    told = re.search(r"`kind` is one of ([\w, \n]+)\.", (ROOT / "docs" / "contracts" / "marketer.md").read_text())
    assert told is not None
    assert tuple(told[1].replace("\n", " ").split(", ")) == KINDS
