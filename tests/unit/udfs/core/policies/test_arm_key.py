"""Keys of what is learned: one text for each, and nothing else is a key."""

from __future__ import annotations

import pytest

from tideline.schemas.fields import is_identifier
from tideline.udfs.core.budgets.standing import EVERY_ID
from tideline.udfs.core.policies.arm_key import (
    GONE_ID,
    PRIOR_ID,
    ArmKey,
    LedgerKey,
    RowKey,
    decode_arm,
    decode_ledger_key,
    decode_row_key,
)
from tideline.udfs.core.policies.by_name import POLICIES, make_policy
from tideline.udfs.core.policies.policy_table import cold_row, row_key

ARMS = [ArmKey(encoder, name) for encoder in (0, 3, 65_535) for name in ("a", "a:b.c-d_9", "7", PRIOR_ID, GONE_ID)]
REGRESSIONS = sorted({make_policy(name).regression.name for name in POLICIES})


def test_texts_are_those_in_state_and_on_the_topic() -> None:
    """Contract: state and topics of any build have these bytes."""
    assert ArmKey(3, "tea-10").text == "3|tea-10"
    assert RowKey(ArmKey(3, PRIOR_ID)).value == b"3|*"
    assert RowKey(ArmKey(12, "a"), "hybrid:ridge=10.0,shared_ridge=0.25").value == (
        b"12|a|hybrid:ridge=10.0,shared_ridge=0.25"
    )
    row = cold_row()._replace(encoder=4, regression="none:ridge=2.0")
    assert row_key("a", row).value == b"4|a|none:ridge=2.0"


@pytest.mark.parametrize("arm", ARMS)
def test_a_key_is_read_back_as_it_was(arm: ArmKey) -> None:
    assert decode_arm(arm.text) == arm
    for regression in ("", *REGRESSIONS):
        assert decode_row_key(RowKey(arm, regression).value) == RowKey(arm, regression)


@pytest.mark.parametrize(
    "text", ["", "3", "3|", "|a", "a|3", "-1|a", "3 |a", "\u0663|a", "3|a|none:ridge=2.0", "3|a b", "3|**", "3|\u00e9"]
)
def test_anything_else_in_state_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no key of an arm; allowed: encoder\|activity"):
        decode_arm(text)


@pytest.mark.parametrize("key", [None, b"", b"3", b"a|b", b"\xff|a", b"3|\xff", b"3|a b|none"])
def test_anything_else_on_the_topic_is_no_key(key: bytes | None) -> None:
    assert decode_row_key(key) is None


def test_no_activity_can_be_called_as_those_that_stand_for_none() -> None:
    """Contract: the bar and both reserved names are outside the alphabet of ids."""
    assert not any(is_identifier(name) for name in (PRIOR_ID, GONE_ID, "a|b", "a|none:ridge=2.0"))


@pytest.mark.parametrize("activity_id", ["a", "a:b.c-d_9", "7", "ledger", EVERY_ID])
def test_a_standing_has_a_key_of_its_own(activity_id: str) -> None:
    """Contract: no key of a row is one of a standing, nor the other way round."""
    key = LedgerKey(activity_id).value
    assert decode_ledger_key(key) == LedgerKey(activity_id)
    assert decode_row_key(key) is None
    assert decode_ledger_key(RowKey(ArmKey(3, activity_id)).value) is None


@pytest.mark.parametrize("key", [None, b"", b"ledger", b"ledger|**", b"ledger|a|b", b"\xff|a", b"ledger|\xff"])
def test_anything_else_is_no_key_of_a_standing(key: bytes | None) -> None:
    assert decode_ledger_key(key) is None
