"""The entry point refuses before anything is submitted."""

from __future__ import annotations

import pytest

from tideline.jobs.interest_job import main


@pytest.mark.parametrize("argv", [[], ["--bootstrap", "b:1"], ["dead"]])
def test_the_first_argument_says_which_job(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 2
    assert "the first argument is `live`, `backfill` or `replay`" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["live", "backfill", "replay"])
def test_a_wrong_option_ends_in_one_line(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: exit status 2 with key, value and what is allowed; nothing was submitted."""
    assert main([kind, "--batch-ms", "5"]) == 2
    said = capsys.readouterr()
    assert said.err == "tideline: --batch-ms='5' cannot be used; allowed: whole numbers from 10 to 5000\n"
    assert said.out == ""
