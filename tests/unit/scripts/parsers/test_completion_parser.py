"""What `tideline completion` takes."""

from __future__ import annotations

import pytest

from tests.support.command_lines import refused, taken
from tideline.scripts.parsers.completion_parser import SHELLS


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_is_taken_by_its_name(shell: str) -> None:
    assert taken("completion", shell).shell == shell


def test_another_shell_is_answered_with_those_that_are_known() -> None:
    assert all(shell in refused("completion", "tcsh") for shell in SHELLS)
    assert "shell" in refused("completion", "")
