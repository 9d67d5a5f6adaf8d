"""Jobs and evidence as the fault tests have them, for faults that take longer; clusters apart from the local stack."""

from collections.abc import Iterator

import pytest

from tests.faults.conftest import evidence, jobs
from tests.support.flink_machines import Started

__all__ = ["evidence", "jobs", "started"]


@pytest.fixture
def started() -> Iterator[Started]:
    """Processes that end with the test."""
    processes = Started()
    yield processes
    processes.end()
