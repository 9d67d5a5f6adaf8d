"""Where activities stand with their limits and floors, as people read it: for `tideline activity show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tideline.schemas.errors import InvalidRecord
from tideline.udfs.core.budgets.pacing import PRICE_UNIT
from tideline.udfs.core.budgets.spending_stop import READERS_LEARN_S, overshoot_bound
from tideline.udfs.core.budgets.standing import Standing, decode_standing
from tideline.udfs.core.catalogue.competing import variant_mark
from tideline.udfs.core.policies.arm_key import decode_ledger_key
from tideline.udfs.core.variants.variant_shares import PARTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.policies.policy_start import TopicRecord

SPENT = "its budget or stock has no room for what may still come of what was shown, or its total cap is reached"
_CENTS, _HOUR_S = 100, 3600


class Standings(NamedTuple):
    """Where each activity stands, and why the last record of one cannot be read: the one before it is told then."""

    known: dict[str, Standing]
    refused: dict[str, str]


def standings_in(records: Iterable[TopicRecord]) -> Standings:
    """Return what some records of the policy topic, rising by offset, say of where activities stand.

    As for a ranker, behind a record of a higher epoch one of a lower does not count: its job was taken over from.
    """
    found, epoch = Standings({}, {}), 0
    for record in records:
        key = decode_ledger_key(record.key)
        if key is None or record.value is None:
            continue
        try:
            _, standing = decode_standing(record.value, record.offset)
        except InvalidRecord as error:
            found.refused[key.activity_id] = f"offset {record.offset}: {error}"
            continue
        if standing.epoch >= epoch:
            epoch, found.known[key.activity_id] = standing.epoch, standing
            found.refused.pop(key.activity_id, None)
    return found


def ledger_document(standing: Standing | None, activity: Activity | None = None) -> dict[str, Any] | None:
    """Return a standing in units of money and worth; None where the job has published none.

    Shares of variants that earn are told by the ids that the activity has for them.
    """
    if standing is None:
        return None
    told = dict(zip(standing.shares[::2], standing.shares[1::2], strict=True))
    variants = () if activity is None else activity.variants
    marks = {each.id: variant_mark(activity.activity_id, each.id) for each in variants} if activity else {}
    return {
        "spent": standing.spent_cents / _CENTS,
        "pending": standing.pending_cents / _CENTS,
        "price": standing.price * PRICE_UNIT,
        "offset": standing.offset * PRICE_UNIT,
        "stopped": standing.stopped,
        "as_of_ms": standing.as_of_ms,
        "impressions": standing.impressions,
        "sold": standing.sold,
        "beyond": round(overshoot_bound(standing.busiest_hour / _HOUR_S, READERS_LEARN_S)),
        "shares": {name: told[mark] / PARTS for name, mark in marks.items() if mark in told},
    }


def ledger_line(ledger: Mapping[str, Any], activity: Mapping[str, Any]) -> str:
    """Return what is spent and expected of an activity's limits, what that costs in score, and what is added to it."""
    parts = []
    if activity["budget"] is not None:
        spent = f"spent {ledger['spent']:,.2f} of {activity['budget']:,.2f}"
        parts.append(f"{spent}, {ledger['pending']:,.2f} expected yet")
        parts.append(f"a unit of money costs {ledger['price']:.4f} of score")
    if activity["stock"] is not None:
        parts.append(f"{ledger['sold']:,} gone of {activity['stock']['left']:,} in stock")
    if activity["total_cap"] is not None:
        parts.append(f"shown {ledger['impressions']:,} of {activity['total_cap']:,} times at most")
        parts.append(f"up to {ledger['beyond']:,} more before readers know of its stop")
    if ledger["offset"]:
        parts.append(f"owed, so {ledger['offset']:.4f} is added to its score")
    if ledger["shares"]:
        shares = [f"{name} {share:.1%}" for name, share in ledger["shares"].items()]
        parts.append(f"shares of its variants: {', '.join(shares)}")
    return "; ".join(parts) or "owed nothing"
