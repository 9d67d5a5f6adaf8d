"""What records say of a user."""

from __future__ import annotations

import json
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
from kafka.errors import TopicAuthorizationFailedError, UnknownTopicOrPartitionError

from tests.support.core_world import KEYS, NOON_MS, token_for
from tests.support.doc_pages import ROOT
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.scripts.commands.person_records import Found, is_there, placements_of, readable, told_by
from tideline.udfs.core.erasure.erase_order import erase_order
from tideline.udfs.core.policies.policy_start import TopicRecord
from tideline.udfs.core.profiles.profile_record import Profile, encode_profile

OWN, OTHER = token_for("u", ["a"]), token_for("u", ["a"], seq=2)


def found(value: bytes | None, offset: int = 5, partition: int = 2) -> Found:
    return Found(partition, TopicRecord(offset, b"u", value, NOON_MS))


def click(token: str | None) -> Event:
    return Event("e", "u", EventType.CLICK, NOON_MS, activity_id="a", token=token, position=0)


def test_the_tokens_of_a_user_are_those_of_his_own_lists_each_once() -> None:
    """Contract: what is foreign, broken or an order is none; the partition is that of his newest event."""
    foreign = click(token_for("w", ["a"]))
    values = [
        *(encode_event(click(token)) for token in (OWN, OTHER, OWN, None, "nonsense")),
        encode_event(foreign),
        encode_event(erase_order("u", NOON_MS, KEYS, OWN)),
        b"{",
        None,
    ]
    told = told_by([found(value, number) for number, value in enumerate(values)], KEYS)
    assert told == (9, [OWN, OTHER], 2)
    assert told_by([], KEYS) == (0, [], None)


def test_a_record_is_readable_in_json() -> None:
    """Contract: its place and what it says; bytes that say nothing as they are."""
    shown = readable("clickstream", found(encode_event(click(None))))
    assert (shown["partition"], shown["offset"], shown["timestamp_ms"]) == (2, 5, NOON_MS)
    assert (shown["value"]["type"], shown["value"]["activity_id"]) == ("click", "a")
    profile = encode_profile(Profile("u", NOON_MS, {"tier": "gold"}))
    assert readable("profiles", found(profile))["value"]["labels"] == {"tier": "gold"}
    assert readable("profiles", found(b'{"user_id":"u"}'))["value"] == {"user_id": "u"}
    for role, value in (("decisions", b"\0\1"), ("dead_letters", b"\xff"), ("clickstream", b"{")):
        assert readable(role, found(value))["value"] == {"bytes": value.hex()}
    assert readable("profiles", found(None))["value"] is None
    sent = readable("push", found((ROOT / "tests" / "golden" / "push_v1.bin").read_bytes()))["value"]
    assert {"push_id", "user_id", "sent", "x"} <= sent.keys()
    json.dumps(shown)


def test_the_placements_of_a_user_are_those_his_decisions_name() -> None:
    """Contract: each once, the default list none; what cannot be decoded names none."""
    names = ["cart", "", "home", "cart"]
    told = [{"partition": 0, "value": {"placement": name, "position": 1}} for name in names]
    assert placements_of([*told, {"value": {"bytes": "00"}}, {"value": None}, {"value": [1]}]) == ["cart", "home"]


@pytest.mark.parametrize(
    ("code", "there"),
    [(0, True), (UnknownTopicOrPartitionError.errno, False), (TopicAuthorizationFailedError.errno, True)],
)
def test_a_topic_that_may_not_be_seen_is_not_passed_over_as_if_it_were_not_there(code: int, there: bool) -> None:
    """Contract: who asks what is held of him is not told less because a login lacks a right."""
    admin = SimpleNamespace(describe_topics=lambda names: [{"name": names[0], "error_code": code}])
    cluster: Any = SimpleNamespace(admin=lambda *_: nullcontext(admin))
    assert is_there(cluster, "push") is there
