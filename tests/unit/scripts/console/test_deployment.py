"""Contract: what parts of a deployment tell is taken as it is; the real ones are asked in tests/integration."""

from __future__ import annotations

import pytest

from tideline.schemas.errors import Unavailable
from tideline.scripts.console.deployment import (
    JobManager,
    PrometheusPages,
    RedisServer,
    checkpoints_of,
    letter_seen,
    root_cause,
)
from tideline.udfs.core.policies.policy_start import TopicRecord

_TRACE = (
    "org.apache.flink.JobException: Recovery is suppressed\n\tat a.b(C.java:1)\n"
    "Caused by: java.lang.RuntimeException: worse\n\tat d\n\t... 3 more\n"
    "Caused by: java.io.IOException: disk full\n\tat e\n"
)


@pytest.mark.parametrize(
    ("trace", "cause"),
    [(_TRACE, "java.io.IOException: disk full"), ("Error: x\n\tat y", "Error: x"), ("", ""), ("\n", "")],
)
def test_the_cause_at_the_bottom_is_told(trace: str, cause: str) -> None:
    assert root_cause(trace) == cause


def test_a_job_without_checkpoints_has_none() -> None:
    told = {"counts": {"completed": 0, "failed": 2}, "latest": {"completed": None}}
    assert checkpoints_of(told) == (0, 2, 0, 0, 0)
    last = {"latest_ack_timestamp": 5, "state_size": 7, "end_to_end_duration": 9}
    assert checkpoints_of({"counts": {"completed": 1, "failed": 0}, "latest": {"completed": last}}) == (1, 0, 5, 7, 9)


def test_a_letter_without_headers_is_still_shown() -> None:
    """Contract: whoever wrote it: what it does not say is not known."""
    found = letter_seen(TopicRecord(3, None, None, 9), {"source_offset": "x", "source_partition": "-1"})
    assert (found.reason, found.offset, found.partition, found.key, found.value) == ("?", -1, -1, b"", b"")


def test_a_redis_that_is_not_there_is_told_without_its_password() -> None:
    server = RedisServer("redis://user:secret@127.0.0.1:1/0", "tideline")
    for ask in (lambda: server.read(["u1"]), server.popular, server.seen):
        with pytest.raises(Unavailable) as told:
            ask()
        assert "secret" not in str(told.value)
    assert server.read([]) == []


def test_processes_that_are_not_there_show_nothing() -> None:
    assert PrometheusPages(lambda: {"tm": "http://127.0.0.1:1/metrics", "no": "nonsense"}).pages().of_process == {
        "tm": "",
        "no": "",
    }
    assert PrometheusPages(dict).pages().of_process == {}


def test_a_jobmanager_that_is_not_there_is_an_error() -> None:
    with pytest.raises(OSError, match="refused"):
        JobManager("http://127.0.0.1:1", "tideline").job()
