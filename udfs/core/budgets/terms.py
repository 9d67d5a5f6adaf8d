"""What an activity's ledger is held against: budget and cost, total cap, stock, time, the share that it is owed.

State bytes: version 3, golden file tests/golden/terms_v3.bin.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, NamedTuple

from tideline.udfs.core.budgets.ledger import HOUR_MS
from tideline.udfs.core.budgets.pacing import Pacing
from tideline.udfs.core.variants.variant_sums import earns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.udfs.core.catalogue.activity import Activity

TERMS_VERSION = 3
NO_LIMIT = -1
_CENTS = 100
_FORM = struct.Struct("<BqqqqddqqqqqqqBBB")


class Terms(NamedTuple):
    """The terms of one activity; amounts in whole cents."""

    budget_cents: int
    """NO_LIMIT where nothing limits what may be spent; so for the others."""
    cost_cents: int
    starts_ms: int
    ends_ms: int
    floor: float
    reward_value: float
    since_ms: int
    """From when on a share is owed: when the floor was given, at the earliest the start."""
    planned_ms: int
    """From when on what was left of the budget then is planned: when it, its time or the status last changed."""
    least_cost_cents: int
    """The least a conversion ever cost: what is given back of one that is taken back."""
    total_cap: int
    """Impressions in all."""
    stock: int
    """So many conversions may come after the first `sold_before` of the ledger."""
    stock_ms: int
    sold_before: int
    pacing: int
    """Its number in Pacing."""
    is_open: bool
    """Its status is active."""
    is_over: bool = False
    """The activity is deleted, or has neither budget nor floor any more."""


def terms_of(activity: Activity, now_ms: int) -> Terms | None:
    """Return the terms of an activity that has none yet, None for one that needs none.

    It needs them that spends of a budget, is owed impressions, or has variants whose shares earn. One that costs
    nothing spends nothing, whatever its budget; a cost below a cent is one.
    """
    has_budget = activity.budget is not None and activity.cost > 0.0
    total_cap, stock = activity.total_cap, activity.stock
    owes = has_budget, activity.exposure_floor > 0.0, total_cap is not None, stock is not None, earns(activity)
    if not any(owes):
        return None
    cost_cents = max(round(activity.cost * _CENTS), 1) if activity.cost > 0.0 else 0
    begins_ms = max(now_ms, activity.starts_ms)
    return Terms(
        round(activity.budget * _CENTS) if has_budget and activity.budget is not None else NO_LIMIT,
        cost_cents,
        activity.starts_ms,
        activity.ends_ms,
        activity.exposure_floor,
        activity.reward_value,
        begins_ms,
        begins_ms,
        cost_cents,
        NO_LIMIT if total_cap is None else total_cap,
        NO_LIMIT if stock is None else stock.left,
        0 if stock is None else stock.as_of_ms,
        0,
        list(Pacing).index(Pacing(activity.pacing)),
        activity.status == "active",
    )


def over(terms: Terms) -> Terms:
    """Return the terms of an activity that was deleted, or that nothing limits or owes any more."""
    return terms._replace(budget_cents=NO_LIMIT, floor=0.0, is_over=True)


def following(before: Terms, after: Terms) -> Terms:
    """Return terms that follow others of the activity, as of the moment that `after` are of.

    What did not change goes on from where it was. A changed budget or time, and one that opens again, is planned anew
    over what is left: else it would make up for what another plan had, all at once, or not be shown until it had.
    Nothing is owed for a time in which it was not open.
    """
    goes_on = not before.is_over and (before.is_open or not after.is_open)
    as_before = goes_on and _plan_of(before) == _plan_of(after)
    is_owed_on = goes_on and before.floor > 0.0 and before.starts_ms >= after.starts_ms
    costs = [each for each in (before.least_cost_cents, after.least_cost_cents) if each]
    return after._replace(
        since_ms=before.since_ms if is_owed_on else after.since_ms,
        planned_ms=before.planned_ms if as_before else after.planned_ms,
        least_cost_cents=min(costs, default=0),
    )


def stocked(before: Terms | None, after: Terms, ledger: NDArray[Any]) -> Terms:
    """Return terms that say how much of the ledger was sold before their stock was stated.

    A statement that comes again is the same one: it fills nothing up. Of conversions that were known already, those of
    lists made before the hour of the statement are taken for sold before it.
    """
    if before is not None and (before.stock, before.stock_ms) == (after.stock, after.stock_ms):
        return after._replace(sold_before=before.sold_before)
    sold = ledger["conversions"][ledger["hour"] < after.stock_ms // HOUR_MS].sum()
    return after._replace(sold_before=int(sold))


def _plan_of(terms: Terms) -> tuple[int, int, int, int]:
    return terms.budget_cents, terms.starts_ms, terms.ends_ms, terms.pacing


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
    terms = Terms(*_FORM.unpack(data)[1:])
    return terms._replace(is_open=bool(terms.is_open), is_over=bool(terms.is_over))
