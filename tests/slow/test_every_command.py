"""Contract: every command of README and docs that can run here runs to its end as it is printed, on a real stack.

A part of the walk stands by itself: `-k on-the-demo`, or a page, `-k "operate.md and not on-the-demo"`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.doc_reader import Reader, reading
from tests.support.doc_walk import (
    BEFORE,
    INTERRUPTED,
    MENTIONED,
    as_typed,
    of_pattern,
    part_of,
    scene_of,
    text_of,
    walk,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.doc_commands import Documented

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Somebody with a checkout of his own."""
    yield from reading(tmp_path_factory.mktemp("reader") / "tideline")


@pytest.mark.parametrize("command", walk(), ids=part_of)
def test_a_command_runs_as_it_is_printed(reader: Reader, command: Documented) -> None:
    """Contract: exit status 0, in the order of the pages, with a reader's own addresses and names.

    It prints what was typed and told, for who reads along.
    """
    reader.make(scene_of(command))
    if before := of_pattern(BEFORE, command):
        reader.must(before)
    ending = of_pattern(INTERRUPTED, command)

    ran = reader.type(line := as_typed(command, reader.seen()), ending)
    print(f"\n$ {line}\n{ran.told}")

    wanted = 2 if text_of(command) in MENTIONED else ending.status if ending else 0
    assert ran.status == wanted, f"{line}\n{ran.told}"
    reader.remember(ran.told)
