"""Contract: a replay whose end is not there yet is refused before it is submitted; it would wait for ever."""

from __future__ import annotations

import pytest

from tideline.scripts.commands.replay import Replayed, refuse_beyond
from tideline.scripts.localstack import StackError
from tideline.scripts.parsers.verbs import parser_of


def test_a_range_up_to_the_end_is_taken() -> None:
    refuse_beyond({0: 20, 1: 0}, {0: 20, 1: 7})


@pytest.mark.parametrize(
    ("to_offsets", "message"),
    [
        ({0: 21}, r"21 is past the end of partition 0; the partitions end at \{0: 20, 1: 7\}"),
        ({2: 1}, r"there is no partition 2; the partitions end at \{0: 20, 1: 7\}"),
    ],
)
def test_a_range_past_the_end_is_refused_with_where_it_ends(to_offsets: dict[int, int], message: str) -> None:
    with pytest.raises(StackError, match=message):
        refuse_beyond(to_offsets, {0: 20, 1: 7})


def test_the_keys_that_are_told_are_those_that_are_printed() -> None:
    """Contract: by the type of what is printed, which mypy holds it to."""
    assert Replayed.__annotations__.keys() == parser_of("replay").keys.keys()
