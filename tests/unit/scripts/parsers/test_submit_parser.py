"""What `tideline submit` takes beside the job's options."""

from __future__ import annotations

import pytest

from tests.support.command_lines import refused, taken


def test_a_job_begins_with_nothing_or_one_state() -> None:
    given = taken("submit", "live -s /savepoint")
    assert (given.from_state, given.latest, given.fresh, given.stack) == ("/savepoint", False, False, "default")


@pytest.mark.parametrize("words", ["--latest --fresh", "--latest -s /savepoint", "--fresh -s /savepoint"])
def test_two_beginnings_are_refused(words: str) -> None:
    assert "not allowed with argument" in refused("submit", f"live {words}")


def test_a_job_that_is_none_is_answered_with_those_that_are() -> None:
    assert "'live', 'replay'" in refused("submit", "backwards")
