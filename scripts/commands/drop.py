"""Deletes what a replay has left in Redis and in Kafka: `tideline drop`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kafka.errors import GroupIdNotFoundError, UnknownTopicOrPartitionError

from tideline.schemas.errors import TidelineError, Unavailable
from tideline.scripts.commands.exits import Exit, failed
from tideline.scripts.commands.job_rights import LIVE_WRITES
from tideline.scripts.commands.promote import names_of
from tideline.scripts.commands.redis_target import opened, read_redis_target
from tideline.scripts.commands.target import read_target
from tideline.scripts.comparison.namespaces import deleted
from tideline.scripts.localstack import StackError
from tideline.scripts.localstack.rest import TERMINAL_STATES
from tideline.scripts.parsers.verbs import parse
from tideline.udfs.io.topic_reader import record_ranges

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from tideline.scripts.localstack import Stack
    from tideline.udfs.io.kafka_cluster import KafkaCluster

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


def topics_there(cluster: KafkaCluster, names: Sequence[str]) -> dict[str, int]:
    """Return how many records each of these topics has, of those that are there.

    Raises:
        Unavailable: no broker answers, or one refuses.
    """
    with cluster.admin("looking for topics", f"Describe on topics {', '.join(names)}") as admin:
        known = set(admin.list_topics())
    found = {}
    for name in names:
        if name in known:
            found[name] = sum(end - begin for begin, end in record_ranges(cluster, name).values())
    return found


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


def drop(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what there is of a replay; with `yes` it is deleted, Redis' part first."""
    target, url = read_target(arguments), read_redis_target(arguments).url
    names = names_of(arguments)
    folders = checkpoints_of(target.stack, arguments.replay)
    written = target.topics.with_suffix(f"-{arguments.replay}").by_role()
    topics = topics_there(target.cluster, [written[role] for role in LIVE_WRITES])
    group = f"{arguments.group_id}@{arguments.replay}"
    has_group = _has_group(target.cluster, group)
    with opened(url) as client:
        kept = deleted(client, names.kept, really=arguments.yes)
        lists = deleted(client, names.replay + b":", really=arguments.yes)
    if arguments.yes:
        _delete(target.cluster, list(topics), group if has_group else None)
    return {
        "replay": names.replay.decode("utf-8", "backslashreplace"),
        "done": arguments.yes,
        "lists": lists if arguments.yes else lists - kept,
        "kept": kept,
        "topics": topics,
        "group": group if has_group else None,
        "checkpoints": folders,
    }


def describe(found: Mapping[str, Any]) -> list[str]:
    """Return the lines for people."""
    topics = ", ".join(f"{name} with {count:,} records" for name, count in found["topics"].items())
    return [
        f"{found['replay']}: {found['lists']:,} lists, {found['kept']:,} kept for a rollback",
        f"topics: {topics or 'none'}; group: {found['group'] or 'none'}",
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
