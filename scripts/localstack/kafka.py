"""One Kafka broker in KRaft mode, from the jars that scripts/setup fetched."""

from __future__ import annotations

import os
import socket
import subprocess
from base64 import urlsafe_b64encode
from pathlib import Path
from uuid import uuid4

from tideline.schemas.errors import Unavailable
from tideline.scripts.localstack.errors import StackError
from tideline.scripts.localstack.paths import FLINK_CONF, KAFKA_JARS, java
from tideline.scripts.localstack.process import Managed, spawn, tail
from tideline.udfs.io.kafka_cluster import KafkaCluster

_TIMEOUT_S = 5.0
_LISTENERS = """\
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.quorum.bootstrap.servers=127.0.0.1:{controller_port}
"""
_SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.listener.names=CONTROLLER
log.dirs={data}
# one broker: nothing can be kept twice
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
# a misspelt topic name is an error, not a new topic
auto.create.topics.enable=false
# a test must not wait for members that never come
group.initial.rebalance.delay.ms=0
num.network.threads=2
num.io.threads=2
num.recovery.threads.per.data.dir=1
log.cleaner.threads=1
log.cleaner.dedupe.buffer.size=16777216
log.retention.hours=24
log.segment.bytes=134217728
controlled.shutdown.max.retries=1
"""


def start(root: Path, port: int, controller_port: int) -> Managed:
    """Formats the log folder, then starts a broker without logins; raises as `start_with`."""
    return start_with(root, _LISTENERS.format(port=port, controller_port=controller_port))


def start_with(root: Path, listeners: str) -> Managed:
    """Formats the log folder, then starts the broker with these settings too; it is not ready yet.

    Raises:
        StackError: The jars are missing or the log folder could not be formatted.
    """
    if not any(KAFKA_JARS.glob("kafka_*.jar")):
        raise StackError("the Kafka jars are missing; run scripts/setup")
    settings = _settings(root)
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(listeners + _SETTINGS.format(data=root / "kafka"))
    _format(root, settings)
    return start_again(root)


def start_again(root: Path) -> Managed:
    """Starts the broker of a folder that `start` has made, with the records in it; it is not ready yet."""
    argv = [
        java(),
        "-Xms256m",
        "-Xmx512m",
        "-XX:+UseSerialGC",
        f"-Dlog4j2.configurationFile=file:{FLINK_CONF}/log4j-broker.properties",
        "-cp",
        f"{KAFKA_JARS}/*",
        "kafka.Kafka",
        str(_settings(root)),
    ]
    return spawn("kafka", argv, dict(os.environ), root / "kafka", root / "log" / "kafka.log")


def _settings(root: Path) -> Path:
    return root / "conf" / "server.properties"


def _format(root: Path, settings: Path) -> None:
    # Kafka refuses ids that begin with a dash: they would look like an option.
    cluster_id = "T" + urlsafe_b64encode(uuid4().bytes).decode()[1:22]
    log = root / "log" / "kafka-format.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    quick = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]  # it lives for a second
    tool = ["kafka.tools.StorageTool", "format", "--standalone", "-t", cluster_id, "-c", str(settings)]
    with log.open("w") as output:
        done = subprocess.run(
            [java(), *quick, "-cp", f"{KAFKA_JARS}/*", *tool], stdout=output, stderr=output, check=False, timeout=300
        )
    if done.returncode:
        raise StackError(f"kafka: formatting its log folder failed\n{tail(log)}")


def answers(bootstrap: str) -> bool:
    """Whether a broker is there that answers a request for its topics; OSError while nobody listens."""
    host, _, port = bootstrap.partition(",")[0].rpartition(":")
    # First, because the client leaves a socket open for each connection that was refused.
    socket.create_connection((host, int(port)), timeout=_TIMEOUT_S).close()
    try:
        with KafkaCluster(bootstrap, patience_s=_TIMEOUT_S).admin("asking for topics", "Describe on topics") as admin:
            admin.list_topics()
    except Unavailable:
        return False
    return True
