"""What `tideline config` takes beside the job's options."""

from __future__ import annotations

from pathlib import Path

from tests.support.command_lines import taken
from tideline.scripts.parsers.verbs import parser_of


def test_a_file_and_what_is_asked_of_it_are_told_apart() -> None:
    given = taken("config", "--config job.toml --without-secrets --json")
    assert (given.config, given.without_secrets, given.json) == (Path("job.toml"), True, True)
    assert (given.replay, given.markdown) == (False, False)


def test_the_options_of_the_job_are_left_for_the_job() -> None:
    """Contract: in their order, with their values; a flag of one's own between them is taken out."""
    own, rest = parser_of("config").parse_known_args(["--policy", "thompson", "--replay", "--salt", "-3"])
    assert own.replay
    assert rest == ["--policy", "thompson", "--salt", "-3"]
