"""Contract: a topic is compared with what the job needs of it."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from tideline.schemas.topics import Topics
from tideline.scripts.diagnosis.finding import State
from tideline.scripts.diagnosis.kafka_checks import check, reachable, together, topic_of
from tideline.udfs.io.kafka_cluster import KafkaCluster


def _topic(partitions: int, *allowed: str, error: int = 0) -> dict[str, Any]:
    return {"error_code": error, "partitions": [{}] * partitions, "authorized_operations": list(allowed)}


@pytest.mark.parametrize(
    ("role", "described", "state", "found"),
    [
        ("policy", _topic(1, "READ", "WRITE", "DESCRIBE"), "ok", "1 partitions; the login may do what the job does"),
        ("policy", _topic(1, "ALL"), "ok", "1 partitions"),
        ("clickstream", _topic(7, "READ"), "ok", "7 partitions"),
        ("policy", _topic(1, "READ"), "wrong", "the login lacks Write, which the job needs"),
        ("policy", _topic(1, "DESCRIBE"), "wrong", "the login lacks Read and Write"),
        ("policy", _topic(3, "ALL"), "wrong", "has 3 partitions; it is read in one order"),
        ("policy", _topic(0, error=3), "wrong", "is not there"),
        ("policy", _topic(0, error=29), "wrong", "the login may not see it"),
        ("policy", None, "wrong", "is not there"),
        ("policy", _topic(1), "unknown", "the broker does not tell what the login may do"),
    ],
)
def test_a_topic_is_compared_with_what_the_job_needs(
    role: str, described: dict[str, Any] | None, state: str, found: str
) -> None:
    finding = topic_of(role, "t", described, ["Read", "Write"] if role == "policy" else ["Read"])
    assert finding.state == state
    assert found in finding.found
    assert (finding.to_do is not None) == (state == "wrong")


@pytest.mark.parametrize(
    ("partitions", "state", "found"),
    [
        ({"clickstream": 4, "profiles": 4}, "ok", "both have 4 partitions"),
        ({"clickstream": 4, "profiles": 1}, "wrong", "'profiles' has 1 partitions and 'clickstream' has 4"),
        ({"clickstream": 4, "profiles": 0}, "unknown", "not both are there"),
        ({}, "unknown", "not both are there"),
    ],
)
def test_profiles_are_compared_with_the_clickstream(partitions: dict[str, int], state: str, found: str) -> None:
    """Contract: where they differ both counts are told, and what to do."""
    finding = together(Topics(), partitions)
    assert finding.state == state
    assert found in finding.found
    assert (finding.to_do is not None) == (state == "wrong")


def test_a_broker_that_tells_an_address_nobody_reaches_is_found() -> None:
    """Contract: advertised.listeners is what is to be mended, not the address that was asked first."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert reachable("127.0.0.1", listener.getsockname()[1]).state is State.OK
    found = reachable("127.0.0.1", 1)
    assert found.state is State.WRONG
    assert "advertised.listeners" in (found.to_do or "")


def test_brokers_that_do_not_answer_are_one_finding() -> None:
    (found,) = check(KafkaCluster("127.0.0.1:1", patience_s=1.0), Topics(), "g", 0)
    assert (found.subject, found.state) == ("kafka", State.WRONG)
    assert found.to_do == "nothing listens there; check host and port, and that the broker runs"
