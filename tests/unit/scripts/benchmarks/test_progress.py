"""What a benchmark says while it runs."""

from __future__ import annotations

import re

import pytest

from tideline.scripts.benchmarks.progress import say


def test_it_is_said_on_standard_error_with_the_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: standard output is for results."""
    say("half of it")
    said = capsys.readouterr()
    assert said.out == ""
    assert re.fullmatch(r"\[ *\d+\.\d s\] half of it\n", said.err)
