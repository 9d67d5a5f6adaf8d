"""What is told of a budget and a floor."""

from __future__ import annotations

from tests.support.core_world import NOON_MS
from tideline.scripts.commands.ledger_lines import ledger_document, ledger_line, standings_in
from tideline.udfs.core.budgets.standing import Standing, encode_standing
from tideline.udfs.core.policies.arm_key import LedgerKey
from tideline.udfs.core.policies.policy_start import TopicRecord

STANDING = Standing(2**23, 0, True, as_of_ms=NOON_MS, spent_cents=1250, pending_cents=120)


def test_the_newest_record_of_an_activity_counts() -> None:
    """Contract: rows of the policy and records without a value are passed over."""
    key = LedgerKey("a").value
    records = [
        TopicRecord(0, key, encode_standing("a", Standing()), NOON_MS),
        TopicRecord(1, b"3|a", b"a row", NOON_MS),
        TopicRecord(2, key, encode_standing("a", STANDING), NOON_MS),
        TopicRecord(3, key, None, NOON_MS),
    ]
    assert standings_in(records) == {"a": STANDING._replace(version=2)}


def test_amounts_are_in_units_of_money() -> None:
    told = ledger_document(STANDING)
    assert told == {
        "spent": 12.5, "pending": 1.2, "price": 0.5, "offset": 0.0, "stopped": True, "as_of_ms": NOON_MS
    }  # fmt: skip
    assert ledger_line(told, 20.0) == "spent 12.50 of 20.00, 1.20 expected yet; a unit of money costs 0.5000 of score"
    assert ledger_document(None) is None


def test_a_floor_says_what_is_added() -> None:
    owed = ledger_document(Standing(offset=2**20))
    assert owed is not None
    assert ledger_line(owed, None) == "owed, so 0.0625 is added to its score"
    assert ledger_line(owed | {"offset": 0.0}, None) == "owed nothing"
