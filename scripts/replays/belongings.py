"""Whose the topics are that have a replay's names: Kafka keeps no owner, and another deployment may use such names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.scripts.commands.job_rights import LIVE_WRITES
from tideline.udfs.core.policies.fence import decode_claim, epoch_of
from tideline.udfs.core.policies.policy_start import last_record
from tideline.udfs.io.topic_reader import group_offsets, opened

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from tideline.schemas.topics import Topics
    from tideline.udfs.io.kafka_cluster import KafkaCluster
    from tideline.udfs.settings.replay_names import ReplayNames


def topics_known(cluster: KafkaCluster, names: ReplayNames) -> set[str]:
    """Return the names of all topics that the login may see; raises as `why_not_its_own`."""
    needs = f"Describe on topics {', '.join(names.topics.by_role().values())}"
    with cluster.admin("looking for topics", needs) as admin:
        return set(admin.list_topics())


def written_there(known: Collection[str], names: ReplayNames) -> dict[str, str]:
    """Return by role the topics that are there of those that a replay may write."""
    written = names.topics.by_role()
    return {role: written[role] for role in LIVE_WRITES if written[role] in known}


def taken(known: Collection[str], live: Topics, names: ReplayNames) -> str:
    """Return why the topics of these names cannot be a replay's, empty where nothing says so.

    A replay makes three topics at most; a deployment has all of them, and the live one's own are never a replay's.
    """
    by_role = names.topics.by_role()
    ours = set(live.by_role().values())
    for role in LIVE_WRITES:
        if by_role[role] in ours:
            return f"{by_role[role]} is the live job's"
    for role, topic in by_role.items():
        if role not in LIVE_WRITES and topic in known:
            return f"{topic} is there too, and no replay makes it: they are a deployment's"
    return ""


def why_not_its_own(
    cluster: KafkaCluster, known: Collection[str], live: Topics, names: ReplayNames, name: str, *, kept: bool
) -> str:
    """Return why the topics of these names are not shown to be made by a replay of this deployment; empty if they are.

    They are where it is `kept` that it ran, or its group has read this clickstream, and nothing in them says otherwise:
    rows of a submission in the policy, a dead letter of another job.

    Raises:
        Unavailable: no broker answers, or one refuses.
    """
    wrong = taken(known, live, names)
    if wrong:
        return wrong
    if not kept and all(each.topic != live.clickstream for each in group_offsets(cluster, names.group)):
        return f"group {names.group} has not read {live.clickstream}, or so long ago that Kafka forgot it"
    return _said_in(cluster, written_there(known, names), name)


def _said_in(cluster: KafkaCluster, there: Mapping[str, str], name: str) -> str:
    """Return what the newest records say of another owner."""
    if topic := there.get("policy"):
        with opened(cluster, topic) as logs:
            newest = [last_record(log, log.end) for log in logs]
        if any(each and (decode_claim(each.key) or epoch_of(each.value)) for each in newest):
            return f"{topic} holds what a live job has learned"
    if topic := there.get("dead_letters"):
        with opened(cluster, topic) as logs:
            for log in logs:
                last = last_record(log, log.end)
                for _, headers in log.with_headers(last.offset, last.offset + 1) if last else ():
                    job = headers.get("job", name)
                    if job != name:
                        return f"{topic} holds dead letters of job {job!r}"
    return ""
