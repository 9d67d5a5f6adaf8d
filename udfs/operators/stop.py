"""Ends the job for good: an exception from Python alone would make Flink restart it and read the same records again."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tideline.schemas.errors import ConfigError, InvalidRecord
from tideline.udfs.core.users.state_check import OF_THIS_BUILD
from tideline.udfs.operators.subtask import task_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyflink.datastream.functions import RuntimeContext


def fail_job(context: RuntimeContext, message: str) -> None:
    """Make the running job FAILED, without a restart, with the message as its cause. Thread mode only.

    Flink knows such an end (SuppressRestartsException) but PyFlink cannot raise it, so the task's environment is told
    directly.
    """
    from pemja import findClass  # only there inside a TaskManager

    cause = findClass("java.lang.RuntimeException")(message)
    task_environment(context).failExternally(
        findClass("org.apache.flink.runtime.execution.SuppressRestartsException")(cause)
    )


@contextmanager
def failing_for_good(context: RuntimeContext) -> Iterator[None]:
    """End the job for good where what is inside raises a ConfigError: a restart would find the same."""
    try:
        yield
    except ConfigError as error:
        fail_job(context, str(error))
        raise


@contextmanager
def reading_what_is_learned(context: RuntimeContext) -> Iterator[None]:
    """End the job for good where what is inside reads bytes that another build wrote, with what to do.

    Raises:
        ConfigError: It did.
    """
    with failing_for_good(context):
        try:
            yield
        except (ValueError, InvalidRecord) as error:
            raise ConfigError("state", str(error), f"what is learned {OF_THIS_BUILD}") from error
