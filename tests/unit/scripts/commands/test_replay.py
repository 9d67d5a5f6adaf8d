"""What `tideline replay` prints, and that it says so."""

from __future__ import annotations

from tideline.scripts.commands.replay import Replayed
from tideline.scripts.parsers.verbs import parser_of


def test_the_keys_that_are_told_are_those_that_are_printed() -> None:
    """Contract: by the type of what is printed, which mypy holds it to."""
    assert Replayed.__annotations__.keys() == parser_of("replay").keys.keys()
