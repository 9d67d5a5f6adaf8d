"""What conversions are worth: reports with a token, and claims without one, settled once a batch.

A conversion has the worth that was reported last: a later report replaces an earlier one, by the difference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.schemas.events import Event, EventType
from tideline.udfs.core.hashing import activity_hash, hash64
from tideline.udfs.core.rewards.feedback import Feedback
from tideline.udfs.core.rewards.join import JoinOutcome
from tideline.udfs.core.shown.claims import assign, lag_of, take, worth
from tideline.udfs.core.shown.shown_state import (
    ASSUMED,
    CLICKED,
    CONVERSION,
    CONVERTED,
    NO_VALUE,
    PURCHASE,
    REPORTED,
    TOLD,
    UNLEARNED,
    Claim,
    Reward,
    worth_of,
)

if TYPE_CHECKING:
    from collections import defaultdict

    from tideline.udfs.core.rewards.attribution_settings import AttributionSettings
    from tideline.udfs.core.shown.remembered import Remembered


class Conversions:
    """Takes in one user's conversions and purchases; `settle` ends it."""

    def __init__(self, state: Remembered, settings: AttributionSettings, joined: defaultdict[JoinOutcome, int]) -> None:
        """Work on a state in place; what becomes of claims is counted in `joined`."""
        self._state, self._settings, self._joined = state, settings, joined
        self._touched: dict[int, Reward] = {}
        self._claims: list[Claim] = []
        self._reassign = False

    def claim(self, event: Event) -> JoinOutcome | None:
        """Take in a purchase of an item that an activity names, or a conversion that does not name its list.

        Return that it was told before or is late; None where it counts, or is about nothing that is known.
        """
        is_purchase = event.type == EventType.PURCHASE
        ref = activity_hash((event.item_id if is_purchase else event.activity_id) or "")
        if is_purchase:
            if ref not in self._settings.wanted:
                return None
            value = None if event.price is None else event.price * (1 if event.quantity is None else event.quantity)
        else:
            if (event.activity_id or "") not in self._settings.reward_value:
                self._joined[JoinOutcome.UNKNOWN_ACTIVITY] += 1
                return None
            value = event.value
        milli = NO_VALUE if value is None else self._milli(value)
        kind = PURCHASE if is_purchase else CONVERSION
        claim = Claim(hash64(event.event_id), event.ts_ms, ref, milli, kind)
        is_new = take(self._state, claim)
        self._reassign = self._reassign or is_new is not None
        if is_new:
            self._claims.append(claim)
            return None
        known = self._state.claims.get(claim.id)
        if known is not None and known.holder is not None:  # told again, perhaps otherwise
            self._touched[id(known.holder)] = known.holder
        outcome = JoinOutcome.LATE if is_new is None else JoinOutcome.DUPLICATE
        self._joined[outcome] += 1
        return outcome

    def report(self, reward: Reward, event: Event, activity_id: str) -> JoinOutcome:
        """Take in a conversion with its token, which may replace what was reported before."""
        if event.value is None:
            source, milli = ASSUMED, self._milli(self._settings.reward_value[activity_id])
        else:
            source, milli = REPORTED, self._milli(event.value)
        is_first, rank = not reward.flags & TOLD, worth_of(source, event.ts_ms, milli)
        reward.flags |= TOLD
        earliest = reward.told_lag
        reward.tell_lag(event.ts_ms)
        if reward.told_lag != earliest:
            self._touched[id(reward)] = reward
        if rank <= reward.told:
            return (
                JoinOutcome.MATCHED
                if is_first
                else JoinOutcome.DUPLICATE
                if rank == reward.told
                else JoinOutcome.SUPERSEDED
            )
        reward.tell(source, event.ts_ms, milli)
        self._touched[id(reward)] = reward
        return JoinOutcome.MATCHED if is_first else JoinOutcome.REVISED

    def holders_may_change(self) -> None:
        """Note that an entry was clicked, or that a click or a list was earlier than was known."""
        self._reassign = self._reassign or self._state.has_claims()

    def settle(self) -> list[Feedback]:
        """Give claims to their holders and return by how much each conversion's worth changed."""
        if not (self._reassign or self._touched or self._claims):
            return []
        if self._reassign:
            settings = self._settings
            for reward in assign(self._state, settings.window_ms, settings.names, settings.wanted):
                self._touched[id(reward)] = reward
        for claim in self._claims:
            self._joined[self._fate(claim)] += 1
        changes = [self._change(reward) for reward in self._touched.values()]
        return [each for each in changes if each is not None]

    def _fate(self, claim: Claim) -> JoinOutcome:
        if claim.kind == PURCHASE:
            return JoinOutcome.UNCLAIMED if claim.holder is None else JoinOutcome.BOUGHT
        if claim.holder is not None:
            return JoinOutcome.INFERRED
        clicked = any(each.activity == claim.ref and each.flags & CLICKED for each in self._state.rewards.values())
        return JoinOutcome.EXPIRED if clicked else JoinOutcome.DANGLING

    def _change(self, reward: Reward) -> Feedback | None:
        """Return by how much a conversion is worth more or less than what was fed before, and take that for fed."""
        activity_id = self._settings.names.get(reward.activity)
        if activity_id is None:
            return None
        assumed = self._milli(self._settings.reward_value[activity_id])
        milli = worth(reward, self._state.claims.values(), assumed)
        before = reward.flags & CONVERTED > 0
        change = (milli or 0) - reward.counted_milli
        reward.counted_milli = milli or 0
        reward.flags = reward.flags & ~CONVERTED | (CONVERTED if milli is not None else 0)
        lag, lag_before = 0 if milli is None else lag_of(reward, self._state.claims.values()), reward.counted_lag
        reward.counted_lag = lag
        if before == (milli is not None) and not change and lag == lag_before:
            return None
        if lag == lag_before:
            lag = lag_before = 0
        return Feedback(
            activity_id=activity_id,
            encoder=reward.page.encoder,
            ts_ms=reward.page.as_of_ms,
            x=reward.page.x,
            conversions=int(milli is not None) - int(before),
            revenue_milli=change,
            unlearned=int(reward.flags & UNLEARNED > 0),
            lag=lag,
            lag_before=lag_before,
        )

    def _milli(self, worth: float) -> int:
        limit = self._settings.worth_limit
        if not -limit <= worth <= limit:
            self._joined[JoinOutcome.CUT] += 1
        return round(max(-limit, min(limit, worth)) * 1000)
