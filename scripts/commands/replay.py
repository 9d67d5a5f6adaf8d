"""Runs the job again over a range of the clickstream, beside the live job: `tideline replay`."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, TypedDict

from tideline.schemas.errors import Unavailable
from tideline.scripts.commands.exits import failed
from tideline.scripts.commands.job_rights import REPLAY_WRITES, refuse_missing_rights
from tideline.scripts.commands.redis_target import opened
from tideline.scripts.commands.submit import configuration, submit
from tideline.scripts.commands.target import cluster_of
from tideline.scripts.commands.topics import TopicError, ensure_topics
from tideline.scripts.localstack import Stack, StackError
from tideline.scripts.parsers.job_options import options_from
from tideline.scripts.parsers.verbs import parser_of
from tideline.udfs.io.topic_reader import topic_ends
from tideline.udfs.settings.job_config import ReplayConfig

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_WITHIN_S = 3600.0


class Replayed(TypedDict):
    """What is printed of a replay; `scripts/parsers/replay_parser.py` says what each is."""

    job: str
    records: int
    lists: int
    namespace: str


def replay(stack: Stack, name: str, options: Mapping[str, str]) -> Replayed:
    """Run a replay to its end; return its job id and how many records it read and lists it left.

    Raises:
        StackError: an option cannot be used, the range lies past the end, too few slots are free,
            it could not be submitted, or it failed.
        TopicError: a topic of its outputs cannot be used as it is.
        Unavailable: no broker or no Redis answers, or one refuses.
    """
    config = configuration(stack, "replay", {"name": name, **options})
    if isinstance(config, ReplayConfig) and config.to_offsets is not None:
        refuse_beyond(config.to_offsets, topic_ends(cluster_of(config), config.topics.clickstream))
    ensure_topics(cluster_of(config), config.output_topics, roles=REPLAY_WRITES)
    refuse_missing_rights(config)
    stack.rest.wait_slots(config.parallelism)
    job_id = submit(stack, "replay", {"name": name, **options})
    print(f"replay: job {job_id} runs; {stack.flink_rest_url}/#/job/running/{job_id}", file=sys.stderr)
    stack.rest.wait_state(job_id, {"FINISHED"}, timeout_s=_WITHIN_S)
    with opened(config.redis_url) as store:
        lists = sum(1 for _ in store.scan_iter(f"{config.namespace}:list:*", count=10_000))
    return {"job": job_id, "records": _records_read(stack, job_id), "lists": lists, "namespace": config.namespace}


def refuse_beyond(to_offsets: Mapping[int, int], ends: Mapping[int, int]) -> None:
    """Compare the end of a range with the present ends of the partitions: what is not there yet is waited for for ever.

    Raises:
        StackError: A partition ends before, or is none; it says where each ends.
    """
    for partition, offset in sorted(to_offsets.items()):
        if partition not in ends:
            raise StackError(f"to_offsets: there is no partition {partition}; the partitions end at {dict(ends)}")
        if offset > ends[partition]:
            raise StackError(
                f"to_offsets: {offset} is past the end of partition {partition}; the partitions end at {dict(ends)}"
            )


def _records_read(stack: Stack, job_id: str) -> int:
    vertices = stack.rest.get(f"/jobs/{job_id}")["vertices"]
    return sum(int(each["metrics"]["write-records"]) for each in vertices if "clickstream" in each["name"])


def main(argv: Sequence[str]) -> int:
    """Run a replay on a local stack; 1 with the reason if it fails."""
    parser = parser_of("replay")
    known, rest = parser.parse_known_args(argv)
    options = options_from(parser, rest)
    options |= {key: value for key in ("from_ms", "to_ms") if (value := getattr(known, key)) is not None}
    try:
        found = replay(Stack.attach(known.stack), known.name, options)
    except (StackError, TopicError, Unavailable) as error:
        return failed("replay", error)
    print(json.dumps(found))
    return 0
