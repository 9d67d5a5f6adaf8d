"""Which of an operator's parallel instances this is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyflink.datastream.functions import RuntimeContext


def subtask_number(context: RuntimeContext) -> int:
    """Return the number of this instance, from 0. Thread mode only: PyFlink's own getter asks what Flink 2 has not."""
    java_context: Any = context._runtime_context  # noqa: SLF001 - no public way
    return int(java_context.getTaskInfo().getIndexOfThisSubtask())
