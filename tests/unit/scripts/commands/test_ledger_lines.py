"""What is told of a budget and a floor."""

from __future__ import annotations

from typing import Any

from tests.support.core_world import NOON_MS, activity
from tideline.scripts.commands.ledger_lines import ledger_document, ledger_line, standings_in
from tideline.udfs.core.budgets.standing import Standing, encode_standing
from tideline.udfs.core.catalogue.competing import Variant, variant_mark
from tideline.udfs.core.policies.arm_key import LedgerKey
from tideline.udfs.core.policies.policy_start import TopicRecord

STANDING = Standing(2**23, 0, True, as_of_ms=NOON_MS, spent_cents=1250, pending_cents=120)
SHOWN: dict[str, Any] = {"impressions": 480, "busiest_hour": 36_000, "sold": 3}
FREE: dict[str, Any] = {"budget": None, "total_cap": None, "stock": None}


def test_the_newest_record_of_an_activity_counts() -> None:
    """Contract: rows of the policy and records without a value are passed over."""
    key = LedgerKey("a").value
    records = [
        TopicRecord(0, key, encode_standing("a", Standing()), NOON_MS),
        TopicRecord(1, b"3|a", b"a row", NOON_MS),
        TopicRecord(2, key, encode_standing("a", STANDING), NOON_MS),
        TopicRecord(3, key, None, NOON_MS),
    ]
    assert standings_in(records) == ({"a": STANDING._replace(version=2)}, {})


def test_a_record_that_cannot_be_read_keeps_none_of_the_others_from_being_told() -> None:
    """Contract: whose it is and why; what was said before stays, and a later one that can be read ends it."""
    good, bad = encode_standing("a", STANDING), encode_standing("a", STANDING)[:-1]
    keys = [LedgerKey(name).value for name in ("a", "b", "c", "a", "b")]
    values = [good, bad, encode_standing("c", STANDING), bad, encode_standing("b", STANDING)]
    found = standings_in(TopicRecord(at, *each, NOON_MS) for at, each in enumerate(zip(keys, values, strict=True)))
    known = {name: each.version for name, each in found.known.items()}
    assert (known, list(found.refused)) == ({"a": 0, "b": 4, "c": 2}, ["a"])
    assert found.refused["a"].startswith("offset 3: ")


def test_a_record_of_a_job_that_was_taken_over_from_does_not_count() -> None:
    """Contract: as for a ranker, behind one of a higher epoch."""
    key = LedgerKey("a").value
    told = [encode_standing("a", STANDING._replace(epoch=epoch)) for epoch in (4, 5, 4)]
    found = standings_in(TopicRecord(at, key, value, NOON_MS) for at, value in enumerate(told))
    assert found.known["a"].version == 1


def test_amounts_are_in_units_of_money() -> None:
    told = ledger_document(STANDING._replace(**SHOWN))
    assert told == {
        "spent": 12.5, "pending": 1.2, "price": 0.5, "offset": 0.0, "stopped": True, "as_of_ms": NOON_MS,
        "impressions": 480, "sold": 3, "beyond": 44, "shares": {},
    }  # fmt: skip
    money = "spent 12.50 of 20.00, 1.20 expected yet; a unit of money costs 0.5000 of score"
    assert ledger_line(told, FREE | {"budget": 20.0}) == money
    assert ledger_document(None) is None


def test_a_floor_says_what_is_added() -> None:
    owed = ledger_document(Standing(offset=2**20))
    assert owed is not None
    assert ledger_line(owed, FREE) == "owed, so 0.0625 is added to its score"
    assert ledger_line(owed | {"offset": 0.0}, FREE) == "owed nothing"


def test_a_total_cap_says_how_many_more_readers_may_see() -> None:
    """Contract: at the rate of its busiest hour, until they know of a stop; and a stock says what is gone of it."""
    told = ledger_document(STANDING._replace(**SHOWN))
    assert told is not None
    capped = FREE | {"total_cap": 500, "stock": {"left": 40, "as_of_ms": NOON_MS}}
    shown = "shown 480 of 500 times at most; up to 44 more before readers know of its stop"
    assert ledger_line(told, capped) == f"3 gone of 40 in stock; {shown}"


def test_shares_that_earn_are_told_by_the_variants_ids() -> None:
    """Contract: in the order in which they are stated; one that the activity no longer has is not told."""
    varied = activity("a", variants=(Variant("red"), Variant("cow")), split="earn")
    shares = (variant_mark("a", "cow"), 192, variant_mark("a", "red"), 26, variant_mark("a", "goat"), 38)
    told = ledger_document(Standing(shares=shares), varied)
    assert told is not None
    assert told["shares"] == {"red": 26 / 256, "cow": 0.75}
    assert ledger_line(told, FREE) == "shares of its variants: red 10.2%, cow 75.0%"
