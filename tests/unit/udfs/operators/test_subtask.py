"""Contract: an operator learns from the Java task around it which instance it is and whether it was restored."""

from __future__ import annotations

import gc
import weakref
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from tideline.udfs.operators.subtask import (
    attempt_number,
    broadcasts_of,
    collect_seldom,
    job_id,
    subtask_number,
    task_environment,
    was_restored,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


class JavaField:
    """A private field: it is read only after it was made accessible, as Java has it."""

    def __init__(self, owner: JavaContext, value: object) -> None:
        self._owner, self._value, self._accessible = owner, value, False

    def setAccessible(self, accessible: bool) -> None:
        self._accessible = accessible

    def get(self, owner: object) -> object:
        if not self._accessible or owner is not self._owner:
            raise PermissionError
        return self._value


class JavaContext:
    """What Flink's StreamingRuntimeContext gives, as far as an operator uses it."""

    def __init__(self, index: int = 0, environment: object = None, attempt: int = 0) -> None:
        self._attempt = attempt
        self._index, self._fields = index, {"taskEnvironment": JavaField(self, environment)}

    def getTaskInfo(self) -> Any:
        return SimpleNamespace(getIndexOfThisSubtask=lambda: self._index, getAttemptNumber=lambda: self._attempt)

    def getJobInfo(self) -> Any:
        return SimpleNamespace(getJobId=lambda: SimpleNamespace(toHexString=lambda: "ab" * 16))

    def getClass(self) -> Any:
        return SimpleNamespace(getDeclaredField=self._fields.__getitem__)


def context(index: int = 0, environment: object = None) -> Any:
    """Return PyFlink's context around one of Java."""
    return cast("Any", SimpleNamespace(_runtime_context=JavaContext(index, environment)))


def restored(whether: bool) -> Any:
    """Return the environment of a task that began from a checkpoint, or anew."""
    optional = SimpleNamespace(isPresent=lambda: whether)
    manager = SimpleNamespace(getRestoreCheckpointId=lambda: optional)
    return SimpleNamespace(getTaskStateManager=lambda: manager)


@pytest.mark.parametrize("index", [0, 3])
def test_an_instance_knows_its_number(index: int) -> None:
    """Contract: from 0, as Flink counts."""
    assert subtask_number(context(index)) == index


@pytest.mark.parametrize("attempt", [0, 2])
def test_an_instance_knows_how_often_it_was_started_again(attempt: int) -> None:
    around = cast("Any", SimpleNamespace(_runtime_context=JavaContext(attempt=attempt)))
    assert attempt_number(around) == attempt


def test_an_instance_knows_its_job() -> None:
    """Contract: by the id that Flink's UI shows."""
    assert job_id(context()) == "ab" * 16


def test_broadcast_states_are_there_before_the_first_record() -> None:
    """Contract: those that come with each record."""
    with_each_record = object()
    backend = SimpleNamespace(_function_context=with_each_record)
    opened = SimpleNamespace(get_keyed_state_backend=lambda: backend)
    assert broadcasts_of(cast("Any", opened)) is with_each_record


def test_the_environment_of_the_task_is_read_though_it_is_private() -> None:
    """Contract: it is the task's own object, so that what is told to it reaches the task."""
    environment = object()
    assert task_environment(context(environment=environment)) is environment


@pytest.mark.parametrize("whether", [True, False])
def test_a_restored_task_is_told_from_a_new_one(whether: bool) -> None:
    """Contract: the state manager of the task itself says so."""
    assert was_restored(context(environment=restored(whether))) is whether


class Attempt:
    """What an operator of a former attempt leaves: something that knows itself."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def collector() -> Iterator[None]:
    """The interpreter's collector as it was, afterwards."""
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


@pytest.mark.usefixtures("collector")
def test_cycles_of_a_former_attempt_are_taken_away_when_the_next_one_opens() -> None:
    """Contract: what was set aside from collection at one start does not stay for ever, however often a job starts."""
    attempt: Attempt | None = Attempt()
    left = weakref.ref(attempt)
    collect_seldom()
    attempt = None
    gc.collect()
    assert left() is not None  # set aside: no collection looks at it
    collect_seldom()
    assert left() is None


@pytest.mark.usefixtures("collector")
def test_a_batch_of_a_thousand_events_is_not_looked_at_for_cycles() -> None:
    """Contract: no collection falls into a batch, nor into many: what they leave goes by itself."""
    seen: list[str] = []
    watch = lambda phase, _: seen.append(phase)  # noqa: E731 - to be taken out again
    collect_seldom()
    gc.callbacks.append(watch)
    try:
        for _ in range(20):
            batch = [[number] for number in range(5_000)]
            del batch
        assert not seen
        kept = [[number] for number in range(20_000)]  # what stays is looked at all the same
        assert seen
        assert kept
    finally:
        gc.callbacks.remove(watch)
