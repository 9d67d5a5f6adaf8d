"""Contract: anybody can look at a list without a client of Redis, and sees which entries are over."""

from __future__ import annotations

import pytest

from tideline.scripts.commands.show_list import main


def test_a_stack_that_is_not_up_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["u1", "--stack", "nowhere"]) == 1
    assert capsys.readouterr().err.startswith("list: stack 'nowhere' is not up")


def test_neither_a_user_nor_popular_ends_in_usage() -> None:
    with pytest.raises(SystemExit):
        main([])
