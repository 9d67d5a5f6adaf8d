"""Which Kafka a command talks to, from the same options for every command: `verb_parser.add_target`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tideline.schemas.errors import ConfigError
from tideline.scripts.localstack import Stack
from tideline.udfs.io.kafka_cluster import KafkaCluster
from tideline.udfs.settings.connection.kafka_security import chosen_properties

if TYPE_CHECKING:
    import argparse

    from tideline.schemas.topics import Topics
    from tideline.udfs.settings.job_config import JobConfig

PATIENCE_S = 10.0
"""So long a person waits for a broker that does not answer."""
PUBLISH_MS = 2_000
"""How far back the policy topic is read follows from it; a longer interval only makes that further than is needed."""


@dataclass(frozen=True)
class Target:
    """A Kafka and the names of its topics; `stack` is there where it is a local stack's."""

    cluster: KafkaCluster
    topics: Topics
    stack: Stack | None = None


def read_target(arguments: argparse.Namespace) -> Target:
    """Return what the options of `verb_parser.add_target` say.

    Raises:
        ConfigError: the file of properties cannot be used.
        StackError: there is no local stack of that name.
    """
    topics = arguments.topics.with_suffix(arguments.suffix)
    if arguments.bootstrap:
        properties = chosen_properties(arguments.config, os.environ)
        return Target(KafkaCluster(arguments.bootstrap, properties, PATIENCE_S), topics)
    if arguments.config:
        raise ConfigError(
            "--config", str(arguments.config), "only with --bootstrap: a local stack says its login itself"
        )
    stack = Stack.attach(arguments.stack or "default")
    if stack.secured:
        properties = chosen_properties(stack.secured.operator_properties, {})
        return Target(KafkaCluster(stack.secured.kafka, properties, PATIENCE_S), topics, stack)
    return Target(KafkaCluster(stack.kafka_bootstrap, patience_s=PATIENCE_S), topics, stack)


def cluster_of(config: JobConfig) -> KafkaCluster:
    """Return the Kafka of a job."""
    return KafkaCluster(config.bootstrap, config.kafka_properties, PATIENCE_S)
