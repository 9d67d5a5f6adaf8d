"""Contract: a stack's console answers once its address is told, and ends with the stack."""

from __future__ import annotations

import os
import urllib.request
from typing import TYPE_CHECKING

import pytest

from tideline.scripts.localstack import Stack, StackError
from tideline.scripts.localstack.console_process import start_console
from tideline.scripts.localstack.launch import take_down
from tideline.scripts.localstack.process import alive
from tideline.scripts.localstack.state import StackState

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def name() -> Iterator[str]:
    """A stack whose parts have all ended."""
    mine = f"console-{os.getpid()}"
    StackState(mine, "127.0.0.1:1", "redis://127.0.0.1:1/0", "http://127.0.0.1:1").save()
    yield mine
    take_down(mine)


def test_a_console_is_one_of_the_stack_s_processes(name: str) -> None:
    """Contract: whatever else of the stack runs; its token is where its owner alone reads it."""
    base, _, rest = start_console(name, "playground?user=u1").partition("#")
    assert rest.startswith("/playground?user=u1&token=")
    with urllib.request.urlopen(base, timeout=60) as page:  # noqa: S310 - its own address
        assert page.status == 200
    stack = Stack.attach(name)
    (process,) = stack.processes
    assert (process.name, alive(process)) == ("console", True)
    assert (stack.root / "console.json").stat().st_mode & 0o077 == 0
    assert take_down(name)
    assert not alive(process)


def test_there_is_none_of_a_stack_that_is_not_up() -> None:
    with pytest.raises(StackError, match="not up"):
        start_console("absent")
