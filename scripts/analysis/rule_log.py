"""What an exported log knows of rules: what each class cost by day, and where budgets and floors stand.

It travels in the metadata of the Parquet file that `tideline export` writes, as JSON under `tideline.rules`:

    as_of_ms    newest moment of what the standings were learned from
    activities  by id, of those with a standing: budget (null: none), spent and pending (expected of what was shown) in
                units of money; planned, the share of the budget that its pacing gives the time until then (null: it has
                none); total_cap and stock (null: none), impressions and sold of these; floor; stopped; price and
                offset, in units of worth
    days        rising, as in rule_costs.avsc
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pyarrow import ArrowException, parquet

from tideline.schemas.errors import InvalidRecord
from tideline.schemas.records import RULE_COSTS
from tideline.udfs.core.budgets.pacing import PRICE_UNIT, Pacing, plan_of
from tideline.udfs.core.budgets.standing import EVERY_ID, decode_standing
from tideline.udfs.core.policies.arm_key import COSTS_KEY, decode_ledger_key
from tideline.udfs.core.variants.variant_sums import earns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import pyarrow as pa

    from tideline.udfs.core.budgets.standing import Standing
    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.policies.policy_start import TopicRecord

_KEY = b"tideline.rules"
_CENTS = 100


def rules_of(records: Iterable[TopicRecord], activities: Mapping[str, Activity]) -> dict[str, Any] | None:
    """Return the document of the newest records of the policy topic, None where they tell of no rules.

    As for a ranker, behind a record of a higher epoch one of a lower does not count: its job was taken over from.
    """
    standings: dict[str, Standing] = {}
    days: list[dict[str, Any]] = []
    epoch = 0
    for offset, key, value, _ in records:
        if value is None:
            continue
        try:
            if key == COSTS_KEY:
                costs = RULE_COSTS.decode(value)
                if costs["epoch"] >= epoch:
                    epoch, days = costs["epoch"], costs["days"]
            elif decode_ledger_key(key) is not None:
                name, standing = decode_standing(value, offset)
                if standing.epoch >= epoch:
                    epoch, standings[name] = standing.epoch, standing
        except InvalidRecord:
            continue  # counted by every ranker
    known = sorted(name for name in standings.keys() & activities.keys() if not _only_earns(activities[name]))
    if not (known or days):
        return None
    every = standings.get(EVERY_ID)
    return {
        "click_worth": None if every is None else every.price * PRICE_UNIT,
        "as_of_ms": max((each.as_of_ms for each in standings.values()), default=0),
        "activities": {name: _activity(activities[name], standings[name]) for name in known},
        "days": days,
    }


def _only_earns(activity: Activity) -> bool:
    """Return whether an activity stands somewhere for shares of variants alone: no rule of it costs anything."""
    return earns(activity) and not (activity.is_limited or activity.exposure_floor > 0.0)


def _activity(activity: Activity, standing: Standing) -> dict[str, Any]:
    return {
        "budget": activity.budget if activity.cost > 0.0 else None,
        "planned": _planned(activity, standing.as_of_ms),
        "spent": standing.spent_cents / _CENTS,
        "pending": standing.pending_cents / _CENTS,
        "total_cap": activity.total_cap,
        "impressions": standing.impressions,
        "stock": None if activity.stock is None else activity.stock.left,
        "sold": standing.sold,
        "floor": activity.exposure_floor,
        "stopped": standing.stopped,
        "price": standing.price * PRICE_UNIT,
        "offset": standing.offset * PRICE_UNIT,
    }


def _planned(activity: Activity, now_ms: int) -> float | None:
    pacing = Pacing(activity.pacing)
    if pacing is Pacing.NONE:
        return None
    plan = plan_of(activity.starts_ms, activity.ends_ms, pacing)
    period, part = plan.gone(now_ms)
    return float((plan.weights[:period].sum() + part * plan.weights[period]) / plan.weights.sum())


def with_rules(table: pa.Table, rules: Mapping[str, Any] | None) -> pa.Table:
    """Return the table of an export with the document in its metadata."""
    if rules is None:
        return table
    return table.replace_schema_metadata({**(table.schema.metadata or {}), _KEY: json.dumps(rules).encode()})


def read_rules(path: Path) -> dict[str, Any] | None:
    """Return the document of a log; None where it has none, whoever wrote it and in whatever form."""
    try:
        found = (parquet.read_schema(path).metadata or {}).get(_KEY)
    except (ArrowException, OSError):
        return None
    return None if found is None else dict(json.loads(found))
