"""The topics, and the login of the job with its rights, as resources of Strimzi's operator (Kafka on Kubernetes)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tideline.schemas.topics import SPECS, Topics
from tideline.scripts.commands.job_rights import PUSHING_WRITES
from tideline.udfs.io.kafka_rights import rights_on

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tideline.udfs.io.kafka_rights import Right

_VERSION = "kafka.strimzi.io/v1beta2"
_LABEL = "strimzi.io/cluster"


def resources(names: Topics, partitions: int | None, cluster: str) -> list[dict[str, Any]]:
    """Return one KafkaTopic for each topic and one KafkaUser, `tideline`, for the job.

    Args:
        names: The topics' names.
        partitions: Of the topics that may have any number; None for the default.
        cluster: Name of the Kafka resource that they belong to.
    """
    made = [_topic(role, name, partitions, cluster) for role, name in names.by_role().items()]
    written = {role: names.by_role()[role] for role in PUSHING_WRITES}
    acls = [_acl(right) for right in rights_on(names, written, "tideline")]
    authorization = {"type": "simple", "acls": acls}
    spec = {"authentication": {"type": "scram-sha-512"}, "authorization": authorization}
    return [*made, _resource("KafkaUser", "tideline", cluster, spec)]


def _topic(role: str, name: str, partitions: int | None, cluster: str) -> dict[str, Any]:
    layout = SPECS[role]
    count = partitions if partitions and layout.any_partitions else layout.partitions
    # Kubernetes allows small letters, digits, dots and hyphens in a name; the topic keeps its own
    spec: dict[str, Any] = {"topicName": name, "partitions": count, "config": dict(layout.config)}
    return _resource("KafkaTopic", re.sub(r"[^a-z0-9.-]", "-", name.lower()).strip(".-"), cluster, spec)


def _acl(right: Right) -> dict[str, Any]:
    on = {"type": right.resource, "name": right.name, "patternType": "literal"}
    return {"resource": on, "operations": [right.operation, "Describe"]}


def _resource(kind: str, name: str, cluster: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    metadata = {"name": name, "labels": {_LABEL: cluster}}
    return {"apiVersion": _VERSION, "kind": kind, "metadata": metadata, "spec": dict(spec)}
