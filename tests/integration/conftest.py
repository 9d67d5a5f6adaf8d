"""One live job for all integration tests that need one: a submission costs more than most tests."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.live import LiveJob
from tests.support.traffic import make_activities

if TYPE_CHECKING:
    from tideline.scripts.localstack import Stack


@pytest.fixture(scope="session")
def job(stack: Stack) -> LiveJob:
    """A running live job with 60 activities; its users are the tests' own, named apart by their first letters."""
    live = LiveJob(stack, f"it{os.getpid()}")
    live.put_activities(make_activities(60, int(time.time() * 1000)))
    live.start()
    return live
