"""What `tideline demo` takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser

_PICTURE = Path(__file__).resolve().parents[2] / ".tideline" / "demo" / "click_rate.png"
_KEYS = {
    "past": "what was taken into user state before: {events, seconds, events_per_s}",
    "events": "sent into the clickstream",
    "events_per_s": "of the run's own time",
    "lists": "written",
    "users": "who have one in Redis",
    "dead_letters": "of all topics",
    "audit": "of every decision: {lists, entries, broken}; promises by name, not empty: exit status 1",
    "freshness_ms": "from event to readable list: {p50, p99}",
    "ctr": "clicks by impressions: {policy, holdout, lift, lift_ci95, popular_best, content, attainable, "
    "share_of_attainable}; null: not known",
    "rules": "what each rule cost and used, as in `tideline report --json`; null: not known",
    "pushes": "messages, beside the job: {sent, withheld, unsubscribed, brought, truly_brought, broken}; brought as in "
    "`tideline push status --json`, in visits; broken as in audit",
    "variants": "by activity with variants: {variants, verdict, winner, users_needed}",
}


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    parser.tells(
        "Real shopping data through the real job, simulated visitors in front of it; from nothing, on a stack of its "
        "own.",
        ["tideline demo", "tideline demo --keep --picture click_rate.png   # and look around"],
        _KEYS,
    )
    parser.add_argument("--keep", action="store_true", help="leave everything running and say how to look around")
    parser.add_argument(
        "--picture",
        type=Path,
        default=_PICTURE,
        metavar="FILE.png",
        help="where to draw click rate and spending over time (.tideline/demo/click_rate.png)",
    )
    parser.add_argument("--json", action="store_true", help="end standard output in one JSON object")
