"""Where an activity stands with its budget and its floor: what rankers are told of it, as a record of the policy topic.

A standing is a function of the ledger, the terms and the newest time that was learned of.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.schemas.records import LEDGER
from tideline.udfs.core.budgets.committed import pending_of
from tideline.udfs.core.budgets.ledger import HOUR_MS, HOURLY_MS
from tideline.udfs.core.budgets.owed_exposure import floor_offset
from tideline.udfs.core.budgets.pacing import in_price_units, plan_of, pressure
from tideline.udfs.core.budgets.spending_stop import MAX_LEASE_MS, lease_ms, must_stop
from tideline.udfs.core.budgets.terms import NO_BUDGET, Terms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tideline.udfs.core.budgets.committed import Cohorts

_WHOLE = 100
_FIRST_SHARE = 0.1
"""Of what a conversion is worth, until spending has shown more: what its cost takes away at the first price."""


class Standing(NamedTuple):
    """What one activity's budget and floor say at a moment."""

    price: int = 0
    """Worth of a unit of money, in 2^-24: what spending one takes from a score."""
    offset: int = 0
    """Worth added to every score, in 2^-24."""
    stopped: bool = False
    """It is to be shown to nobody."""
    lease_ms: int = MAX_LEASE_MS
    """So long a list may show it without being renewed."""
    as_of_ms: int = 0
    """Newest time of what it was learned from."""
    spent_cents: int = 0
    pending_cents: int = 0
    """Expected of impressions that may still convert."""
    epoch: int = 0
    """Which submission of the job published it, see fence.py."""
    version: int = -1
    """Offset of the record."""


NO_STANDINGS: Mapping[str, Standing] = MappingProxyType({})


class Moment(NamedTuple):
    """What all activities' standings are worked out with."""

    now_ms: int
    delays: NDArray[np.float64]
    """How likely each mean delay of a conversion is, see committed.py."""
    worth: tuple[float, float]
    """Of a conversion, and of a unit of revenue."""


def standing_of(terms: Terms, ledger: NDArray[Any], cohorts: Cohorts, every: NDArray[Any], moment: Moment) -> Standing:
    """Return where an activity stands by its ledger, the same as cohorts, and the ledger of all together."""
    offset = in_price_units(_offset(terms, ledger, every))
    if terms.budget_cents == NO_BUDGET:
        return Standing(offset=offset, as_of_ms=moment.now_ms)
    pending = pending_of(cohorts, moment.delays)
    spent_cents, pending_cents = int(ledger["cost_cents"].sum()), terms.cost_cents * float(pending.by_hour.sum())
    committed = ledger["cost_cents"] + terms.cost_cents * pending.by_hour
    stopped = must_stop(spent_cents, pending.upper, terms.cost_cents, terms.budget_cents)
    return Standing(
        0 if stopped else in_price_units(_price(terms, ledger["hour"], committed, moment)),
        offset,
        stopped,
        _lease(terms, ledger, spent_cents + pending_cents),
        moment.now_ms,
        spent_cents,
        round(pending_cents),
    )


def _price(terms: Terms, hours: NDArray[np.int64], committed: NDArray[np.float64], moment: Moment) -> float:
    conversion, revenue = moment.worth
    first = _FIRST_SHARE * (conversion + revenue * terms.reward_value) * _WHOLE / terms.cost_cents
    begun_ms = _begun_ms(terms, hours)
    plan, is_planned = plan_of(begun_ms, terms.ends_ms), hours >= begun_ms // HOUR_MS
    period, gone = plan.gone(moment.now_ms)
    place = np.minimum(plan.period(hours[is_planned]), period)
    spent = np.bincount(place, committed[is_planned], minlength=period + 1).astype(np.float64)
    left = max(terms.budget_cents - float(committed[~is_planned].sum()), float(terms.cost_cents))
    return max(first, 0.0) * pressure(spent, plan, left, gone)


def _begun_ms(terms: Terms, hours: NDArray[np.int64]) -> int:
    """Return when spending began: no plan is behind for the time before it was made, or before anything was shown."""
    begun_ms = max(terms.planned_ms, int(hours.min()) * HOUR_MS if hours.size else 0)
    return min(begun_ms, terms.ends_ms - 1)


def _offset(terms: Terms, ledger: NDArray[Any], every: NDArray[Any]) -> float:
    if terms.floor <= 0.0:
        return 0.0
    since = terms.since_ms // HOUR_MS
    own, total = (float(each["exposure"][each["hour"] >= since].sum()) / _WHOLE for each in (ledger, every))
    return floor_offset(terms.floor, own, total)


def _lease(terms: Terms, ledger: NDArray[Any], committed_cents: float) -> int:
    """Return the lease at the rate of the busiest hour, for as many impressions as what is left pays at its cost.

    That is of the last weeks: what is older is not kept by hour.
    """
    shown = ledger["impressions"].sum()
    if shown <= 0 or committed_cents <= 0.0:
        return MAX_LEASE_MS
    recent = ledger[ledger["hour"] >= ledger["hour"][-1] - HOURLY_MS // HOUR_MS]
    left = max(terms.budget_cents - committed_cents, 0.0) * float(shown) / committed_cents
    return lease_ms(left, float(recent["impressions"].max()) * 1000.0 / HOUR_MS)


def encode_standing(activity_id: str, standing: Standing) -> bytes:
    """Return the record of a standing; its version is the offset it will get, so it is not inside."""
    fields = standing._asdict()
    del fields["version"]
    return LEDGER.encode({"activity_id": activity_id, **fields})


def decode_standing(value: bytes, offset: int) -> tuple[str, Standing]:
    """Return (activity id, standing) of a record that was read at an offset.

    Raises InvalidRecord where the value is no such record.
    """
    record = LEDGER.decode(value)
    return record.pop("activity_id"), Standing(**record, version=offset)
