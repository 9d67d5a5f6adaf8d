"""Measures the live job on a stack of its own; encoder and off-policy evaluation alone. `scripts/bench --help`."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kafka.errors import KafkaError
from redis.exceptions import RedisError

from tideline.schemas.errors import ConfigError, ModelError
from tideline.scripts.benchmarks.live import freshness, memory, soak, start, throughput
from tideline.scripts.benchmarks.live.traffic import CHUNK_EVENTS
from tideline.scripts.benchmarks.offline import encoder, mutate, publish, rank, regret, stories
from tideline.scripts.benchmarks.offline import ope_coverage as ope
from tideline.scripts.benchmarks.year import year
from tideline.scripts.localstack import StackError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType

_NEWEST_ENCODER = Path(__file__).resolve().parents[2] / "models" / "artefacts" / "demo-2"


def main(argv: Sequence[str]) -> int:
    """Exit status 0 when measured, 1 when something failed or a promise was broken, 130 when interrupted.

    The stack is down in any case.
    """
    arguments = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        found: dict[str, Any] = arguments.run(arguments)
    except (ConfigError, KafkaError, ModelError, OSError, RedisError, StackError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted", file=sys.stderr)
        return 130
    print(json.dumps(found) if arguments.json else json.dumps(found, indent=2))
    return 1 if found.get("violations") or found.get("faults") else 0


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _chunks(text: str) -> int:
    number = int(text)
    if number < CHUNK_EVENTS or number % CHUNK_EVENTS:
        raise argparse.ArgumentTypeError(f"{text}: allowed are multiples of {CHUNK_EVENTS}")
    return number


def _regret(given: argparse.Namespace) -> dict[str, Any]:
    found = regret.measure(given.only)
    return found if given.without_peers else regret.with_peers(found)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    commands = parser.add_subparsers(
        required=True,
        metavar="throughput|freshness|publish|memory|soak|start|encoder|ope|regret|rank|mutate|stories|year",
    )
    _on_a_stack(commands.add_parser)
    _of_the_core(commands.add_parser)
    _of_policies(commands.add_parser)
    for command in commands.choices.values():
        command.add_argument("--json", action="store_true", help="end standard output in one line of JSON")
    return parser


def _on_a_stack(add: Callable[..., argparse.ArgumentParser]) -> None:
    fast = add("throughput", help="events a second, uniform and Zipf users, beside the idiomatic job")
    fast.add_argument("--events", type=_chunks, default=600_000, metavar="N", help="events in the topic (600000)")
    fast.add_argument(
        "--idiomatic-events", type=int, default=40_000, metavar="N", help="how many the idiomatic job gets (40000)"
    )
    fast.set_defaults(run=lambda given: throughput.measure(given.events, given.idiomatic_events))

    fresh = add("freshness", help="milliseconds from produced to readable in Redis, by load")
    fresh.add_argument(
        "--capacity", type=int, metavar="N", help="events/s that are full load; without it they are measured first"
    )
    fresh.add_argument("--seconds", type=int, default=60, metavar="N", help="measured at each load (60)")
    fresh.set_defaults(run=lambda given: freshness.measure(given.capacity, given.seconds))

    big = add("memory", help="bytes a user in Redis and in Flink's state")
    big.add_argument("--users", type=int, default=10_000, metavar="N", help="users with a full history (10000)")
    big.set_defaults(run=lambda given: memory.measure(given.users))

    long = add("soak", help="resident memory of a TaskManager under steady load, by minute")
    long.add_argument("--minutes", type=int, default=40, metavar="M", help="(40)")
    long.add_argument("--rate", type=int, default=7_500, metavar="N", help="events/s; half of full load (7500)")
    long.set_defaults(run=lambda given: soak.measure(given.rate, given.minutes))

    ready = add("start", help="seconds until a ranker's policy is ready beside a long policy topic")
    ready.add_argument("--rows", type=int, default=5_000_000, metavar="N", help="in the topic (5000000)")
    ready.set_defaults(run=lambda given: start.measure(given.rows))


def _of_the_core(add: Callable[..., argparse.ArgumentParser]) -> None:
    rows = add("publish", help="milliseconds to learn about activities and publish their rows")
    rows.add_argument("--known", type=int, default=10_000, metavar="N", help="activities known (10000)")
    rows.add_argument("--changed", type=int, default=200, metavar="N", help="how many changed, beside all (200)")
    rows.add_argument("--repeats", type=int, default=5, metavar="N", help="of each (5)")
    rows.set_defaults(run=lambda given: publish.measure(given.known, given.changed, given.repeats))

    model = add("encoder", help="microseconds an event of an encoder, by batch size and threads")
    model.add_argument("--model", type=Path, default=_NEWEST_ENCODER, metavar="DIR", help="model folder")
    model.add_argument("--provider", choices=("auto", "cpu", "cuda"), default="auto")
    model.add_argument("--seconds", type=float, default=0.5, metavar="S", help="for each figure (0.5)")
    model.set_defaults(run=lambda given: encoder.measure(given.model, given.provider, given.seconds))

    shop = add("year", help="a simulated year of a shop, checked every day; exit status 1 on a violation")
    shop.add_argument("--days", type=int, default=365, metavar="D", help="(365)")
    shop.add_argument("--seed", type=int, default=1, metavar="N", help="(1)")
    shop.set_defaults(run=lambda given: year.measure(given.days, given.seed))

    told = add(
        "stories", help="random stories of users, in order and out of order: the same lists and sums, or exit status 1"
    )
    told.add_argument("--stories", type=int, default=1000, metavar="N", help="(1000)")
    told.add_argument("--seed", type=int, default=1, metavar="N", help="(1)")
    told.set_defaults(run=lambda given: stories.measure(given.stories, given.seed))

    broken = add("mutate", help="mutated files, given to every command that reads tables; exit status 1 on a fault")
    broken.add_argument("--files", type=int, default=10_000, metavar="N", help="how many (10000)")
    broken.add_argument("--seed", type=int, default=1, metavar="N", help="what is done to them (1)")
    broken.set_defaults(run=lambda given: mutate.measure(given.files, given.seed))


def _of_policies(add: Callable[..., argparse.ArgumentParser]) -> None:
    judged = add("ope", help="error and coverage of off-policy estimates where the truth is known")
    judged.add_argument("--rows", type=int, default=10_000, metavar="N", help="in each log (10000)")
    judged.add_argument("--repeats", type=int, default=200, metavar="N", help="logs (200)")
    judged.set_defaults(run=lambda given: ope.measure(given.rows, given.repeats))

    learns = add("regret", help="what policies lose while they learn, beside other libraries")
    learns.add_argument("--only", choices=list(regret.PARTS), action="append", help="a part; may be repeated")
    learns.add_argument("--without-peers", action="store_true", help="the product's own policies only")
    learns.set_defaults(run=_regret)

    ranks = add("rank", help="microseconds a user to rank 50 to 10,000 activities, beside other libraries")
    ranks.set_defaults(run=lambda given: rank.measure())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
