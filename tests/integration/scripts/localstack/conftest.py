"""A name for a stack of a test's own."""

import os
from collections.abc import Iterator

import pytest

from tests.support.stacks import command


@pytest.fixture
def name() -> Iterator[str]:
    """A stack name of the test's own; whatever it leaves under that name is taken down."""
    mine = f"own-{os.getpid()}"
    yield mine
    command("down", mine)
