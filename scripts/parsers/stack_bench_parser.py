"""What those benchmarks take that run on a stack of their own."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from tideline.udfs.settings.options import argument, whole

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import SubVerbs

PEER_WAYS = ("idiomatic", "plain", "quix", "bytewax", "pathway")
"""What the live job is measured beside."""
_COUNT = argument(whole(1, 10**9))
_MOST_USERS = 10**7


def fill(verbs: SubVerbs) -> None:
    """Describe them."""
    _on_a_stack(verbs)
    _of_scale(verbs)
    _beside_others(verbs)
    _in_turns(verbs)
    _in_rocksdb(verbs)
    _of_the_past(verbs)


def _on_a_stack(verbs: SubVerbs) -> None:
    fast = verbs.add_parser("throughput", help="events a second, uniform and Zipf users, beside the idiomatic job")
    fast.tells(None, ["tideline bench throughput --events 600000"])
    fast.add_argument("--events", type=_chunks, default=600_000, metavar="N", help="events in the topic (600000)")
    fast.add_argument(
        "--idiomatic-events", type=_COUNT, default=40_000, metavar="N", help="how many the idiomatic job gets (40000)"
    )

    fresh = verbs.add_parser("freshness", help="milliseconds from produced to readable in Redis, by load")
    fresh.tells(None, ["tideline bench freshness --capacity 20000 --seconds 30"])
    fresh.add_argument(
        "--capacity", type=_COUNT, metavar="N", help="events/s that are full load; without it they are measured first"
    )
    fresh.add_argument("--seconds", type=_COUNT, default=60, metavar="N", help="measured at each load (60)")

    big = verbs.add_parser("memory", help="bytes a user in Redis and in Flink's state")
    big.tells(None, ["tideline bench memory --users 10000"])
    big.add_argument("--users", type=_COUNT, default=10_000, metavar="N", help="users with a full history (10000)")

    long = verbs.add_parser("soak", help="resident memory of a TaskManager under steady load, by minute")
    long.tells(None, ["tideline bench soak --minutes 40 --rate 7500"])
    long.add_argument("--minutes", type=_COUNT, default=40, metavar="M", help="(40)")
    long.add_argument("--rate", type=_COUNT, default=7_500, metavar="N", help="events/s; half of full load (7500)")

    ready = verbs.add_parser("start", help="seconds until a ranker's policy is ready beside a long policy topic")
    ready.tells(None, ["tideline bench start --rows 5000000"])
    ready.add_argument("--rows", type=_COUNT, default=5_000_000, metavar="N", help="in the topic (5000000)")

    news = verbs.add_parser("openings", help="how soon pages know of an activity that opens, stops or comes back")
    news.tells(None, ["tideline bench openings --users 100000"])
    news.add_argument("--users", type=_COUNT, default=100_000, metavar="N", help="who stay away (100000)")
    news.add_argument("--rate", type=_COUNT, default=4_500, metavar="N", help="events/s of others (4500)")
    news.add_argument("--stops", type=_COUNT, default=100, metavar="N", help="pauses of an activity (100)")


def _beside_others(verbs: SubVerbs) -> None:
    sides = verbs.add_parser("peers", help="events a second beside other ways to do the same work")
    sides.tells(None, ["tideline bench peers", "tideline bench peers --only plain --rounds 3"])
    sides.add_argument("--events", type=_chunks, default=300_000, metavar="N", help="events in the topic (300000)")
    sides.add_argument(
        "--slow-events",
        type=_COUNT,
        default=8_000,
        metavar="N",
        help="how many the idiomatic job and Pathway get (8000); Quix four and Bytewax eight times as many",
    )
    sides.add_argument("--rounds", type=_COUNT, default=2, metavar="N", help="of all; medians count (2)")
    sides.add_argument("--only", choices=PEER_WAYS, action="append", help="beside these alone; repeatable (all)")
    half = sides.add_mutually_exclusive_group()
    half.add_argument("--without-kills", action="store_true", help="measure rates alone")
    half.add_argument("--without-rates", action="store_true", help="kill, and say what their lists lack then")

    older = verbs.add_parser("beside", help="events a second of this tree beside those of another commit, in turns")
    older.tells(
        "The commit gets a folder of its own and is set up there; both have a stack up, of two TaskManagers each, and "
        "one works at a time. It can be any whose benchmarks have an arena, from the first bench throughput on.",
        ["tideline bench beside adc3502", "tideline bench beside HEAD~20 --rounds 5 --json"],
    )
    older.add_argument("commit", metavar="COMMIT", help="of this repository, as git names it")
    older.add_argument("--events", type=_chunks, default=600_000, metavar="N", help="events in each topic (600000)")
    older.add_argument("--rounds", type=_COUNT, default=3, metavar="N", help="of both; medians count (3)")


def _of_scale(verbs: SubVerbs) -> None:
    large = verbs.add_parser(
        "capacity", help="CPU time an event by TaskManagers, and what 10k to 1M events/s need by it"
    )
    large.tells(
        "The table comes on standard error, too. A file of what a run has printed gives it again, also with costs that "
        "were changed there.",
        ["tideline bench capacity --json", "tideline bench capacity --from costs.json"],
    )
    large.add_argument("--events", type=_chunks, default=300_000, metavar="N", help="events in the topic (300000)")
    large.add_argument("--rounds", type=_COUNT, default=2, metavar="N", help="of 1, 2, 4 TaskManagers (2)")
    large.add_argument(
        "--from", dest="by", type=Path, metavar="FILE", help="print the table by its costs and measure nothing"
    )


def _in_turns(verbs: SubVerbs) -> None:
    for name, says in (
        ("cluster", "events a second with a Redis Cluster, beside one server"),
        ("ruled", "events a second under a marketer's rules, beside none"),
    ):
        both = verbs.add_parser(name, help=says)
        both.tells(None, [f"tideline bench {name} --events 400000 --rounds 3"])
        both.add_argument("--events", type=_chunks, default=400_000, metavar="N", help="events in the topic (400000)")
        both.add_argument("--rounds", type=_COUNT, default=3, metavar="N", help="of both; medians count (3)")


def _in_rocksdb(verbs: SubVerbs) -> None:
    kept = verbs.add_parser("backends", help="users in RocksDB beside the heap: rate, checkpoints, restores")
    kept.tells(
        None,
        [
            "tideline bench backends --events 300000 --rounds 3",
            "tideline bench backends --users 1000000",
            "tideline bench backends --users 100000,1000000 --events 200000 --rounds 2",
        ],
    )
    kept.add_argument("--events", type=_chunks, default=300_000, metavar="N", help="events in the topic (300000)")
    kept.add_argument("--rounds", type=_COUNT, default=1, metavar="N", help="of both; medians count (1)")
    kept.add_argument(
        "--users",
        type=_users,
        default=(0,),
        metavar="N[,N ...]",
        help="who have full histories before the first event; then freshness is measured too (0: 100000 who have "
        "none); several numbers: in turns, in RocksDB unless --only says hashmap",
    )
    which = kept.add_mutually_exclusive_group()
    which.add_argument("--only", choices=("hashmap", "rocksdb"), help="measure one of them (both)")
    which.add_argument(
        "--each-setting",
        action="store_true",
        help="measure RocksDB, and without each of its settings in turn; six Flink clusters are up at once",
    )


def _of_the_past(verbs: SubVerbs) -> None:
    past = verbs.add_parser(
        "backfill", help="events a second of a backfill, beside the live job, and whether states agree"
    )
    past.tells(None, ["tideline bench backfill --json --events 1000000"])
    past.add_argument("--events", type=_chunks, default=1_000_000, metavar="N", help="events in the topic (1000000)")

    again = verbs.add_parser("replay", help="events a second of replays beside the live job, by length of their range")
    again.tells(None, ["tideline bench replay --json --events 400000"])
    again.add_argument("--events", type=_chunks, default=200_000, metavar="N", help="events in the topic (200000)")


def _chunks(text: str) -> int:
    from tideline.scripts.benchmarks.live.traffic import CHUNK_EVENTS  # needs numpy, and only where it is given

    if not text.isdecimal() or int(text) < CHUNK_EVENTS or int(text) % CHUNK_EVENTS:
        raise argparse.ArgumentTypeError(f"{text!r}; allowed: multiples of {CHUNK_EVENTS}")
    return int(text)


def _users(text: str) -> tuple[int, ...]:
    numbers = text.split(",")
    if not all(each.isdecimal() and int(each) <= _MOST_USERS for each in numbers):
        raise argparse.ArgumentTypeError(f"{text!r}; allowed: whole numbers from 0 to {_MOST_USERS}, with commas")
    found = tuple(map(int, numbers))
    if len(found) > 1 and (0 in found or len(set(found)) < len(found)):
        raise argparse.ArgumentTypeError(f"{text!r}; allowed: one number, or several, none of them twice or 0")
    return found
