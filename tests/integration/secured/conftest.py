"""A broker with TLS, logins and rights for the tests of a file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.kafka_topics import produce
from tests.support.model_folders import model_folder, write_sequences
from tests.support.secure_broker import SecureBroker
from tests.support.secured import gates
from tests.support.wrong_activities import GOOD
from tideline.schemas.topics import Topics
from tideline.scripts.commands import tideline
from tideline.scripts.commands.topics import ensure_topics
from tideline.udfs.io.kafka_cluster import KafkaCluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureBroker]:
    """A broker with the topics and nobody who may do anything."""
    running = SecureBroker(tmp_path_factory.mktemp("secured"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def topics(broker: SecureBroker) -> Topics:
    """The topics, where a test needs them; of no record nobody is told that he may not read it."""
    ensure_topics(KafkaCluster(broker.inside), Topics())
    paused = GOOD | {"status": "paused", "budget": 1, "cost": 1}
    produce(broker.inside, Topics().activities, [(paused["activity_id"].encode(), json.dumps(paused).encode())])
    return Topics()


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two encoders, the second one better; the first is current."""
    folder = tmp_path_factory.mktemp("models")
    model_folder(folder, "demo-1", 0.5)
    model_folder(folder, "demo-2", 1.0)
    data = [str(write_sequences(folder / f"{name}.csv", seed)) for name, seed in (("test", 2), ("train", 1))]
    (folder / "gates").write_text(json.dumps(["--data", data[0], "--train", data[1], "--target", "all"]))
    assert tideline.main(["model", "publish", "demo-1", *gates(folder), "--registry-only"]) == 0
    return folder
