"""What `tideline replay` takes beside the job's options."""

from __future__ import annotations

import pytest

from tests.support.command_lines import refused, taken
from tideline.scripts.parsers.verbs import parser_of


@pytest.mark.parametrize("text", ["1795348800000", "2026-11-22T12:00Z", "last=24h"])
def test_a_range_is_of_times(text: str) -> None:
    """Contract: `tideline.scripts.replays.bounds` says which; without an end it is the topic's."""
    given = taken("replay", f"--name x --from {text} --to {text}")
    assert given.begin == given.end
    assert given.begin.text == text
    assert taken("replay", f"--name x --from {text}").end is None


@pytest.mark.parametrize("flag", ["--from", "--from-offsets"])
def test_a_range_is_of_offsets(flag: str) -> None:
    """Contract: the names of the job's own options are taken as well."""
    assert taken("replay", f"""--name x {flag} '{{"0": 1}}'""").begin.offsets == {0: 1}


@pytest.mark.parametrize("text", ["monday", "2026-13-01", "-5", "1e9", "last=1w"])
def test_what_is_no_bound_is_refused(text: str) -> None:
    assert f"{text!r}; allowed: ISO 8601, epoch milliseconds, last=24h" in refused("replay", f"--name x --from={text}")


def test_a_replay_is_named_and_the_rest_is_the_jobs() -> None:
    own, rest = parser_of("replay").parse_known_args(["--name", "x", "--from", "1", "--policy", "kl_ucb"])
    assert (own.name, own.begin.ms, own.stack) == ("x", 1, "default")
    assert rest == ["--policy", "kl_ucb"]
    assert "--name" in refused("replay", "--from 1")
    assert "--from" in refused("replay", "--name x")


@pytest.mark.parametrize("flag", ["--resume", "--status", "--cancel"])
def test_a_replay_that_is_there_is_asked_about_without_its_range(flag: str) -> None:
    """Contract: one thing at a time; its range is the one that it was given."""
    given = taken("replay", f"--name x {flag}")
    assert [name for name in ("resume", "status", "cancel") if getattr(given, name)] == [flag.removeprefix("--")]
    assert "not allowed with" in refused("replay", f"--name x {flag} --from 1")
