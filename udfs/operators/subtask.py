"""What a Python operator asks the Java task around it, its machine and its interpreter.

Thread mode only: PyFlink has no way for it.
"""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyflink.datastream.functions import RuntimeContext


_YOUNG = 10_000
"""More containers than a batch of a thousand events leaves: what only lives as long as a batch is not looked at."""


def collect_seldom() -> None:
    """Let Python look for cycles among what comes from now on, and seldom; all that is there stays as it is.

    By default each batch is looked at several times and now and then all that was ever imported: of 41 us of an event's
    core that is 4, and 60 ms at once, while no list is made. The interpreter is that of all jobs of a TaskManager, so
    what a former attempt has left in cycles is taken away first: it would stay for ever.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])


def subtask_number(context: RuntimeContext) -> int:
    """Return the number of this instance, from 0. PyFlink's own getter asks what Flink 2 has not."""
    java_context: Any = context._runtime_context  # noqa: SLF001 - no public way
    return int(java_context.getTaskInfo().getIndexOfThisSubtask())


def present_ms() -> int:
    """Return the time of this machine, UTC epoch milliseconds."""
    return time.time_ns() // 1_000_000


def attempt_number(context: RuntimeContext) -> int:
    """Return how often Flink has started this instance again, 0 at the first start of a submission."""
    java_context: Any = context._runtime_context  # noqa: SLF001 - no public way
    return int(java_context.getTaskInfo().getAttemptNumber())


def job_id(context: RuntimeContext) -> str:
    """Return the id of the running job: each submission has its own, however often Flink starts it again."""
    java_context: Any = context._runtime_context  # noqa: SLF001 - no public way
    return str(java_context.getJobInfo().getJobId().toHexString())


def was_restored(context: RuntimeContext) -> bool:
    """Return whether the task began from a checkpoint or savepoint."""
    return bool(task_environment(context).getTaskStateManager().getRestoreCheckpointId().isPresent())


def broadcasts_of(context: RuntimeContext) -> Any:
    """Return what gives an operator's broadcast states, to be read, before its first record; restored ones are there.

    PyFlink hands it over with each record only, and keeps it behind the keyed states.
    """
    backend: Any = context.get_keyed_state_backend()  # of the context in thread mode
    return backend._function_context  # noqa: SLF001 - no public way


def task_environment(context: RuntimeContext) -> Any:
    """Return the Java task's environment, a private field of the Java context."""
    java_context: Any = context._runtime_context  # noqa: SLF001 - no public way
    field = java_context.getClass().getDeclaredField("taskEnvironment")
    field.setAccessible(True)
    return field.get(java_context)
