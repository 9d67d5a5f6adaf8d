"""What an activity's ledger is held against: its budget and cost, its time, the share of impressions it is owed.

State bytes: version 1, golden file tests/golden/terms_v1.bin.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tideline.udfs.core.catalogue.activity import Activity

TERMS_VERSION = 1
NO_BUDGET = -1
_CENTS = 100
_FORM = struct.Struct("<BqqqqddqB")


class Terms(NamedTuple):
    """The terms of one activity; amounts in whole cents."""

    budget_cents: int
    """NO_BUDGET where nothing limits what may be spent."""
    cost_cents: int
    starts_ms: int
    ends_ms: int
    floor: float
    reward_value: float
    since_ms: int
    """When they were first given, at the earliest its start: a budget is planned and a share is owed from then on."""
    is_over: bool = False
    """The activity is deleted, or has neither budget nor floor any more."""


def terms_of(activity: Activity, since_ms: int) -> Terms | None:
    """Return the terms of an activity, None for one that neither spends of a budget nor is owed impressions.

    One that costs nothing spends nothing, whatever its budget; a cost below a cent is one.
    """
    has_budget = activity.budget is not None and activity.cost > 0.0
    if not has_budget and activity.exposure_floor <= 0.0:
        return None
    return Terms(
        round(activity.budget * _CENTS) if has_budget and activity.budget is not None else NO_BUDGET,
        max(round(activity.cost * _CENTS), 1) if activity.cost > 0.0 else 0,
        activity.starts_ms,
        activity.ends_ms,
        activity.exposure_floor,
        activity.reward_value,
        max(since_ms, activity.starts_ms),
    )


def encode_terms(terms: Terms) -> bytes:
    """Return the state bytes of terms."""
    return _FORM.pack(TERMS_VERSION, *terms)


def decode_terms(data: bytes) -> Terms:
    """Return the terms of state bytes.

    Raises:
        ValueError: a version this build does not read.
    """
    if data[0] != TERMS_VERSION:
        raise ValueError(f"terms of version {data[0]}; this build reads {TERMS_VERSION}")
    *numbers, is_over = _FORM.unpack(data)[1:]
    return Terms(*numbers)._replace(is_over=bool(is_over))
