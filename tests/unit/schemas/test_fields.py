"""Records that people wrote: every refusal names field, value and what is allowed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tideline.schemas.errors import InvalidRecord, Reason
from tideline.schemas.fields import Fields, is_identifier

Read = Callable[[Fields], Any]


def fields(value: object) -> Fields:
    return Fields({"f": value}, Reason.BAD_ACTIVITY)


@pytest.mark.parametrize(
    ("read", "good", "bad", "allowed"),
    [
        (lambda each: each.identifier("f"), "a.b-c:d_1", "*", "first a letter or digit"),
        (lambda each: each.text("f", 3), "abc", "abcd", "text of 1..3 characters"),
        (lambda each: each.choice("f", ("on", "off")), "on", "On", "on, off"),
        (lambda each: each.integer("f", 1, 9), 9, 10, "a whole number of 1..9"),
        (lambda each: each.integer("f", 0, 9), 1, True, "a whole number of 0..9"),
        (lambda each: each.number("f", 0.0, 1.0), 0.5, float("nan"), "a number of 0..1"),
        (lambda each: each.moment("f"), 1_700_000_000_000, 1_700_000_000, "this looks like seconds"),
        (lambda each: each.moment("f"), 1_700_000_000_000, 1_700_000_000_000_000, "this looks like microseconds"),
        (lambda each: list(each.numbers("f", 2, 0.0, 1.0)), [1.0, 0.2], [], "1..2 numbers of 0..1"),
        (lambda each: list(each.texts("f", 1)), ["x"], ["x", "y"], "at most 1 texts"),
        (lambda each: each.number_map("f"), {"k": 1.5}, {"k": float("inf")}, "finite numbers by names"),
        (lambda each: each.text_map("f"), {"k": "v"}, {"": "v"}, "at most 64 texts by names"),
    ],
)
def test_a_field_is_what_it_must_be_or_refused(read: Read, good: Any, bad: Any, allowed: str) -> None:
    """Contract: the reason is the record's, and the detail has name, value and what is allowed."""
    assert read(fields(good)) == good
    with pytest.raises(InvalidRecord) as refused:
        read(fields(bad))
    assert refused.value.reason is Reason.BAD_ACTIVITY
    assert refused.value.detail.startswith(f"f={bad!r}"[:60])
    assert allowed in refused.value.detail


def test_a_field_too_many_and_one_too_few_are_refused() -> None:
    """Contract: a mistyped name would lift a limit without a word."""
    with pytest.raises(InvalidRecord, match="only the fields a, b"):
        Fields({"a": 1, "c": 2}, Reason.BAD_CONTROL).exactly(("a", "b"))
    with pytest.raises(InvalidRecord, match=r"b=\(missing\); allowed: it must be given"):
        Fields({"a": 1}, Reason.BAD_CONTROL).exactly(("a", "b"))
    with pytest.raises(InvalidRecord, match=r"value=\[1\]; allowed: an object"):
        Fields([1], Reason.BAD_CONTROL)


def test_a_record_inside_is_named_by_its_path_and_completed() -> None:
    inner = Fields({"cap": {"max": 3}}, Reason.BAD_ACTIVITY).inner("cap", {"window": 5}, ("max", "window"))
    assert (inner.given("max"), inner.given("window"), inner.given("none")) == (3, 5, None)
    with pytest.raises(InvalidRecord, match=r"cap\.max=3; allowed: text"):
        inner.text("max", 5)


GOOD, BAD = ("a", "0", "a" * 64), ("a" * 65, "", "-a", "a b", "ä", "a\n")


@pytest.mark.parametrize(("name", "good"), [*((each, True) for each in GOOD), *((each, False) for each in BAD)])
def test_an_identifier_means_nothing_in_keys_and_logs(name: str, good: bool) -> None:
    assert is_identifier(name) is good
