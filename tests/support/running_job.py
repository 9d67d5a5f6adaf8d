"""A job on the stack of the run for as long as a test needs it, with room made for it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.support.live import LiveJob

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tideline.scripts.localstack import Stack
    from tideline.udfs.core.catalogue.activity import Activity


def make_room(stack: Stack) -> None:
    """Add a TaskManager where no slot is free."""
    if not stack.rest.get("/overview")["slots-available"]:
        stack.add_taskmanager()


@contextmanager
def running_job(stack: Stack, name: str, activities: Sequence[Activity], **options: str) -> Iterator[LiveJob]:
    """Yield a live job that knows these activities; it is cancelled at the end, whatever its test comes to."""
    make_room(stack)
    job = LiveJob(stack, f"{name}{os.getpid()}", **options)
    job.put_activities(activities)
    job.start()
    try:
        yield job
    finally:
        stack.rest.cancel(job.job_id)
