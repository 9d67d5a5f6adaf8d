"""Contract: a Kafka that does not answer is told in one line and in bounded time."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.support.doc_pages import ROOT
from tideline.scripts.localstack.process import free_ports
from tideline.udfs.io.kafka_cluster import KafkaCluster

LOGIN = {"sasl.jaas.config": 'M required username="u" password="hidden-word";'}
# In a process of its own: the client leaves a socket open for each connection that was refused.
_ASK = """
import logging
import sys

from tideline.schemas.errors import Unavailable
from tideline.udfs.io.kafka_cluster import KafkaCluster

try:
    with getattr(KafkaCluster(sys.argv[1], {}, patience_s=0.3), sys.argv[2])("reading topic x", "Read on topic x"):
        pass
except Unavailable as error:
    print(error)
print(len(logging.getLogger("kafka").handlers))
"""


@pytest.mark.parametrize("kind", ["consumer", "producer", "admin"])
def test_nobody_listens(kind: str) -> None:
    """Contract: every kind of client says what was tried where, and what to do; nothing listens to its log after."""
    address = f"127.0.0.1:{free_ports(1)[0]}"
    argv = [sys.executable, "-c", _ASK, address, kind]
    ended = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=30)
    assert ended.stdout.splitlines() == [
        f"kafka is unavailable: reading topic x at {address}: nothing listens there; check host and port, and that the "
        "broker runs",
        "1",
    ]
    assert ended.stderr == ""


def test_a_login_is_not_printed() -> None:
    assert "hidden-word" not in repr(KafkaCluster("h:1", LOGIN))


def test_one_module_makes_clients_of_kafka() -> None:
    """Contract: a login works for every command or for none; the demo's shop is somebody else's producer."""
    made = {
        str(path.relative_to(ROOT))
        for folder in ("schemas", "udfs", "models", "jobs", "scripts")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"\bKafka(?:Consumer|Producer|AdminClient)\b", path.read_text())
    }
    assert made == {"udfs/io/kafka_cluster.py", "scripts/simulation/clickstream.py"}
