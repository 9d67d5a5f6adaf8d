"""What `tideline replay` prints, and that it says so; the rest needs a stack (tests/slow/test_replays.py)."""

from __future__ import annotations

import pytest

from tideline.scripts.commands.replay import Replayed, main
from tideline.scripts.parsers.verbs import parser_of


def test_the_keys_that_are_told_are_those_that_are_printed() -> None:
    """Contract: by the type of what is printed, which mypy holds it to."""
    assert Replayed.__annotations__.keys() == parser_of("replay").keys.keys()


@pytest.mark.parametrize("flag", ["--status", "--cancel"])
def test_who_only_asks_gives_the_job_no_option(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: exit status 2, before anything is asked."""
    with pytest.raises(SystemExit) as ended:
        main(["--name", "x", flag, "--policy", "thompson"])
    assert ended.value.code == 2
    assert "take no option of the job" in capsys.readouterr().err
