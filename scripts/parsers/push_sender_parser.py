"""What `tideline push_sender` takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tideline.scripts.parsers.verb_parser import NAME, add_redis, add_target
from tideline.udfs.core.catalogue.channels import CHANNELS
from tideline.udfs.settings.options import Kind, argument, number, whole

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser

_TEXT = """Sends what the job decided to push, each id at most once: claims it in Redis, looks at stops, consent and
expiry, hands it over, and keeps a receipt. What was not sent goes to the clickstream as an event `push_failed`, what
nobody took to the dead letters too. Several may run; SIGTERM lets what has begun finish. See docs/contracts/push.md."""


def _address(raw: Any) -> tuple[str, int]:
    host, _, port = str(raw).rpartition(":")
    if not host or not 0 < int(port) <= 65_535:
        raise ValueError
    return host, int(port)


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    parser.tells(
        _TEXT,
        [
            "tideline push_sender --to-log messages.jsonl",
            "tideline push_sender --webhook https://push.shop.example/send --secret-file hook.secret --per-second 200",
            "tideline push_sender --smtp localhost:25 --from shop@shop.example --to '{user_id}@users.shop.example'",
        ],
    )
    through = parser.add_argument_group("through whom").add_mutually_exclusive_group(required=True)
    through.add_argument("--to-log", type=Path, metavar="FILE", help="append each message as a line of JSON")
    through.add_argument("--webhook", metavar="URL", help="post each message as JSON, signed")
    through.add_argument(
        "--smtp", type=argument(Kind("HOST:PORT", _address)), metavar="HOST:PORT", help="mail each message"
    )
    parser.add_argument("--secret-file", type=Path, metavar="FILE", help="of --webhook: what signs it")
    parser.add_argument("--from", dest="sender", metavar="ADDRESS", help="of --smtp: whom mails are from")
    parser.add_argument("--to", metavar="ADDRESS", help="of --smtp: where a user is reached, {user_id} being his id")
    parser.add_argument(
        "--channel", choices=CHANNELS, metavar="NAME", help=f"send by it alone: {', '.join(CHANNELS)} (all)"
    )
    _add_pace(parser)
    parser.add_argument("--until-end", action="store_true", help="end once all that is there is done")
    parser.add_argument(
        "--tell-every", type=argument(number(0.1, 3600)), default=10.0, metavar="S", help="time between two lines (10)"
    )
    parser.add_argument(
        "--listen",
        type=argument(Kind("HOST:PORT", _address)),
        metavar="HOST:PORT",
        help="where Prometheus finds the same counts, as new",
    )
    parser.add_argument("--prefix", default="tideline", help="first part of every key (tideline)")
    add_redis(parser)
    add_target(parser)


def _add_pace(parser: VerbParser) -> None:
    rate = argument(number(0.001, 100_000))
    parser.add_argument(
        "--per-second", type=rate, default=50.0, metavar="N", help="messages of all senders together (50)"
    )
    parser.add_argument("--per-campaign", type=rate, metavar="N", help="of them about one activity (as many)")
    parser.add_argument(
        "--at-once", type=argument(whole(1, 256)), default=8, metavar="N", help="messages handed over at a time (8)"
    )
    parser.add_argument(
        "--attempts", type=argument(whole(1, 100)), default=5, metavar="N", help="tries, where nobody took it (5)"
    )
    parser.add_argument(
        "--pause",
        type=argument(number(0.01, 600)),
        default=1.0,
        metavar="S",
        help="before the second try; doubles from there, to a minute at most (1)",
    )
    parser.add_argument(
        "--group",
        type=argument(NAME),
        default="tideline-push",
        metavar="NAME",
        help="senders that share, with --channel those of its own: NAME-CHANNEL (tideline-push)",
    )
