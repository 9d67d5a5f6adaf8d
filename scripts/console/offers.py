"""The page Activities: what can be shown and to whom, how it does, and what is left of its limits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tideline.schemas.errors import ConfigError
from tideline.scripts.commands.activity_document import document
from tideline.scripts.commands.activity_topic import Judge
from tideline.scripts.commands.ledger_lines import ledger_line
from tideline.scripts.console.rule_words import in_words
from tideline.udfs.core.experiments.lift import Rate, share_interval
from tideline.udfs.core.learning.monitoring import COLD_BELOW

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tideline.scripts.commands.activity_topic import ActivityTopic
    from tideline.scripts.console.learned import Learned
    from tideline.udfs.core.policies.policy_table import PolicyRow

_MANY = 10


def offers(topic: ActivityTopic, learned: Learned, now_ms: int) -> dict[str, Any]:
    """Return a line of each activity: its state in words, its time, how often it was shown and clicked, its budget."""
    hidden = _hidden(topic, now_ms)
    names = sorted(topic.known.keys() | topic.refused.keys())
    return {"at_ms": now_ms, "activities": [_line(topic, name, now_ms, hidden, learned) for name in names]}


def offer(topic: ActivityTopic, learned: Learned, name: str, now_ms: int) -> dict[str, Any]:
    """Return all that is known of an activity, with its rule and what is used of its limits in words.

    Raises:
        ConfigError: the topic never had it.
    """
    if name not in topic.known and name not in topic.refused:
        raise ConfigError("id", name, f"ids of the topic, which holds {len(topic.known):,}")
    told = document(topic, name, now_ms, _hidden(topic, now_ms).get(name), learned.standings)
    stated, known = told["activity"], topic.known.get(name)
    limits = ledger_line(told["ledger"], stated) if told["ledger"] and stated else None
    rule = in_words(known.activity.rule) if known else []
    return told | {"activity": _shortened(stated), "rule": rule, "limits": limits} | counts(learned.row(name))


def _hidden(topic: ActivityTopic, now_ms: int) -> dict[str, str]:
    return Judge().hidden([each.activity for each in topic.known.values()], (), now_ms)


def _line(topic: ActivityTopic, name: str, now_ms: int, hidden: Mapping[str, str], learned: Learned) -> dict[str, Any]:
    told = document(topic, name, now_ms, hidden.get(name), learned.standings)
    stated, ledger = told["activity"] or {}, told["ledger"]
    found: dict[str, Any] = {key: told[key] for key in ("activity_id", "open", "why", "refused")}
    found |= {key: stated.get(key) for key in ("kind", "title", "starts_ms", "ends_ms", "budget")}
    found |= {key: ledger[key] if ledger else None for key in ("spent", "pending", "stopped", "shares")}
    known = topic.known.get(name)
    return found | {"ruled": bool(known and in_words(known.activity.rule))} | counts(learned.row(name))


def counts(row: PolicyRow | None) -> dict[str, Any]:
    """Return what the policy has learned an activity's click rate from, with its 95 % interval (Wilson).

    Impressions and clicks are weighted, by place and by how long ago: they are what ranking goes by, and no bill.
    """
    shown = row.impressions + row.carried_impressions if row else 0.0
    clicks = row.rewards[0] + row.carried_rewards[0] if row else 0.0
    found: dict[str, Any] = {"shown": round(shown, 1), "clicks": round(clicks, 1), "cold": shown < COLD_BELOW}
    if shown < 1.0:
        return found | {"rate": None, "rate_ci95": None}
    rate = min(max(clicks / shown, 0.0), 1.0)
    ends = share_interval(Rate(rate, rate * (1.0 - rate) / shown, math.floor(shown), shown))
    return found | {"rate": rate, "rate_ci95": list(ends)}


def _shortened(stated: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return it without what is not stated; a coupon may be for a thousand items."""
    if stated is None:
        return None
    found = {name: value for name, value in stated.items() if value not in (None, (), {}, [])}
    for name in ("items", "categories"):
        values = found.get(name, ())
        if len(values) > _MANY:
            found[name] = [*values[:_MANY], f"and {len(values) - _MANY:,} more"]
    return found
