"""Measures the live job on a stack of its own; encoder and off-policy evaluation alone. `tideline bench`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kafka.errors import KafkaError
from redis.exceptions import RedisError

from tideline.schemas.errors import ConfigError, ModelError, Unavailable
from tideline.scripts.benchmarks.live import (
    backends,
    backfill_rate,
    beside,
    capacity,
    cluster_rate,
    freshness,
    memory,
    openings,
    replay_rate,
    ruled,
    soak,
    start,
    throughput,
)
from tideline.scripts.benchmarks.live.peers import side_by_side
from tideline.scripts.benchmarks.offline import archive_rate, encoder, mutate, providers, publish, rank, regret, stories
from tideline.scripts.benchmarks.offline import ope_coverage as ope
from tideline.scripts.benchmarks.offline.analysts import analysts
from tideline.scripts.benchmarks.offline.push import push_bench
from tideline.scripts.benchmarks.offline.rules import rules
from tideline.scripts.benchmarks.offline.value import value, zero_shot
from tideline.scripts.benchmarks.worlds import built_in_worlds, world_folder
from tideline.scripts.benchmarks.year import year
from tideline.scripts.commands.exits import failed
from tideline.scripts.localstack import StackError
from tideline.scripts.parsers.verbs import parse
from tideline.scripts.simulation.demo_error import DemoError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence


def main(argv: Sequence[str]) -> int:
    """Exit status 0 when measured, 1 when something failed or a promise was broken.

    The stack is down in any case.
    """
    arguments = parse("bench", argv)
    try:
        found = _RUN[arguments.command](arguments)
    except (ConfigError, DemoError, KafkaError, ModelError, OSError, RedisError, StackError, Unavailable) as error:
        return failed("bench", error)
    print(json.dumps(found) if arguments.json else json.dumps(found, indent=2))
    return 1 if found.get("violations") or found.get("faults") else 0


def _regret(given: argparse.Namespace) -> dict[str, Any]:
    return regret.measure(given.only, peers=not given.without_peers)


def _peers(given: argparse.Namespace) -> Mapping[str, object]:
    rates, kills = not given.without_rates, not given.without_kills
    plan = side_by_side.Plan(given.events, given.slow_events, given.rounds, rates, kills)
    return side_by_side.measure(plan, given.only)


def _backends(given: argparse.Namespace) -> Mapping[str, object]:
    first, *more = given.users
    if more and given.each_setting:
        raise ConfigError("each-setting", "with several numbers of users", "one number")
    plan = backends.Plan(given.events, given.rounds, first)
    return backends.measure(plan, given.only, each_setting=given.each_setting, more=more)


def _value(given: argparse.Namespace) -> dict[str, Any]:
    policies = tuple(given.policy) if given.policy else value.POLICIES
    how = value.TrainingRun(given.past, given.seeds, policies, not given.without_peers)
    return value.measure(given.only, given.world, how, given.model)


def _world(given: argparse.Namespace) -> dict[str, Any]:
    world = built_in_worlds.make(given.name, given.seed)
    world_folder.write_world(world, given.folder)
    return {"world": given.name, "activities": len(world.activities), "visits": int(world.visit_ms.size)}


_RUN: dict[str, Callable[[argparse.Namespace], Mapping[str, object]]] = {
    "throughput": lambda given: throughput.measure(given.events, given.idiomatic_events),
    "peers": _peers,
    "cluster": lambda given: cluster_rate.measure(given.events, given.rounds),
    "capacity": lambda given: capacity.planned(given.by) if given.by else capacity.measure(given.events, given.rounds),
    "backfill": lambda given: backfill_rate.measure(given.events),
    "beside": lambda given: beside.measure(given.commit, given.events, given.rounds),
    "backends": _backends,
    "ruled": lambda given: ruled.measure(given.events, given.rounds),
    "replay": lambda given: replay_rate.measure(given.events),
    "freshness": lambda given: freshness.measure(given.capacity, given.seconds),
    "memory": lambda given: memory.measure(given.users),
    "soak": lambda given: soak.measure(given.rate, given.minutes),
    "start": lambda given: start.measure(given.rows),
    "openings": lambda given: openings.measure(given.users, given.rate, given.stops),
    "publish": lambda given: publish.measure(given.known, given.changed, given.repeats),
    "archive": lambda given: archive_rate.measure(given.rows),
    "analysts": lambda given: analysts.measure(given.rows, given.only),
    "encoder": lambda given: encoder.measure(given.model, given.provider, given.seconds),
    "providers": lambda given: providers.measure(given.seconds),
    "year": lambda given: year.measure(given.days, given.seed),
    "stories": lambda given: stories.measure(given.stories, given.seed),
    "mutate": lambda given: mutate.measure(given.files, given.seed),
    "ope": lambda given: ope.measure(given.rows, given.repeats),
    "regret": _regret,
    "rank": lambda given: rank.measure(),
    "rules": lambda given: rules.measure(given.only),
    "push": lambda given: push_bench.measure(given.only),
    "value": _value,
    "zeroshot": lambda given: zero_shot.measure(given.only, given.past, given.seed, given.model),
    "world": _world,
}
