"""Messages, for those who answer for them: what they brought, what is to come, why, and the stop: `tideline push`."""

from __future__ import annotations

import getpass
import json
import math
import socket
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tideline.schemas.errors import ConfigError, TidelineError
from tideline.scripts.analysis.push_costs import costs_of
from tideline.scripts.analysis.push_log import (
    DAY_MS,
    HOUR_MS,
    campaigns_of,
    channels_of,
    counted_by,
    expected_by,
    log_over,
    read_history,
)
from tideline.scripts.commands.exits import Exit, failed
from tideline.scripts.commands.printable import printable
from tideline.scripts.commands.push_words import explained, judged_lines, plan_lines, status_lines
from tideline.scripts.commands.redis_target import opened as opened_redis
from tideline.scripts.commands.redis_target import read_redis_target
from tideline.scripts.commands.target import read_target
from tideline.scripts.localstack import StackError
from tideline.scripts.parsers.verbs import parse
from tideline.scripts.sending.claims import Claims
from tideline.udfs.core.budgets.pacing import PRICE_UNIT
from tideline.udfs.core.push.brought import another_threshold, brought_by
from tideline.udfs.io.topic_reader import opened as opened_topic

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from tideline.scripts.analysis.push_costs import Cost, PushCosts
    from tideline.scripts.analysis.push_log import Campaign, Counted, Expected, PushHistory
    from tideline.scripts.commands.target import Target
    from tideline.scripts.sending.claims import Receipt
    from tideline.udfs.core.policies.policy_start import TopicRecord
    from tideline.udfs.core.push.brought import Brought
    from tideline.udfs.core.push.push_record import PushRecord

_DIGITS = 4


def history_of(target: Target, since_ms: int) -> PushHistory:
    """Return what the topics say since a moment.

    Raises:
        Unavailable: a topic cannot be read.
    """
    return read_history(*(_since(target, name, since_ms) for name in (target.topics.push, target.topics.clickstream)))


def _since(target: Target, topic: str, since_ms: int) -> Iterator[TopicRecord]:
    with opened_topic(target.cluster, topic) as logs:
        for log in logs:
            yield from log.records(log.offset_at(since_ms), log.end)


def _history(arguments: argparse.Namespace) -> PushHistory:
    return history_of(read_target(arguments), _now_ms() - arguments.days * DAY_MS)


def status_of(history: PushHistory, horizon_ms: int, cost: float) -> dict[str, Any]:
    """Return what became of all messages and of each campaign's, as JSON has it."""
    every = campaigns_of(history, horizon_ms, cost)
    reasons = sorted({reason for each in every for reason in each.not_sent})
    return {
        "sent": sum(each.sent - sum(each.not_sent.values()) for each in every),
        "withheld": sum(each.withheld for each in every),
        "not_sent": {reason: sum(each.not_sent.get(reason, 0) for each in every) for reason in reasons},
        "unsubscribed": len(history.left_ms),
        "brought": _brought(brought_by(log_over(history, horizon_ms, cost))),
        "campaigns": [_campaign(each, "activity_id") for each in every],
        "channels": [_campaign(each, "channel") for each in channels_of(history, horizon_ms, cost)],
        "days": [_counted(each, "day") for each in counted_by(history, hours=False)],
        "hours": [_counted(each, "hour") for each in counted_by(history, hours=True)],
        "costs": _costs(costs_of(history)),
    }


def _costs(found: PushCosts) -> dict[str, Any]:
    told = {name: _cost(getattr(found, name)) for name in ("room", "chance", "must")}
    return told | {"not_sent": {reason: _cost(each) for reason, each in found.not_sent.items()}}


def _cost(each: Cost) -> dict[str, Any]:
    return {"points": each.points, "value": _rounded(each.value)}


def _counted(each: Counted, name: str) -> dict[str, Any]:
    return {name: each.name, "sent": each.sent, "withheld": each.withheld, "not_sent": each.not_sent}


def _campaign(each: Campaign, key: str) -> dict[str, Any]:
    return {
        key: each.name,
        "sent": each.sent - sum(each.not_sent.values()),
        "withheld": each.withheld,
        "must": each.must,
        "not_sent": dict(each.not_sent),
        "brought": _brought(each.brought),
    }


def _brought(found: Brought) -> dict[str, Any]:
    return {key: _rounded(value) for key, value in found._asdict().items()}


def _rounded(value: float) -> float | None:
    return round(value, _DIGITS) if math.isfinite(value) else None


def _status(arguments: argparse.Namespace) -> int:
    with opened_redis(read_redis_target(arguments).url) as client:
        claims = _claims(client, arguments)
        receipts = dict(claims.every())
        stops = claims.stops()
    lost = [name for name, receipt in receipts.items() if not receipt.outcome]
    if arguments.lost:
        print(json.dumps(lost) if arguments.json else "\n".join(map(printable, lost)) or "none")
        return Exit.DONE
    told = status_of(_history(arguments), round(arguments.horizon * HOUR_MS), arguments.cost)
    told |= {
        "lost": len(lost),
        "unclear": sum(each.outcome == "unclear" for each in receipts.values()),
        "stopped": stops,
    }
    print(json.dumps(told) if arguments.json else "\n".join(status_lines(told, arguments.days, arguments.horizon)))
    return Exit.DONE


def _judge(arguments: argparse.Namespace) -> int:
    log = log_over(_history(arguments), round(arguments.horizon * HOUR_MS), arguments.cost, arguments.activity)
    found = another_threshold(log, round(arguments.least / PRICE_UNIT))
    told = {"points": log.user.size, "least": arguments.least}
    told |= {key: _rounded(value) if isinstance(value, float) else value for key, value in found._asdict().items()}
    print(json.dumps(told) if arguments.json else "\n".join(judged_lines(told)))
    return Exit.CANNOT_SAY if found.refused else Exit.DONE


def plan_of(history: PushHistory, days: int) -> dict[str, Any]:
    """Return what a day like the newest ones will send, as JSON has it."""
    return {
        "days": days,
        "campaigns": _expected(expected_by(history, days, hours=False), "activity_id"),
        "hours": _expected(expected_by(history, days, hours=True), "hour"),
    }


def _plan(arguments: argparse.Namespace) -> int:
    history = _history(arguments)
    told = plan_of(history, arguments.days)
    print(json.dumps(told) if arguments.json else "\n".join(plan_lines(told)))
    return Exit.DONE if history.records else Exit.CANNOT_SAY


def _expected(every: Sequence[Expected], name: str) -> list[dict[str, Any]]:
    return [
        {name: each.name, "sends": round(each.sends, _DIGITS), "value": round(each.value, _DIGITS)} for each in every
    ]


def explanation_of(history: PushHistory, record: PushRecord, receipt: Receipt | None, is_off: bool) -> dict[str, Any]:
    """Return all that is known of a decision point, as JSON has it."""
    return {
        **{key: value for key, value in record._asdict().items() if key != "x"},
        "receipt": None if receipt is None else receipt._asdict(),
        "not_sent": history.not_sent.get(record.push_id),
        "unsubscribed": is_off,
    }


def _explain(arguments: argparse.Namespace) -> int:
    history = _history(arguments)
    record = next((each for each in history.records if each.push_id == arguments.id), None)
    if record is None:
        raise ConfigError("ID", arguments.id, f"the id of a point of the last {arguments.days} days, in topic push")
    with opened_redis(read_redis_target(arguments).url) as client:
        claims = _claims(client, arguments)
        receipt, is_off = claims.receipt(record.push_id), claims.is_off(record.user_id)
    told = explanation_of(history, record, receipt, is_off)
    print(json.dumps(told) if arguments.json else "\n".join(explained(told)))
    return Exit.DONE


def _stop(arguments: argparse.Namespace) -> int:
    who = arguments.by or f"{getpass.getuser()}@{socket.gethostname()}"
    with opened_redis(read_redis_target(arguments).url) as client:
        _claims(client, arguments).stop(arguments.activity, who, _now_ms())
    return _said(arguments, {"activity_id": arguments.activity, "stopped": True, "changed": True})


def _start(arguments: argparse.Namespace) -> int:
    with opened_redis(read_redis_target(arguments).url) as client:
        changed = _claims(client, arguments).start(arguments.activity)
    return _said(arguments, {"activity_id": arguments.activity, "stopped": False, "changed": changed})


def _said(arguments: argparse.Namespace, told: dict[str, Any]) -> int:
    what = f"messages about {printable(arguments.activity)}" if arguments.activity else "all messages"
    how = (
        "stopped: none is sent from now on, what is due meanwhile is passed over"
        if told["stopped"]
        else "started again"
    )
    if not told["changed"]:
        how = "were not stopped"
    at = datetime.now(UTC).strftime("%H:%M:%S UTC")
    print(json.dumps(told) if arguments.json else f"{at}: {what} {how}")
    return Exit.DONE


def _claims(client: Any, arguments: argparse.Namespace) -> Claims:
    return Claims(client, read_redis_target(arguments).url, arguments.prefix)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


_RUN = {"status": _status, "judge": _judge, "plan": _plan, "explain": _explain, "stop": _stop, "start": _start}


def main(argv: Sequence[str]) -> int:
    """Do what the sub-verb says; 3 where the log cannot say what is asked."""
    arguments = parse("push", argv)
    try:
        return _RUN[arguments.command](arguments)
    except (StackError, TidelineError) as error:
        return failed("push", error)
