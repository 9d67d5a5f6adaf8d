"""What a record of the policy topic tells a ranker, by its key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.udfs.core.budgets.standing import decode_standing
from tideline.udfs.core.policies.arm_key import PUSH_KEY, decode_ledger_key
from tideline.udfs.core.policies.policy_table import decode_row
from tideline.udfs.core.push.learned.push_known import decode_known

if TYPE_CHECKING:
    from tideline.udfs.core.budgets.standing import Standing
    from tideline.udfs.core.policies.policy_table import PolicyRow
    from tideline.udfs.core.push.learned.push_known import PushKnown


def decode_record(key: bytes | None, value: bytes, offset: int) -> tuple[str, PolicyRow | Standing | PushKnown]:
    """Return what a record says, and of which activity; of what is known of pushes that is none.

    Raises InvalidRecord where it says none of these.
    """
    if key == PUSH_KEY:
        return "", decode_known(value, offset)
    return decode_standing(value, offset) if decode_ledger_key(key) is not None else decode_row(value, offset)
