"""What `tideline control` takes."""

from __future__ import annotations

import pytest

from tests.support.command_lines import refused, taken


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("id=42", "42"),  # an id of digits is a text all the same
        ("pinned=123", 123),
        ("pinned=null", None),
        ("places=[1,0.8]", [1, 0.8]),
        ("path=models/artefacts/demo-2", "models/artefacts/demo-2"),
        ("path=a=b", "a=b"),
    ],
)
def test_a_value_is_json_or_else_a_text(text: str, value: object) -> None:
    name = text.partition("=")[0]
    assert taken("control", f"policy {text}").argument == [(name, value)]


def test_what_is_no_pair_is_refused() -> None:
    """Contract: with the word and how one is written."""
    assert "'123'; allowed: name=value" in refused("control", "policy 123")


def test_an_unknown_command_is_answered_with_those_that_are_known() -> None:
    said = refused("control", "reboot")
    assert "'republish'" in said
    assert "'generation'" in said
