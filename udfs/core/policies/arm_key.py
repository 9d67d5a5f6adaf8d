"""What is learned and published is about an arm, an activity under an encoder version; its keys and their texts.

    encoder|activity                in the learner's state
    encoder|activity[|regression]   on the policy topic: with how the row was solved, where not as the deployment's
    ledger|activity                 there too: where it stands with its budget and floor
    costs                           there too: what rules cost the lists of the last days
    push                            there too: what is known of messages to users
    sums|encoder|activity           there too, where a replay has learned: the sums themselves

No activity id holds a bar, and none is one of the two names that stand for no single activity.
"""

from __future__ import annotations

from typing import NamedTuple

from tideline.schemas.fields import is_identifier
from tideline.udfs.core.budgets.standing import EVERY_ID

PRIOR_ID = "*"
"""Stands for an activity nobody has seen: what all activities have in common."""
GONE_ID = "~"
"""Stands for all deleted activities together."""
_BAR = "|"
_LEDGER = "ledger"
_SUMS = b"sums|"
COSTS_KEY = b"costs"
"""Key of the record of what rules cost."""
PUSH_KEY = b"push"
"""Key of the record of what is known of messages to users."""


class ArmKey(NamedTuple):
    """An activity under an encoder version.

    >>> ArmKey(3, "tea-10").text
    '3|tea-10'
    """

    encoder: int
    activity_id: str

    @property
    def text(self) -> str:
        """The key as state holds it."""
        return f"{self.encoder}{_BAR}{self.activity_id}"


class RowKey(NamedTuple):
    """What a policy record is about, and the name of its regression, empty for the deployment's.

    >>> RowKey(ArmKey(3, "tea-10"), "none:ridge=2.0").value
    b'3|tea-10|none:ridge=2.0'
    """

    arm: ArmKey
    regression: str = ""

    @property
    def value(self) -> bytes:
        """The key of the record."""
        return (self.arm.text + (_BAR + self.regression if self.regression else "")).encode()


def decode_arm(text: str) -> ArmKey:
    """Return the key of a text.

    >>> decode_arm("3|tea-10")
    ArmKey(encoder=3, activity_id='tea-10')

    Raises:
        ValueError: it is none.
    """
    encoder, bar, activity_id = text.partition(_BAR)
    known = is_identifier(activity_id) or activity_id in (PRIOR_ID, GONE_ID)
    if not (bar and encoder.isascii() and encoder.isdigit() and known):
        raise ValueError(f"{text!r} is no key of an arm; allowed: encoder|activity, as in 3|tea-10")
    return ArmKey(int(encoder), activity_id)


def decode_row_key(key: bytes | None) -> RowKey | None:
    """Return the key of a policy record, None where it is none.

    >>> decode_row_key(b"3|*")
    RowKey(arm=ArmKey(encoder=3, activity_id='*'), regression='')
    """
    try:
        encoder, activity_id, *regression = (key or b"").decode().split(_BAR, 2)
        return RowKey(decode_arm(f"{encoder}{_BAR}{activity_id}"), *regression)
    except ValueError:
        return None


class LedgerKey(NamedTuple):
    """What a record of a standing is about.

    >>> LedgerKey("tea-10").value
    b'ledger|tea-10'
    """

    activity_id: str

    @property
    def value(self) -> bytes:
        """The key of the record."""
        return f"{_LEDGER}{_BAR}{self.activity_id}".encode()


def decode_ledger_key(key: bytes | None) -> LedgerKey | None:
    """Return the key of a standing's record, None where it is none.

    >>> decode_ledger_key(b"ledger|tea-10"), decode_ledger_key(b"3|tea-10")
    (LedgerKey(activity_id='tea-10'), None)
    >>> decode_ledger_key(b"ledger|*")  # all activities together
    LedgerKey(activity_id='*')
    """
    try:
        kind, bar, activity_id = (key or b"").decode().partition(_BAR)
    except ValueError:
        return None
    is_known = activity_id == EVERY_ID or is_identifier(activity_id)
    return LedgerKey(activity_id) if kind == _LEDGER and bar and is_known else None


class SumsKey(NamedTuple):
    """What a record of an arm's sums is about.

    >>> SumsKey(ArmKey(3, "tea-10")).value
    b'sums|3|tea-10'
    """

    arm: ArmKey

    @property
    def value(self) -> bytes:
        """The key of the record."""
        return _SUMS + self.arm.text.encode()


def is_sums_key(key: bytes | None) -> bool:
    """Return whether a key is that of an arm's sums.

    >>> is_sums_key(SumsKey(ArmKey(3, "tea-10")).value), is_sums_key(b"3|sums"), is_sums_key(None)
    (True, False, False)
    """
    return key is not None and key.startswith(_SUMS)
