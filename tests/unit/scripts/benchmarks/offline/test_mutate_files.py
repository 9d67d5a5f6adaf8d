"""Files as nobody should write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tideline.scripts.benchmarks.offline.mutate import COMMANDS, outcome

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", COMMANDS)
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1))
def test_a_mutated_file_is_answered_or_refused_in_one_line(name: str, seed: int, tmp_path: Path) -> None:
    """Contract: exit status 0 with JSON, or a line that names the file and what is allowed."""
    assert outcome(name, seed, tmp_path).fault == ""
