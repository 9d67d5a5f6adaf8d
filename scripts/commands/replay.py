"""Runs the job again over a range of the clickstream, beside the live job: `tideline replay`."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, TypedDict

from tideline.schemas.errors import ConfigError, Unavailable
from tideline.scripts.commands.exits import failed
from tideline.scripts.commands.job_rights import REPLAY_WRITES, refuse_missing_rights
from tideline.scripts.commands.redis_target import opened
from tideline.scripts.commands.submit import configuration, submit
from tideline.scripts.commands.target import cluster_of
from tideline.scripts.commands.topics import TopicError, ensure_topics
from tideline.scripts.localstack import Stack, StackError
from tideline.scripts.parsers.job_options import options_from
from tideline.scripts.parsers.verbs import parser_of
from tideline.scripts.replays.offsets import as_option, spans
from tideline.udfs.io.topic_reader import opened as topic_opened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tideline.scripts.replays.bounds import Bound
    from tideline.scripts.replays.offsets import Span
    from tideline.udfs.settings.job_config import JobConfig

_NO_RANGE = {"from_offsets": '{"0": 0}', "to_offsets": '{"0": 0}'}
"""What stands for the range while the options that say where it is are read."""
_WITHIN_S = 3600.0


class Replayed(TypedDict):
    """What is printed of a replay; `scripts/parsers/replay_parser.py` says what each is."""

    job: str
    records: int
    lists: int
    namespace: str
    partitions: dict[str, dict[str, int]]


def replay(stack: Stack, name: str, begin: Bound, end: Bound | None, options: Mapping[str, str]) -> Replayed:
    """Run a replay to its end; return its job id and how many records it read and lists it left.

    Raises:
        StackError: an option cannot be used, too few slots are free, it could not be submitted, or it failed.
        ConfigError: the range is not there yet, or none; TooFew: a part of it is gone.
        TopicError: a topic of its outputs cannot be used as it is.
        Unavailable: no broker or no Redis answers, or one refuses.
    """
    options = {"name": name, **options}
    found = range_of(configuration(stack, "replay", options | _NO_RANGE), begin, end)
    options |= {"from_offsets": json.dumps(as_option(found, 0)), "to_offsets": json.dumps(as_option(found, 1))}
    config = configuration(stack, "replay", options)
    ensure_topics(cluster_of(config), config.output_topics, roles=REPLAY_WRITES)
    refuse_missing_rights(config)
    stack.rest.wait_slots(config.parallelism)
    job_id = submit(stack, "replay", options)
    print(f"replay: job {job_id} runs; {stack.flink_rest_url}/#/job/running/{job_id}", file=sys.stderr)
    stack.rest.wait_state(job_id, {"FINISHED"}, timeout_s=_WITHIN_S)
    with opened(config.redis_url) as store:
        lists = sum(1 for _ in store.scan_iter(f"{config.namespace}:list:*", count=10_000))
    return {
        "job": job_id,
        "records": _records_read(stack, job_id),
        "lists": lists,
        "namespace": config.namespace,
        "partitions": {str(number): {"from": span.start, "to": span.stop} for number, span in found.items()},
    }


def range_of(config: JobConfig, begin: Bound, end: Bound | None) -> dict[int, Span]:
    """Return the offsets of a range, as the clickstream stands now; raises as `spans`, and Unavailable."""
    with topic_opened(cluster_of(config), config.topics.clickstream) as logs:
        return spans(logs, begin, end, time.time_ns() // 1_000_000)


def _records_read(stack: Stack, job_id: str) -> int:
    vertices = stack.rest.get(f"/jobs/{job_id}")["vertices"]
    return sum(int(each["metrics"]["write-records"]) for each in vertices if "clickstream" in each["name"])


def main(argv: Sequence[str]) -> int:
    """Run a replay on a local stack; 1 with the reason if it fails."""
    parser = parser_of("replay")
    known, rest = parser.parse_known_args(argv)
    options = options_from(parser, rest)
    try:
        found = replay(Stack.attach(known.stack), known.name, known.begin, known.end, options)
    except (ConfigError, StackError, TopicError, Unavailable) as error:
        return failed("replay", error)
    print(json.dumps(found))
    return 0
