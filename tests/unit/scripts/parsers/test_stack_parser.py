"""What `tideline stack` takes."""

from __future__ import annotations

import pytest

from tests.support.command_lines import refused, taken


def test_a_stack_has_one_taskmanager_and_everything_of_its_own() -> None:
    given = taken("stack", "up")
    assert (given.name, given.taskmanagers, given.redis_url, given.kafka) == ("default", 1, None, None)


@pytest.mark.parametrize("count", ["0", "-1", "two", "1.5"])
def test_so_many_taskmanagers_cannot_be(count: str) -> None:
    assert f"{count!r}; allowed: whole numbers from 1 to 1000" in refused("stack", f"up --taskmanagers={count}")


@pytest.mark.parametrize("verb", ["up", "down", "status", "add", "watch"])
def test_each_verb_is_about_a_named_stack(verb: str) -> None:
    assert taken("stack", f"{verb} --name other").name == "other"
