"""Contract: a stack's console answers once its address is told, and ends with the stack."""

from __future__ import annotations

import urllib.request

import pytest

from tests.support.stacks import light
from tideline.scripts.localstack import Stack, StackError
from tideline.scripts.localstack.console_process import start_console
from tideline.scripts.localstack.process import alive

pytestmark = [pytest.mark.integration, pytest.mark.slow]


def test_a_console_is_one_of_the_stack_s_processes(stack: Stack, name: str) -> None:
    with light(name, stack) as own:
        address = start_console(name, "playground?user=u1")
        base, _, rest = address.partition("#")
        assert rest.startswith("/playground?user=u1&token=")
        with urllib.request.urlopen(base, timeout=60) as page:  # noqa: S310 - its own address
            assert page.status == 200
        own.look_again()
        (process,) = [each for each in own.processes if each.name == "console"]
        assert alive(process)
        assert (own.root / "console.json").stat().st_mode & 0o077 == 0
    assert not alive(process)


def test_there_is_none_of_a_stack_that_is_not_up() -> None:
    with pytest.raises(StackError, match="not up"):
        start_console("absent")
