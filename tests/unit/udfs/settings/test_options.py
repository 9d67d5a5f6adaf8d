"""One option: what its kind takes, how it is shown."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from typing import Any

import pytest

from tideline.udfs.settings.options import (
    MASK,
    Kind,
    argument,
    brokers,
    folder_with,
    number,
    one_of,
    option,
    options_of,
    table,
    text,
    whole,
)

LETTERS = text(r"[a-z]{1,3}", "1 to 3 letters")


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        (whole(1, 8), "8", 8),
        (whole(1, 8), 8, 8),
        (number(0, 1), "0.5", 0.5),
        (number(0, 1), 1, 1.0),
        (LETTERS, "abc", "abc"),
        (one_of(("a", "b")), "b", "b"),
        (brokers(), "a:1,[::1]:65535", "a:1,[::1]:65535"),
        (table("a table", json.loads, dict), '{"k": 1}', {"k": 1}),
        (table("a table", json.loads, dict), {"k": 1}, {"k": 1}),
    ],
)
def test_a_kind_reads_text_and_the_types_of_toml(kind: Kind, raw: Any, value: Any) -> None:
    assert kind.read(raw) == value


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        (whole(1, 8), "9"),
        (whole(1, 8), True),
        (whole(1, 8), 2.0),
        (whole(1, 8, power_of_two=True), "6"),
        (number(0, 1), "nan"),
        (number(0, 1), False),
        (LETTERS, "abcd"),
        (LETTERS, "abc\n"),
        (one_of(("a", "b")), "c"),
        (brokers(), "a:0"),
        (brokers(), "a"),
        (brokers(), "a:65536"),
        (table("a table", json.loads, dict), "[1]"),
        (folder_with("manifest.json"), "nowhere"),
    ],
)
def test_what_a_kind_does_not_take_is_a_value_or_type_error(kind: Kind, raw: Any) -> None:
    """Contract: nothing else is raised, whatever stands in a file."""
    with pytest.raises((TypeError, ValueError)):
        kind.read(raw)


def test_a_command_line_says_what_is_allowed() -> None:
    read = argument(whole(1, 8))
    assert read("3") == 3
    with pytest.raises(argparse.ArgumentTypeError, match="'9'; allowed: whole numbers from 1 to 8"):
        read("9")


@dataclass(frozen=True, kw_only=True)
class Little:
    """Two options, one of them secret."""

    batch_ms: int = option(whole(1, 9), "How long", 5)
    password: str = option(LETTERS, "The secret", mask=lambda value: MASK)


def test_an_option_has_its_names_and_hides_its_secret() -> None:
    """Contract: environment and flag follow from the key; neither `shown` nor the repr tells a secret."""
    known = options_of(Little)
    assert (known["batch_ms"].environment, known["batch_ms"].flag) == ("TIDELINE_BATCH_MS", "--batch-ms")
    assert (known["batch_ms"].default_text, known["password"].default_text) == ("`5`", "(must be given)")
    assert (known["password"].shown("abc"), known["batch_ms"].shown(7)) == (MASK, "7")
    assert known["password"].secret("abc")
    assert "abc" not in repr(Little(password="abc"))
