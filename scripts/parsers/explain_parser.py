"""What `tideline explain` takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tideline.scripts.parsers.model_parser import ARTEFACTS
from tideline.scripts.parsers.verb_parser import add_json, add_target
from tideline.scripts.replays.bounds import Bound, read_bound
from tideline.udfs.settings.options import Kind, argument, number

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser

_TEXT = """Why a user was shown what he was: the scores of a list's entries, worked out again from the decision log.

Each entry that was on screen is scored by the code that wrote the log, from what the log holds and the policy as of its
version, and held against the log bit for bit. It also tells who came next and by how much, what kept others out and at
which price, and what each of the user's recent events did to the scores: each is left out in turn, and he is made and
scored again. It reads the topics of decisions, activities, profiles, commands, the clickstream and the policy, with
what an archive has of them (--archive; of policy and activities where `tideline archive --policy` kept them).
Exit status 1: the log has other numbers; 3: nothing of the list can be worked out, such as where the rows of its policy
version are kept no more."""
_KEYS = {
    "decision_id": "of the list",
    "user_id": "whose it was",
    "shown_ms": "when its first entry was seen",
    "as_of_ms": "the moment that the list was made for",
    "policy": "by which it was ranked",
    "policy_version": "and the version of what had been learned",
    "encoder_version": "that made its context",
    "eligible": "how many activities could have been shown",
    "slate": "the whole list; null: no activity of today",
    "equal": "whether all scores are those of the log, bit for bit; null: none can be worked out",
    "entries": "that were on screen: {position, activity_id, mean, parts: of the mean by what is worth "
    "something, within a millionth, bonus, equal, why_not, explored, propensity, rules, feasible, "
    "price: what a budget took off, owed: what a floor added, ahead: of the entry below}",
    "runner_up": "who came next: {activity_id, score, margin: behind the last place on screen that did not "
    "explore}; null: not known or nobody",
    "kept_out": "who scored above that place and was not on the list: {activity_id, by: what kept it out, ahead}; "
    "null: not known",
    "events": "that he was ranked by, the newest first: {event_id, type, ts_ms, item_id, category, effects: by "
    "activity the score less what it had been without the event}; null: not known",
    "not_known": "why runner_up or events are not",
}
_ALLOWED = "ISO 8601, epoch milliseconds, or last=24h (s, m, h or d)"


def _moment(text: str) -> Bound:
    found = read_bound(text)
    if found.offsets is not None:
        raise ValueError(text)
    return found


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    parser.tells(
        _TEXT,
        [
            "tideline explain u42",
            "tideline explain u42 --at 2026-11-26T18:30Z",
            "tideline explain 1.1795353372396.18 --stack demo --json",
            "tideline explain u42 --archive archive --at last=60d",
            "tideline explain u42 --policy linucb:alpha=0.3 --weights 1 5 0 0 --bootstrap KAFKA:9092",
        ],
        _KEYS,
    )
    parser.add_argument(
        "subject", metavar="USER|ID", help="user id, as in the Kafka key, or a list as the log names it"
    )
    parser.add_argument("--decision", metavar="ID", help="a list of his (the newest)")
    parser.add_argument(
        "--at", type=argument(Kind(_ALLOWED, _moment)), metavar="T", help="the list that he had seen last by then (now)"
    )
    parser.add_argument("--archive", type=Path, metavar="FOLDER", help="what `tideline archive` has kept, beside Kafka")
    parser.add_argument(
        "--registry", type=Path, default=ARTEFACTS, metavar="DIR", help="folder of model folders, the job's encoders"
    )
    parser.add_argument("--policy", metavar="TEXT", help="the job's option (its default)")
    parser.add_argument(
        "--weights",
        type=argument(number(0, 1e6)),
        nargs=4,
        metavar=("CLICK", "CONVERSION", "REVENUE", "COST"),
        help="the job's weights (as last ordered by then, else its defaults)",
    )
    add_json(parser)
    add_target(parser)
