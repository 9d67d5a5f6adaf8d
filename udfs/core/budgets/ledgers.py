"""All ledgers of a deployment: feedback in, what to keep and where each activity stands out.

Activities without budget, total cap, stock, floor and variants that earn have none, and where no activity has one
nothing is counted.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.udfs.core.budgets.committed import cohorts_of, pending_of
from tideline.udfs.core.budgets.ledger import (
    HOUR_MS,
    HOURLY_MS,
    NO_LAGS,
    NO_LEDGER,
    by_cut,
    by_day,
    decode_ledger,
    encode_ledger,
    entries,
    lags_of,
    merged,
)
from tideline.udfs.core.budgets.pacing import in_price_units
from tideline.udfs.core.budgets.standing import EVERY_ID, Moment, Standing, standing_of
from tideline.udfs.core.budgets.terms import decode_terms, encode_terms, following, over, stocked, terms_of
from tideline.udfs.core.budgets.told import Told
from tideline.udfs.core.variants.variant_sums import (
    NO_VARIANT_SUMS,
    decode_variant_sums,
    earns,
    encode_variant_sums,
    published_shares,
    restated,
    with_feedback,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.budgets.committed import Pending
    from tideline.udfs.core.catalogue.activity import Activity


class LedgerSettings(NamedTuple):
    """How ledgers are read."""

    window_ms: int = 0
    """So long conversions of an impression can come."""
    worth: tuple[float, float] = (5.0, 0.0)
    """Of a conversion and of a unit of revenue, scaled as scores are."""
    in_round: int = 0
    """In so many publications each standing is in one of them; 0: what does not move is in none."""
    keeps_clicks: bool = False
    """Whether lists are to keep a share of the clicks they could have."""


class KeptLedgers(NamedTuple):
    """What ledgers are restored from: bytes by activity, and the newest time learned of."""

    ledgers: Mapping[str, bytes] = MappingProxyType({})
    terms: Mapping[str, bytes] = MappingProxyType({})
    newest_ms: int = 0
    told: Mapping[str, bytes] = MappingProxyType({})
    """Records of the standings that were published."""
    turn: int = 0
    variants: Mapping[str, bytes] = MappingProxyType({})
    """What came of each variant, where shares earn."""


class ChangedLedgers(NamedTuple):
    """What feedback changed: bytes to keep, and ids of which neither ledger nor terms are needed any more."""

    kept: dict[str, bytes]
    gone: list[str]
    newest_ms: int
    variants: dict[str, bytes]


class Due(NamedTuple):
    """Standings to publish, to be kept as they are published; how many activities are stopped; whose turn it was."""

    standings: list[tuple[str, Standing]]
    stopped: int
    turn: int


class Ledgers:
    """Terms and ledgers by activity."""

    def __init__(self, settings: LedgerSettings, kept: KeptLedgers) -> None:
        self._settings = settings
        self._terms = {name: decode_terms(each) for name, each in kept.terms.items()}
        known = {name: decode_ledger(each) for name, each in kept.ledgers.items()}
        self._ledgers = {name: ledger for name, (ledger, _) in known.items()}
        self._lags = {name: lags for name, (_, lags) in known.items()}
        self._variants = {name: decode_variant_sums(each) for name, each in kept.variants.items()}
        self._newest_ms = kept.newest_ms
        self._told = Told(kept.told, kept.turn, settings.in_round)
        self._has_click_worth = settings.keeps_clicks or EVERY_ID in kept.told
        self._click_worth = 0

    def __bool__(self) -> bool:
        """Return whether there is anything to tell."""
        return bool(self._terms) or self._has_click_worth

    def value_clicks(self, more: float) -> None:
        """Let a click be worth so much more than by the weights, from the next publication on."""
        self._click_worth = in_price_units(more)

    def note(self, name: str, activity: Activity | None) -> bytes | None:
        """Take in an activity, or that it was deleted; return its terms as bytes, None where it has none to keep.

        One whose terms are over keeps its ledger until nothing can come of its lists: put in again, it goes on.
        """
        known = self._terms.get(name)
        if activity is not None:
            before = self._variants.pop(name, NO_VARIANT_SUMS)
            if earns(activity):
                self._variants[name] = restated(before, activity)
        terms = None if activity is None else terms_of(activity, self._newest_ms)
        if terms is not None:
            terms = stocked(known, terms, self._ledgers.get(name, NO_LEDGER))
        if known is not None:
            terms = over(known) if terms is None else following(known, terms)
        if terms is None:
            return None
        self._terms[name] = terms
        return encode_terms(terms)

    def variant_sums(self, name: str) -> bytes | None:
        """Return what came of an activity's variants as bytes, None where no shares earn."""
        sums = self._variants.get(name)
        return None if sums is None else encode_variant_sums(sums)

    def learn(self, rows_of: Mapping[str, NDArray[Any]]) -> ChangedLedgers:
        """Add feedback rows (dtype ROWS) by activity, those that were admitted."""
        changed: dict[str, bytes] = {}
        of_variants: dict[str, bytes] = {}
        for name, rows in rows_of.items():
            self._newest_ms = max(self._newest_ms, int(rows["ts_ms"].max(initial=0)))
            if name in self._terms:
                changed[name] = self._add(name, rows)
            if name in self._variants:
                self._variants[name] = with_feedback(self._variants[name], rows)
                of_variants[name] = encode_variant_sums(self._variants[name])
        gone = self._over()
        owed = [terms.since_ms // HOUR_MS for terms in self._terms.values() if terms.floor > 0.0]
        if owed and rows_of:
            more = entries(np.concatenate(list(rows_of.values())), 0, 0)
            every = by_cut(merged([self._ledgers.get(EVERY_ID, NO_LEDGER), more]), owed)
            self._ledgers[EVERY_ID], changed[EVERY_ID] = every, encode_ledger(every)
        elif not owed and EVERY_ID in self._ledgers:
            gone.append(EVERY_ID)
        for name in gone:
            self._terms.pop(name, None)
            self._ledgers.pop(name, None)
            self._lags.pop(name, None)
            self._variants.pop(name, None)
            self._told.forget(name)
            changed.pop(name, None)
            of_variants.pop(name, None)
        return ChangedLedgers(changed, gone, self._newest_ms, of_variants)

    def _add(self, name: str, rows: NDArray[Any]) -> bytes:
        terms, older_ms = self._terms[name], max(HOURLY_MS, self._settings.window_ms)
        sums = merged([self._ledgers.get(name, NO_LEDGER), entries(rows, terms.cost_cents, terms.least_cost_cents)])
        self._ledgers[name] = by_day(sums, older_ms, [terms.since_ms // HOUR_MS, terms.planned_ms // HOUR_MS])
        self._lags[name] = self._lags.get(name, NO_LAGS) + lags_of(rows)
        return encode_ledger(self._ledgers[name], self._lags[name])

    def _over(self) -> list[str]:
        """Return the activities whose terms are over and of whose lists nothing more can come."""
        before = (self._newest_ms - self._settings.window_ms) // HOUR_MS
        over = sorted(name for name, terms in self._terms.items() if terms.is_over)
        return [name for name in over if self._ledgers.get(name, NO_LEDGER)["hour"].max(initial=-1) < before]

    def due(self) -> Due:
        """Count a publication, and return what it is to hold: what moved, and what has its turn."""
        found = self.standings()
        return Due(self._told.due(found) if found else [], self._told.stopped(), self._told.turn)

    def all(self, name: str | None = None) -> Due:
        """Return the standing of one activity, of every one without it, to be published whether it moved or not."""
        told = self._told.tell(self.standings(None if name is None else [name]))
        return Due(told, self._told.stopped(), self._told.turn)

    def standings(self, names: Sequence[str] | None = None) -> list[tuple[str, Standing]]:
        """Return where some activities with terms stand, all by rising id without names; one that is over is free.

        Between two publications one costs the same however many there are: each that is noted is asked for.
        """
        some = sorted(self._terms) if names is None else names
        every = Standing(self._click_worth, as_of_ms=self._newest_ms)
        clicks = [(EVERY_ID, every)] if names is None and self._has_click_worth else []
        if not some:
            return clicks
        window_ms = max(self._settings.window_ms, 1)
        known = [(self._ledgers.get(name, NO_LEDGER), self._lags.get(name, NO_LAGS)) for name in some]
        pending = pending_of(cohorts_of(known, self._newest_ms, window_ms), window_ms)
        moment = Moment(self._newest_ms, self._settings.worth, self._ledgers.get(EVERY_ID, NO_LEDGER))
        return clicks + [(name, self._standing(name, each, moment)) for name, each in zip(some, pending, strict=True)]

    def _standing(self, name: str, pending: Pending, moment: Moment) -> Standing:
        found = standing_of(self._terms[name], self._ledgers.get(name, NO_LEDGER), pending, moment)
        sums = None if self._terms[name].is_over else self._variants.get(name)
        return found if sums is None else found._replace(shares=published_shares(sums))
