"""What a Python operator asks the Java task around it. Thread mode only: PyFlink has no way for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyflink.datastream.functions import RuntimeContext


def subtask_number(context: RuntimeContext) -> int:
    """Return the number of this instance, from 0. PyFlink's own getter asks what Flink 2 has not."""
    java_context: Any = context._runtime_context  # noqa: SLF001 - no public way
    return int(java_context.getTaskInfo().getIndexOfThisSubtask())


def was_restored(context: RuntimeContext) -> bool:
    """Return whether the task began from a checkpoint or savepoint."""
    return bool(task_environment(context).getTaskStateManager().getRestoreCheckpointId().isPresent())


def task_environment(context: RuntimeContext) -> Any:
    """Return the Java task's environment, a private field of the Java context."""
    java_context: Any = context._runtime_context  # noqa: SLF001 - no public way
    field = java_context.getClass().getDeclaredField("taskEnvironment")
    field.setAccessible(True)
    return field.get(java_context)
