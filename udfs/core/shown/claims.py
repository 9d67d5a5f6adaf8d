"""Claims: purchases, and conversions without a token, each credited to the entry that was clicked last before it.

Who holds a claim is a function of the user's clicks and claims as sets: a click that comes later than the purchase it
led to takes the claim over, so the order of arrival leaves no trace while both are kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.udfs.core.shown.shown_state import ASSUMED, BOUGHT, CLICKED, NO_VALUE, PURCHASE, REPORTED, Claim, worth_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tideline.udfs.core.shown.remembered import Remembered
    from tideline.udfs.core.shown.shown_state import Reward

MAX_CLAIMS = 16
"""Claims kept of a user; an older one is late."""


def take(state: Remembered, claim: Claim) -> bool | None:
    """Keep a claim; return whether it is new, None where it is older than all that are kept.

    A claim that comes again, with whatever time, is the same one: it counts once, as told at its earliest time.
    """
    known = state.claims.get(claim.id)
    if known is not None:
        if _telling(claim) < _telling(known):
            known.ts_ms, known.ref, known.milli, known.kind = claim.ts_ms, claim.ref, claim.milli, claim.kind
        return False
    if len(state.claims) >= MAX_CLAIMS:
        oldest = min(state.claims.values(), key=lambda each: each.age)
        if claim.age < oldest.age:
            return None
        _forget(state, oldest)
    state.claims[claim.id] = claim
    return True


def assign(
    state: Remembered, window_ms: int, names: Mapping[int, str], wanted: Mapping[int, frozenset[int]]
) -> list[Reward]:
    """Give each claim to its holder, in place; return the rewards that gained or lost one.

    `wanted` has the activities that name an item, by its activity_hash, `names` the ids of the catalogue's activities.
    What is credited to an activity or an entry that is gone stays there.
    """
    touched: dict[int, Reward] = {}
    clicked: dict[int, list[Reward]] = {}
    for reward in state.rewards.values():
        if reward.flags & CLICKED:
            clicked.setdefault(reward.activity, []).append(reward)
    for claim in state.claims.values():
        if claim.spent or (claim.holder is not None and claim.holder.activity not in names):
            continue
        activities = wanted.get(claim.ref, frozenset()) if claim.kind == PURCHASE else frozenset((claim.ref,))
        holder, best = claim.holder, None
        for activity in activities if holder is None else {*activities, holder.activity}:
            for reward in clicked.get(activity, ()):
                fits = activity in activities or reward is holder
                if fits and _led_to(reward, claim, window_ms) and (best is None or _later(reward, best)):
                    best = reward
        if best is not claim.holder:
            touched |= {id(each): each for each in (best, claim.holder) if each is not None}
            claim.holder = best
    return list(touched.values())


def worth(reward: Reward, claims: Iterable[Claim], assumed_milli: int) -> int | None:
    """Return what a reward's conversion is worth in thousandths, None where it has none."""
    reports = [reward.told] if reward.told[0] else []
    for claim in claims:
        if claim.holder is reward:
            priced = BOUGHT if claim.kind == PURCHASE else REPORTED
            has_value = claim.milli != NO_VALUE
            milli = claim.milli if has_value else assumed_milli
            reports.append(worth_of(priced if has_value else ASSUMED, claim.ts_ms, milli))
    return -max(reports)[2] if reports else None


def lag_of(reward: Reward, claims: Iterable[Claim]) -> int:
    """Return how late the first is that tells of a reward's conversion (lags.py), 0 where nothing does."""
    told = [reward.told_lag] if reward.told_lag else []
    return min(told + [reward.lag_at(claim.ts_ms) for claim in claims if claim.holder is reward], default=0)


def _telling(claim: Claim) -> tuple[int, int, int, int]:
    return claim.ts_ms, claim.kind, claim.ref, claim.milli


def _led_to(reward: Reward, claim: Claim, window_ms: int) -> bool:
    return reward.clicked_ms <= claim.ts_ms and claim.ts_ms - reward.page.shown_ms <= window_ms


def _later(one: Reward, other: Reward) -> bool:
    return (one.clicked_ms, one.page.key, one.position) > (other.clicked_ms, other.page.key, other.position)


def _forget(state: Remembered, claim: Claim) -> None:
    """Drop a claim; what it earned stays with its holder."""
    del state.claims[claim.id]
    holder = claim.holder
    if holder is not None:
        holder.tell_lag(claim.ts_ms)
    if holder is not None and claim.milli != NO_VALUE:
        source = BOUGHT if claim.kind == PURCHASE else REPORTED
        if worth_of(source, claim.ts_ms, claim.milli) > holder.told:
            holder.tell(source, claim.ts_ms, claim.milli)
    elif holder is not None and not holder.told[0]:
        holder.tell(ASSUMED, claim.ts_ms, holder.counted_milli)
