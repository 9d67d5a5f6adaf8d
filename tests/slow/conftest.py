"""The jobs and the evidence of the fault tests, for the faults that take longer."""

from tests.faults.conftest import evidence, jobs

__all__ = ["evidence", "jobs"]
