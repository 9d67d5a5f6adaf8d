"""Contract: a command of README or docs is run by a check, or a table says why it cannot be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.support import doc_walk
from tests.support.doc_commands import Documented, documented
from tests.support.doc_walk import Scene, as_typed, is_alone, is_demo, of_pattern, scene_of, text_of, walk

if TYPE_CHECKING:
    from pathlib import Path

_ALL = documented()
_SEEN = {"kafka": "h:9092", "redis": "h:6379", "flink": "h:8081", "offset": "7", "savepoint": "/s", "push": "1-0-a"}
_SEEN |= {"before": "1700000000000", "now": "1700000000001"}
_TABLES = ("NOT_HERE", "MORE", "BEFORE", "SCENES", "INTERRUPTED", "ALONE")


def test_the_walk_is_long() -> None:
    """Contract: a check that finds nothing to check says so; the demo comes first, its end behind what needs it."""
    lines = [text_of(each) for each in walk()]
    assert len(lines) > 80
    assert lines[0] == "scripts/demo --keep"
    end = lines.index("scripts/stack down --name demo")
    assert not [line for line in lines[end:] if "--stack demo" in line]


@pytest.mark.parametrize("command", walk(), ids=str)
def test_nothing_is_left_that_stands_for_something(command: Documented) -> None:
    """Contract: a reader knows what to put in the place of each word in capitals."""
    line = re.sub(r"\$\{?\w+|\w+=|CHEESE", "", as_typed(command, _SEEN))

    assert not re.findall(r"\b[A-Z]+\b(?!\.csv)", line)


@pytest.mark.parametrize(
    ("table", "pattern"), [(table, pattern) for table in _TABLES for pattern in getattr(doc_walk, table)]
)
def test_an_entry_of_a_table_is_about_a_command(table: str, pattern: str) -> None:
    """Contract: what no page names any more leaves the tables too."""
    assert [each for each in _ALL if of_pattern({pattern: table}, each)]


def test_each_page_can_be_walked_by_itself() -> None:
    """Contract: what needs something has a scene, or stands behind what has one on its page."""
    begun: set[Path] = set()
    for command in walk():
        if scene_of(command) is not Scene.AS_IT_IS or "up" in command.words:
            begun.add(command.page)
        assert is_demo(command) or is_alone(command) or command.page in begun, command
    assert len(begun) > 8


def test_what_is_only_mentioned_is_so_somewhere() -> None:
    assert {text_of(each) for each in _ALL} >= doc_walk.MENTIONED
