"""Contract: a configuration error ends the job once and for good; every other error is Flink's to restart after."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import pytest

from tests.unit.udfs.operators.test_subtask import context
from tideline.schemas.errors import ConfigError, InvalidRecord, Reason, Unavailable
from tideline.udfs.operators.stop import fail_job, failing_for_good, reading_what_is_learned


class JavaObject(NamedTuple):
    """An object of a Java class, with what it was made of."""

    name: str
    made_of: object


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the task's environment is told; the bridge to Java is there only inside a TaskManager."""
    bridge = ModuleType("pemja")
    bridge.findClass = lambda name: lambda made_of: JavaObject(name, made_of)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pemja", bridge)
    return []


def task(told: list[Any]) -> Any:
    """Return the context of an operator whose task keeps what it is told."""
    return context(environment=SimpleNamespace(failExternally=told.append))


def test_the_job_is_failed_without_a_restart_and_with_the_message_as_its_cause(told: list[Any]) -> None:
    """Contract: Flink looks for this very class to suppress restarts, and shows the cause to people."""
    fail_job(task(told), "key k: 3 is none of 1, 2")
    assert told == [
        JavaObject(
            "org.apache.flink.runtime.execution.SuppressRestartsException",
            JavaObject("java.lang.RuntimeException", "key k: 3 is none of 1, 2"),
        )
    ]


def test_a_configuration_error_is_told_to_the_task_and_raised_all_the_same(told: list[Any]) -> None:
    """Contract: nothing behind it is processed, and the message names key, value and what is allowed."""
    error = ConfigError("encoder", "nowhere", "a folder")
    with pytest.raises(ConfigError) as raised, failing_for_good(task(told)):
        raise error
    assert raised.value is error
    assert [failure.made_of.made_of for failure in told] == [str(error)]


@pytest.mark.parametrize("error", [Unavailable("redis", "does not answer"), ValueError("else")])
def test_any_other_error_is_left_to_flink_which_restarts(error: Exception, told: list[Any]) -> None:
    """Contract: what may be better at the next attempt never ends the job for good."""
    with pytest.raises(type(error)), failing_for_good(task(told)):
        raise error
    assert told == []


def test_where_nothing_is_wrong_nothing_is_told(told: list[Any]) -> None:
    """Contract: what is inside runs, once."""
    done = []
    with failing_for_good(task(told)):
        done.append(1)
    assert (done, told) == ([1], [])


@pytest.mark.parametrize("error", [ValueError("sums of version 3"), InvalidRecord(Reason.UNKNOWN_SCHEMA, "ledger")])
def test_bytes_of_another_build_end_the_job_with_what_to_do(error: Exception, told: list[Any]) -> None:
    """Contract: a restart would read them again; the line names them, and the way back."""
    to_do = "go on with the build that wrote the state, or begin without"
    with pytest.raises(ConfigError, match=to_do) as raised, reading_what_is_learned(task(told)):
        raise error
    assert str(error) in str(raised.value)
    assert [failure.made_of.made_of for failure in told] == [str(raised.value)]
