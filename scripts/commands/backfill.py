"""Takes a shop's past into user state before it goes live: `tideline backfill`."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING, TypedDict

from tideline.schemas.errors import ConfigError, InvalidRecord, Unavailable
from tideline.scripts.commands.control import send_command
from tideline.scripts.commands.exits import failed
from tideline.scripts.commands.job_rights import refuse_missing_rights
from tideline.scripts.commands.past_file import write_past
from tideline.scripts.commands.submit import configuration, refuse_epoch, state_for, submit
from tideline.scripts.commands.target import Target, cluster_of
from tideline.scripts.localstack import Stack, StackError
from tideline.scripts.localstack.rest import TERMINAL_STATES, FlinkRest
from tideline.scripts.parsers.job_options import options_from
from tideline.scripts.parsers.verbs import parser_of
from tideline.udfs.io.topic_reader import group_offsets, record_ranges
from tideline.udfs.settings.job_config import BackfillConfig
from tideline.udfs.settings.option_sources import load

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping, Sequence

    from tideline.udfs.settings.job_config import JobConfig

    Ranges = Mapping[int, tuple[int, int]]

_POLL_S = 1.0
_TOLD_EVERY_S = 5.0
_STALLED_S = 300.0
_COMMITTED_BY = 2
"""Checkpoints of a job after which what its group has committed is its own: the first one's offsets are."""


class Backfilled(TypedDict):
    """What is printed of a backfill; `scripts/parsers/backfill_parser.py` says what each is."""

    job: str
    records: int
    seconds: float
    savepoint: str
    live: str | None
    next: str | None


class Past:
    """What the clickstream held at the start, and how much of it a job has read."""

    def __init__(self, rest: FlinkRest, config: JobConfig, job_id: str, ranges: Ranges) -> None:
        self._rest, self._config, self._job_id = rest, config, job_id
        self._ends = {partition: end for partition, (begin, end) in ranges.items() if end > begin}
        self._begins = {partition: begin for partition, (begin, _) in ranges.items()}
        self.records = sum(end - self._begins[partition] for partition, end in self._ends.items())

    def read(self) -> int:
        """Return how many of its records the job has read; a restart goes back to its last checkpoint."""
        return sum(self.read_of().values())

    def read_of(self) -> dict[int, int]:
        """Return the same by partition, of those that hold any."""
        at = self._positions(self._config.topics.clickstream)
        return {
            partition: min(max(at.get(partition, 0), self._begins[partition]), end) - self._begins[partition]
            for partition, end in self._ends.items()
        }

    def has_read_order(self, offset: int) -> bool:
        """Return whether the job has read a record of the control topic."""
        return self._positions(self._config.topics.control).get(0, 0) > offset

    def _positions(self, topic: str) -> dict[int, int]:
        said = self._rest.positions(self._job_id, topic)
        if self._rest.checkpoints(self._job_id).completed < _COMMITTED_BY:
            return said
        # A source that has read nothing since a restart says nothing: what its group has committed counts.
        committed = group_offsets(cluster_of(self._config), self._config.consumer_group)
        kept = {each.partition: offset for each, offset in committed.items() if each.topic == topic}
        return {number: max(said.get(number, 0), kept.get(number, 0)) for number in said.keys() | kept.keys()}


def backfill(stack: Stack, options: Mapping[str, str], state: str | None = None) -> Backfilled:
    """Run a backfill to its end.

    Raises:
        StackError: an option cannot be used, the clickstream is empty, too few slots are free, or it failed.
        Unavailable: no broker answers, or one refuses.
    """
    config = configuration(stack, "backfill", options)
    ranges = past_of(config)
    stack.rest.wait_slots(config.parallelism)
    job_id = submit(stack, "backfill", options, state)
    found = finish(stack.rest, config, job_id, ranges)
    return found | {"next": _commands(stack.name, options, found["savepoint"])}


def past_of(config: JobConfig) -> Ranges:
    """Return what the clickstream holds now, by partition.

    Raises:
        StackError: nothing.
        Unavailable: no broker answers, or one refuses.
    """
    ranges = record_ranges(cluster_of(config), config.topics.clickstream)
    if all(begin == end for begin, end in ranges.values()):
        raise StackError(f"topic {config.topics.clickstream} holds no record: there is no past to take in")
    return ranges


def finish(rest: FlinkRest, config: JobConfig, job_id: str, ranges: Ranges) -> Backfilled:
    """Wait until a backfill that was submitted has read all of that, and end it with a savepoint.

    Raises:
        StackError: it failed, or nothing moves.
        Unavailable: no broker answers, or one refuses.
    """
    print(f"backfill: job {job_id} runs; {rest.url}/#/job/running/{job_id}", file=sys.stderr)
    rest.wait_running(job_id)
    past, started_s = Past(rest, config, job_id, ranges), time.monotonic()
    _wait_read(rest, job_id, past)
    seconds = round(time.monotonic() - started_s, 1)
    _settle(rest, config, job_id, past)
    savepoint = rest.stop(job_id)
    return {
        "job": job_id,
        "records": past.records,
        "seconds": seconds,
        "savepoint": savepoint,
        "live": None,
        "next": f"flink run -d -s {savepoint} -py interest_job.py live",
    }


def _wait_read(rest: FlinkRest, job_id: str, past: Past) -> None:
    """Wait until the job has read it all, telling how much every few seconds."""
    began_s = moved_s = told_s = time.monotonic()
    read = -1
    while (now := past.read()) < past.records:
        at_s = time.monotonic()
        if now != read:
            read, moved_s = now, at_s
        _refuse_ended(rest, job_id, past, stalled=at_s - moved_s > _STALLED_S)
        if at_s - told_s >= _TOLD_EVERY_S:
            told_s = at_s
            print(f"backfill: {now:,} of {past.records:,} records, {at_s - began_s:.0f} s", file=sys.stderr)
        time.sleep(_POLL_S)


def _refuse_ended(rest: FlinkRest, job_id: str, past: Past, *, stalled: bool = False) -> None:
    state = rest.job_state(job_id)
    if stalled or state in TERMINAL_STATES:
        raise StackError(f"job {job_id} is {state} before all {past.records:,} records\n{rest.root_exception(job_id)}")


def _settle(rest: FlinkRest, config: JobConfig, job_id: str, past: Past) -> None:
    """Order the end of the backfill, and wait until a savepoint would hold all records and what the order does.

    A job that is restored meanwhile reads records again, and the order too.
    """
    print(f"backfill: all of {past.records:,} records are read, users are encoded", file=sys.stderr)
    target = Target(cluster_of(config), config.topics)
    offset = send_command(target, "republish", {"id": f"backfill-{job_id[:12]}"}, int(time.time() * 1000))
    while True:
        restored = rest.checkpoints(job_id).restored
        _wait_read(rest, job_id, past)
        while not past.has_read_order(offset):
            _refuse_ended(rest, job_id, past)
            time.sleep(_POLL_S)
        time.sleep(2 * config.batch_ms / 1000)  # what was read last is in windows yet
        if rest.checkpoints(job_id).restored == restored and rest.all_running(job_id):
            return


def go_live(stack: Stack, options: Mapping[str, str], savepoint: str) -> str:
    """Start the live job from the savepoint of a backfill and order every list; return its id.

    Raises:
        StackError: it could not be submitted.
        Unavailable: no broker answers, or one refuses.
    """
    options = live_options(options)
    config = configuration(stack, "live", options)
    stack.rest.wait_slots(config.parallelism)
    job_id = submit(stack, "live", options, savepoint)
    stack.rest.wait_running(job_id)
    target = Target(cluster_of(config), config.topics)
    send_command(target, "republish", {"id": f"live-{job_id[:12]}"}, int(time.time() * 1000))
    return job_id


def live_options(options: Mapping[str, str]) -> dict[str, str]:
    """Return the options of the live job that goes on from a backfill with these: a later epoch, and there is state."""
    kept = {key: value for key, value in options.items() if key != "without_state"}
    return kept | ({"epoch": str(int(kept["epoch"]) + 1)} if "epoch" in kept else {})


def main(argv: Sequence[str]) -> int:
    """Run a backfill on a local stack, or go on with one that runs anywhere; 1 with the reason if it fails."""
    parser = parser_of("backfill")
    known, rest = parser.parse_known_args(argv)
    options = options_from(parser, rest)
    if known.flink and known.then_live:
        parser.error("--then-live is for a local stack: submit live as you did the backfill")
    try:
        found = _on_cluster(known, rest) if known.flink else _on_stack(known, options)
    except (ConfigError, InvalidRecord, StackError, Unavailable, OSError) as error:
        return failed("backfill", error)
    print(json.dumps(found))
    return 0


def _on_cluster(known: Namespace, flags: Sequence[str]) -> Backfilled:
    config = load(BackfillConfig, flags, os.environ)
    if known.file:
        write_past(known.file, cluster_of(config), config.topics.clickstream)
    rest = FlinkRest(known.flink.rstrip("/"))
    return finish(rest, config, rest.job_id(config.name), past_of(config))


def _on_stack(known: Namespace, options: dict[str, str]) -> Backfilled:
    stack = Stack.attach(known.stack)
    config = configuration(stack, "backfill", options)
    if known.running:
        found = finish(stack.rest, config, stack.rest.job_id(config.name), past_of(config))
        found["next"] = _commands(stack.name, options, found["savepoint"])
    else:
        refuse_missing_rights(config)
        state = state_for(stack, config, known.from_state, known.latest, known.fresh)
        refuse_epoch(config, state is not None, known.fresh or config.without_state == "begin")
        if known.fresh:
            options = {**options, "without_state": "begin"}
        if known.file:
            write_past(known.file, cluster_of(config), config.topics.clickstream)
        found = backfill(stack, options, state)
    if known.then_live:
        found["live"], found["next"] = go_live(stack, options, found["savepoint"]), None
    return found


def _commands(stack: str, options: Mapping[str, str], savepoint: str) -> str:
    flags = "".join(f" --{key.replace('_', '-')} '{value}'" for key, value in live_options(options).items())
    order = f"scripts/control republish id=live-1 --stack {stack}"
    return f"scripts/submit live --stack {stack} -s {savepoint}{flags} && {order}"
