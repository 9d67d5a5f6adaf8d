"""Records of the policy topic, told apart by their keys."""

from __future__ import annotations

import pytest

from tests.unit.udfs.core.push.learned.test_push_known import known
from tideline.schemas.errors import InvalidRecord
from tideline.udfs.core.budgets.standing import Standing, encode_standing
from tideline.udfs.core.policies.arm_key import PUSH_KEY, LedgerKey
from tideline.udfs.core.policies.policy_table import PolicyRow, cold_row, encode_row
from tideline.udfs.core.push.learned.policy_records import decode_record
from tideline.udfs.core.push.learned.push_known import PushKnown, encode_known


def test_a_record_is_what_its_key_says() -> None:
    """Contract: a row, a standing, or what is known of pushes; what does not fit its key is refused."""
    row, standing = encode_row(cold_row(), "a"), encode_standing("a", Standing(price=3))
    pushes = encode_known(known(), 9)
    kinds = [decode_record(*each) for each in ((b"3|a", row, 4), (LedgerKey("a").value, standing, 4))]
    assert [(name, type(each), each.version) for name, each in kinds] == [("a", PolicyRow, 4), ("a", Standing, 4)]
    name, found = decode_record(PUSH_KEY, pushes, 4)
    assert (name, type(found), found.version, found.epoch) == ("", PushKnown, 4, 9)
    for key, value in ((PUSH_KEY, row), (b"3|a", pushes), (None, standing)):
        with pytest.raises(InvalidRecord):
            decode_record(key, value, 0)
