"""Contract: a TaskManager's memory does not grow with the time it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tideline.scripts.benchmarks.live import soak

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow
_HALF_LOAD = 7_500
_MINUTES = 40


def test_memory_at_half_load_is_flat(evidence: Callable[[str, dict[str, object]], None]) -> None:
    """Contract: within 3 % from minute 10 to minute 40, and the job never restarts."""
    found = soak.measure(_HALF_LOAD, _MINUTES)
    assert found["drift"] is not None
    evidence("memory at half load", dict(found))
    assert found["drift"] <= soak.MOST_DRIFT
    assert found["restored"] == 0
