"""An activity of the topic as a document: what is stated, whether it can be shown, and where it stands."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tideline.scripts.commands.ledger_lines import SPENT, Standings, ledger_document
from tideline.udfs.core.catalogue.opening import why_closed

if TYPE_CHECKING:
    from tideline.scripts.commands.activity_topic import ActivityTopic
    from tideline.udfs.core.catalogue.activity import Activity


def document(topic: ActivityTopic, name: str, now_ms: int, hidden: str | None, standings: Standings) -> dict[str, Any]:
    """Return what is known of an activity now; `hidden` is why nobody could be shown it, as a `Judge` says."""
    known, standing = topic.known.get(name), standings.known.get(name)
    closed = why_closed(known.activity, now_ms) if known else "no record of it was taken"
    spent = SPENT if standing is not None and standing.stopped else None
    why = [each for each in (closed, hidden if closed is None else None, spent) if each is not None]
    return {
        "activity_id": name,
        "open": not why,
        "why": why,
        "written_ms": known.written_ms if known else None,
        "refused": topic.refused.get(name),
        "activity": _stated(known.activity) if known else None,
        "ledger": ledger_document(standing, known.activity if known else None),
        "ledger_refused": standings.refused.get(name),
    }


def _stated(activity: Activity) -> dict[str, Any]:
    """Return an activity as a file states it."""
    stated = asdict(activity)
    if activity.rule is not None and activity.rule.all is not None:
        stated["rule"]["all"] = json.loads(activity.rule.all)
    return stated
