"""Ends the job for good: an exception from Python alone would make Flink restart it and read the same records again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyflink.datastream.functions import RuntimeContext


def fail_job(context: RuntimeContext, message: str) -> None:
    """Make the running job FAILED, without a restart, with the message as its cause. Thread mode only.

    Flink knows such an end (SuppressRestartsException) but PyFlink cannot raise it, so the task's environment is told
    directly; it is a private field of the Java context.
    """
    from pemja import findClass  # only there inside a TaskManager

    java_context: Any = context._runtime_context  # noqa: SLF001 - no public way
    field = java_context.getClass().getDeclaredField("taskEnvironment")
    field.setAccessible(True)
    cause = findClass("java.lang.RuntimeException")(message)
    field.get(java_context).failExternally(
        findClass("org.apache.flink.runtime.execution.SuppressRestartsException")(cause)
    )
