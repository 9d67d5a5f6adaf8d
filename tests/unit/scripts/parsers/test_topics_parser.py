"""What `tideline topics` takes."""

from __future__ import annotations

import pytest

from tests.support.command_lines import refused, taken


def test_the_number_of_partitions_is_left_to_the_command_unless_given() -> None:
    assert taken("topics", "--bootstrap k:9092").partitions is None
    assert taken("topics", "--bootstrap k:9092 --partitions 16").partitions == 16


@pytest.mark.parametrize("count", ["0", "10001", "some", "-4"])
def test_so_many_partitions_cannot_be(count: str) -> None:
    assert f"{count!r}; allowed: whole numbers from 1 to 10000" in refused("topics", f"--partitions={count}")


def test_names_of_topics_and_a_suffix_are_checked_where_they_are_given() -> None:
    given = taken("topics", """--topics '{"control": "orders"}' --suffix -x""".replace("--suffix -x", "--suffix=-x"))
    assert given.topics.with_suffix(given.suffix).control == "orders-x"
    assert "allowed:" in refused("topics", """--topics '{"control": "two words"}'""")
    assert "allowed:" in refused("topics", "--suffix 'two words'")
