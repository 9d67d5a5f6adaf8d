"""What `tideline replay` takes beside the job's own options."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.scripts.replays.bounds import ALLOWED, read_bound
from tideline.udfs.settings.options import Kind, argument

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser

_TEXT = """Runs the job again over a range of the clickstream, beside the live job and without touching its lists.

WHERE is ISO 8601 (2026-11-22T12:00Z), epoch milliseconds or last=24h (s, m, h, d), compared with the time the broker
took a record, or offsets: {"0": 10, "1": 20}; partitions that are not named are not read. Without --to the range ends
where the topic ends now. A range that is not there yet, or that retention has taken a part of (exit status 3), is
refused with what there is.

Each record is worked off with the activities and orders of its time, as far as their topics still tell; what they do
not is said and counted (--world now: with those of its start, to see what today's would change). Lists go to
`{prefix}@{name}:list:{user}`, decisions and dead letters to topics of their own. Other options are those of the job
(`tideline config --help`). It ends once every record is worked off and all lists are written; one line of JSON says
what became of the records, and exit status 1 that they do not add up. Meanwhile it tells how far it is.

With --makes policy nobody is ranked: what was shown and what came of it is learned anew, each shown entry once, with
the options given (--half-life-days, --policy, --encoder...), and published to `policy-NAME` at the end. A replay with
--topics '{"policy": "policy-NAME"}' ranks by it.

With --users only records of some users are worked off: ids with commas, @FILE with one in each line, or a sample such
as 1/16, always the same one. Their lists are those of a replay of everybody, byte for byte; they cannot be promoted.

With --without caps (or stops, prices, offsets, list_rules, as `tideline report` names classes of rules; several with
commas) the range is replayed as if these had not held: `tideline diff` with a replay in which they did says whose lists
they change. Such lists cannot be promoted either.

With --records-per-s no more are read in a second, so that a live job on the same machine keeps its processors.

It goes on without the command: --status asks how far it is, --cancel ends it, and --resume watches it again, goes on
from its newest checkpoint where it failed or was cancelled, or tells once more what came of it."""
_KEYS = {
    "name": "of the replay",
    "job": "its newest id in Flink",
    "state": "of that job, as Flink has it; GONE where Flink knows it no more",
    "records": "in the range",
    "read": "of them, by what the job says or has committed",
    "lists": "that it left in Redis, null before its end; so are policy, digest and differences",
    "policy": "with --makes policy: {topic; version: that ranks by all of it; arms: of which something is learned}",
    "world": "what is known of the activities and orders of then: {known: activities as the range began, changes: in "
    "it, lost: records gone from the topic, assumed: activities that are taken for what they were first known as, "
    "orders, orders_lost}; null with --world now",
    "digest": "SHA-256 over all its lists, or all it has learned: the same range and options give the same",
    "differences": "a line for each partition whose records do not add up, none if all do",
    "namespace": "under which the lists are",
    "partitions": "by number: {from, to: offsets, to excluded; records = accepted + duplicates + late + rejected: "
    "{reason: how many} + passed_over: of users who were not asked for}; 0 before its end",
}


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    ways = "{--from WHERE [--to WHERE] [--option VALUE ...] | --resume | --status | --cancel}"
    parser.usage = f"tideline replay --name NAME {ways} [--stack NAME]"
    parser.always_json = True
    parser.tells(
        _TEXT,
        [
            "tideline replay --name monday --from 2026-11-16T00:00Z --to 2026-11-17T00:00Z",
            "tideline replay --name day --from last=24h",
            "tideline replay --name day --status",
            "tideline replay --name day --resume",
            "tideline replay --name short --from last=28d --makes policy --half-life-days 7",
            "tideline replay --name part --from last=7d --users 1/16",
            "tideline replay --name day --from last=24h --records-per-s 4000",
            "tideline replay --name capless --from last=7d --without caps",
            """tideline replay --name probe --from '{"0": 10}' --to '{"0": 20}' --policy thompson""",
        ],
        _KEYS,
    )
    where = argument(Kind(ALLOWED, read_bound))
    parser.add_argument("--stack", default="default", metavar="NAME", help="name of the local stack")
    parser.add_argument("--name", required=True, metavar="NAME", help="of the replay: it tells its lists from others")
    begin, end = ("--from", "--from-ms", "--from-offsets"), ("--to", "--to-ms", "--to-offsets")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(*begin, dest="begin", type=where, metavar="WHERE", help="the first record")
    what.add_argument("--resume", action="store_true", help="watch it, or go on from its newest checkpoint")
    what.add_argument("--status", action="store_true", help="how far it is")
    what.add_argument("--cancel", action="store_true", help="end it; --resume goes on with it")
    parser.add_argument(*end, dest="end", type=where, metavar="WHERE", help="where it ends, excluded (now)")
