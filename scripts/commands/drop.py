"""Deletes what a replay has left in Redis and in Kafka: `tideline drop`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kafka.errors import GroupIdNotFoundError, UnknownTopicOrPartitionError

from tideline.schemas.errors import TidelineError, Unavailable
from tideline.scripts.commands.exits import Exit, failed
from tideline.scripts.commands.promote import names_of
from tideline.scripts.commands.redis_target import opened, read_redis_target
from tideline.scripts.commands.target import read_target
from tideline.scripts.comparison.namespaces import deleted
from tideline.scripts.localstack import StackError
from tideline.scripts.localstack.rest import TERMINAL_STATES
from tideline.scripts.parsers.verbs import parse
from tideline.scripts.replays.belongings import topics_known, why_not_its_own, written_there
from tideline.scripts.replays.kept import forget, known_of
from tideline.udfs.io.topic_reader import record_ranges
from tideline.udfs.settings.replay_names import replay_names

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from tideline.scripts.commands.target import Target
    from tideline.scripts.localstack import Stack
    from tideline.udfs.io.kafka_cluster import KafkaCluster
    from tideline.udfs.settings.replay_names import ReplayNames

_GONE = ("OK", GroupIdNotFoundError.__name__)
"""What the client says of a group that was deleted, now or by somebody else."""


def checkpoints_of(stack: Stack | None, name: str) -> list[str]:
    """Return the folders of the newest checkpoints that Flink knows of jobs of that name.

    Raises:
        StackError: one of them runs.
    """
    if stack is None:
        return []
    folders = []
    for job in stack.rest.get("/jobs/overview")["jobs"]:
        if job["name"] != name:
            continue
        if job["state"] not in TERMINAL_STATES:
            raise StackError(f"job {job['jid']} of that replay is {job['state']}: cancel it first, or let it end")
        newest = stack.rest.get(f"/jobs/{job['jid']}/checkpoints")["latest"]["completed"]
        folders += [newest["external_path"]] if newest and not newest.get("discarded") else []
    return folders


def _has_group(cluster: KafkaCluster, group: str) -> bool:
    with cluster.admin("looking for groups", f"Describe on group {group}") as admin:
        return any(each.get("group_id") == group for each in admin.list_groups())


def _delete(cluster: KafkaCluster, topics: Sequence[str], group: str | None) -> None:
    needs = f"Delete on topics {', '.join(topics)} and group {group}"
    with cluster.admin("deleting what a replay left", needs) as admin:
        for topic in topics:
            try:
                admin.delete_topics([topic])
            except UnknownTopicOrPartitionError:
                continue  # somebody else has done it
        if group is not None:
            said = admin.delete_groups([group])[group]
            if said not in _GONE:
                raise Unavailable("kafka", f"group {group} is not deleted: {said}")


def _topics_of(target: Target, its: ReplayNames, name: str) -> tuple[dict[str, int], str]:
    """Return how many records the topics of these names have, and why they are not shown to be the replay's."""
    known = topics_known(target.cluster, its)
    there = list(written_there(known, its).values())
    if not there:
        return {}, ""
    kept = target.stack is not None and known_of(target.stack.root, name) is not None
    why = why_not_its_own(target.cluster, known, target.topics, its, name, kept=kept)
    ranges = {topic: record_ranges(target.cluster, topic).values() for topic in there}
    return {topic: sum(end - begin for begin, end in its) for topic, its in ranges.items()}, why


def drop(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what there is of a replay; with `yes` it is deleted, Redis' part first, what shows whose it was last."""
    target, url = read_target(arguments), read_redis_target(arguments).url
    names = names_of(arguments)
    folders = checkpoints_of(target.stack, arguments.replay)
    its = replay_names(arguments.replay, arguments.prefix, arguments.group_id, target.topics)
    topics, why_left = _topics_of(target, its, arguments.replay)
    group = its.group if _has_group(target.cluster, its.group) else None
    with opened(url) as client:
        kept = deleted(client, names.kept, really=arguments.yes)
        lists = deleted(client, names.replay + b":", really=arguments.yes)
    if arguments.yes:
        _delete(target.cluster, [] if why_left else list(topics), group)
        if target.stack is not None and not why_left:
            forget(target.stack.root, arguments.replay)
    return {
        "replay": names.replay.decode("utf-8", "backslashreplace"),
        "done": arguments.yes,
        "lists": lists if arguments.yes else lists - kept,
        "kept": kept,
        "topics": {} if why_left else topics,
        "left": sorted(topics) if why_left else [],
        "why_left": why_left or None,
        "group": group,
        "checkpoints": folders,
    }


def describe(found: Mapping[str, Any]) -> list[str]:
    """Return the lines for people."""
    topics = ", ".join(f"{name} with {count:,} records" for name, count in found["topics"].items())
    return [
        f"{found['replay']}: {found['lists']:,} lists, {found['kept']:,} kept for a rollback",
        f"topics: {topics or 'none'}; group: {found['group'] or 'none'}",
        *([f"left as they are: {', '.join(found['left'])}: {found['why_left']}"] if found["left"] else []),
        *(f"yours to delete: {folder}" for folder in found["checkpoints"]),
        "deleted" if found["done"] else "nothing was changed; --yes does it",
    ]


def main(argv: Sequence[str]) -> int:
    """Delete what a replay left, or tell what that is."""
    arguments = parse("drop", argv)
    try:
        found = drop(arguments)
    except (StackError, TidelineError) as error:
        return failed("drop", error)
    print(json.dumps(found) if arguments.json else "\n".join(describe(found)))
    return Exit.DONE
