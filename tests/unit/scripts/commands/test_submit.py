"""Contract: a job goes on from the newest completed state of its name, and mistakes of a command line end in usage."""

from __future__ import annotations

import pytest

from tideline.scripts.commands.submit import main


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], 0),
        ([], 2),
        (["backfill"], 2),
        (["live", "--shards"], 2),
        (["live", "shards", "8"], 2),
        (["live", "--latest", "--fresh"], 2),
        (["replay", "--latest"], 2),
        (["replay", "--take-over"], 2),
        (["live", "--take-over", "--latest"], 2),
    ],
)
def test_help_is_given_and_mistakes_end_in_usage(
    arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    shown = capsys.readouterr()
    assert ended.value.code == code
    assert "tideline submit live|replay" in (shown.out if code == 0 else shown.err)


def test_a_stack_that_is_not_up_is_said() -> None:
    assert main(["live", "--stack", "nowhere"]) == 1
