"""What `tideline replay` takes beside the job's options."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.support.command_lines import refused, taken
from tideline.scripts.parsers.verbs import parser_of

_NOON_MS = int(datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize("text", [str(_NOON_MS), "2026-11-22T12:00Z", "2026-11-22T13:00+01:00"])
def test_a_moment_is_iso_8601_or_milliseconds(text: str) -> None:
    """Contract: handed on in milliseconds, as the job's own option takes it."""
    given = taken("replay", f"--name x --from {text} --to {text}")
    assert given.from_ms == given.to_ms == str(_NOON_MS)


@pytest.mark.parametrize("text", ["monday", "2026-13-01", "-5", "1e9"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    assert f"{text!r}; allowed: ISO 8601 or epoch milliseconds" in refused("replay", f"--name x --from={text}")


def test_a_replay_is_named_and_the_rest_is_the_jobs() -> None:
    own, rest = parser_of("replay").parse_known_args(
        ["--name", "x", "--from-offsets", '{"0": 1}', "--policy", "kl_ucb"]
    )
    assert (own.name, own.from_ms, own.stack) == ("x", None, "default")
    assert rest == ["--from-offsets", '{"0": 1}', "--policy", "kl_ucb"]
    assert "--name" in refused("replay", "--from 1")
