"""Where an activity stands with its budget, total cap, stock and floor: what rankers are told, by the policy topic.

A standing is a function of the ledger, the terms and the newest time that was learned of.
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.schemas.records import LEDGER
from tideline.udfs.core.budgets.ledger import HOUR_MS, HOURLY_MS
from tideline.udfs.core.budgets.owed_exposure import floor_offset
from tideline.udfs.core.budgets.pacing import Pacing, in_price_units, plan_of, pressure
from tideline.udfs.core.budgets.spending_stop import MAX_LEASE_MS, lease_ms, must_stop
from tideline.udfs.core.budgets.terms import NO_LIMIT, Terms

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from tideline.udfs.core.budgets.committed import Pending

EVERY_ID = "*"
"""Stands for all activities together: what floors are shares of, and how much more a click is worth. No activity has
this id."""
_WHOLE = 100
_FIRST_SHARE = 0.1
"""Of what a conversion is worth, until spending has shown more: what its cost takes away at the first price."""


class Standing(NamedTuple):
    """What one activity's limits and floor say at a moment."""

    price: int = 0
    """Worth of a unit of money, in 2^-24: what spending one takes from a score."""
    offset: int = 0
    """Worth added to every score, in 2^-24."""
    stopped: bool = False
    """It is to be shown to nobody."""
    lease_ms: int = MAX_LEASE_MS
    """So long a list may show it, from its own time or, where it is later, the newest that was learned of."""
    as_of_ms: int = 0
    """Newest time of what it was learned from."""
    spent_cents: int = 0
    pending_cents: int = 0
    """Expected of impressions that may still convert."""
    epoch: int = 0
    """Which submission of the job published it, see fence.py."""
    version: int = -1
    """Offset of the record."""
    impressions: int = 0
    busiest_hour: int = 0
    """Impressions in it."""
    sold: int = 0
    """Conversions since its stock was stated."""
    shares: tuple[int, ...] = ()
    """Where its variants earn: mark and share of 256 of each in turn."""


NO_STANDINGS: Mapping[str, Standing] = MappingProxyType({})


class Moment(NamedTuple):
    """What all activities' standings are worked out with."""

    now_ms: int
    worth: tuple[float, float]
    """Of a conversion, and of a unit of revenue."""
    every: NDArray[Any]
    """The ledger of all together."""


def standing_of(terms: Terms, ledger: NDArray[Any], pending: Pending, moment: Moment) -> Standing:
    """Return where an activity stands by its ledger, and by what is still to come of it."""
    if terms.is_over:
        return Standing(as_of_ms=moment.now_ms)
    total = _Total(
        int(ledger["impressions"].sum()), int(ledger["conversions"].sum()), int(ledger["cost_cents"].sum()), pending
    )
    limits = list(_limits(terms, total))
    stopped = any(each.stopped for each in limits)
    busiest = _busiest_hour(ledger)
    known = Standing(
        offset=in_price_units(_offset(terms, ledger, moment.every)),
        stopped=stopped,
        lease_ms=min((lease_ms(each.left, busiest * 1000.0 / HOUR_MS) for each in limits), default=MAX_LEASE_MS),
        as_of_ms=moment.now_ms,
        impressions=total.impressions,
        busiest_hour=busiest,
        sold=total.conversions - terms.sold_before if terms.stock != NO_LIMIT else 0,
    )
    if terms.budget_cents == NO_LIMIT:
        return known
    committed = ledger["cost_cents"] + terms.cost_cents * pending.by_hour
    return known._replace(
        price=0 if stopped else in_price_units(_price(terms, ledger["hour"], committed, moment)),
        spent_cents=total.spent_cents,
        pending_cents=round(terms.cost_cents * total.expected),
    )


class _Total(NamedTuple):
    """A ledger in all, and what is pending."""

    impressions: int
    conversions: int
    spent_cents: int
    pending: Pending

    @property
    def expected(self) -> float:
        """Conversions that are to be expected yet."""
        return float(self.pending.by_hour.sum())


class _Limit(NamedTuple):
    """Whether it stops an activity, and how many impressions are left at what they have led to so far."""

    stopped: bool
    left: float


def _limits(terms: Terms, total: _Total) -> Iterator[_Limit]:
    """Yield what budget, stock and total cap say."""
    shown, expected, pending = float(total.impressions), total.expected, total.pending
    if terms.budget_cents != NO_LIMIT:
        spent, cost = total.spent_cents, terms.cost_cents
        left = _impressions_for(terms.budget_cents, spent + cost * expected, shown)
        yield _Limit(must_stop(spent, pending.most, cost, terms.budget_cents), left)
    if terms.stock != NO_LIMIT:
        sold = total.conversions - terms.sold_before
        left = _impressions_for(terms.stock, sold + expected, shown)
        yield _Limit(must_stop(sold, pending.most, 1, terms.stock), left)
    if terms.total_cap != NO_LIMIT:
        yield _Limit(shown >= terms.total_cap, max(terms.total_cap - shown, 0.0))


def _impressions_for(limit: int, committed: float, shown: float) -> float:
    """Return for how many impressions what is left of a limit lasts; no end where nothing came of any yet."""
    return math.inf if shown <= 0.0 or committed <= 0.0 else max(limit - committed, 0.0) * shown / committed


def _price(terms: Terms, hours: NDArray[np.int64], committed: NDArray[np.float64], moment: Moment) -> float:
    conversion, revenue = moment.worth
    first = _FIRST_SHARE * (conversion + revenue * terms.reward_value) * _WHOLE / terms.cost_cents
    begun_ms, pacing = _begun_ms(terms, hours), list(Pacing)[terms.pacing]
    if pacing is Pacing.NONE:
        return 0.0
    plan, is_planned = plan_of(begun_ms, terms.ends_ms, pacing), hours >= begun_ms // HOUR_MS
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


def _busiest_hour(ledger: NDArray[Any]) -> int:
    """Return the most impressions of an hour of the last weeks: what is older is not kept by hour."""
    recent = ledger["hour"] >= ledger["hour"].max(initial=0) - HOURLY_MS // HOUR_MS
    return int(ledger["impressions"][recent].max(initial=0))


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
    shares = tuple(record.pop("shares"))
    return record.pop("activity_id"), Standing(**record, shares=shares, version=offset)
