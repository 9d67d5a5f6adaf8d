"""Contract: `tideline doctor` finds a sound deployment sound, and what is broken in it, on real servers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.doc_pages import ROOT
from tests.support.secure_broker import SecureBroker, documented_rights
from tideline.schemas.topics import Topics
from tideline.scripts.commands.tideline import main
from tideline.scripts.commands.topics import ensure_topics
from tideline.scripts.parsers.verbs import parser_of
from tideline.udfs.io.kafka_cluster import KafkaCluster
from tideline.udfs.io.kafka_rights import Right

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tideline.scripts.localstack import Stack

pytestmark = pytest.mark.integration
Captured = pytest.CaptureFixture[str]


def _doctor(capsys: Captured, *argv: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Return exit status and findings by subject, but for what another test may have taken: memory."""
    status = main(["doctor", "--json", *argv])
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return status, {each["subject"]: each for each in found}


def test_a_stack_whose_topics_lack_is_sound_once_they_are_made(stack: Stack, capsys: Captured) -> None:
    """Contract: each lacking topic has its finding; made, nothing is wrong, and every part was looked at."""
    status, before = _doctor(capsys, "--stack", stack.name, "--suffix=-doctor")
    assert status == 1
    assert before["topic policy-doctor"]["to_do"] == "make it: scripts/topics with the same options"

    assert main(["topics", "--stack", stack.name, "--suffix=-doctor", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in made] == [f"{name}-doctor" for name in Topics().by_role().values()]
    assert all(each.keys() == parser_of("topics").keys.keys() for each in made)
    status, after = _doctor(capsys, "--stack", stack.name, "--suffix=-doctor")

    assert [each for each in after.values() if each["state"] == "wrong"] == []
    assert status == 0
    assert after["activities"]["found"] == "none is written yet: nobody has a list before"
    assert {"java", "packages", "kafka", "redis", "flink", "slots", "jobs", "clock of Redis"} <= after.keys()
    assert {"clock of the brokers", "clock of Flink", "group tideline", f"stack {stack.name}"} <= after.keys()
    assert all(each.keys() == parser_of("doctor").keys.keys() for each in after.values())


def test_the_keys_of_a_stack_are_those_that_are_told(stack: Stack, capsys: Captured) -> None:
    assert main(["stack", "status", "--name", stack.name, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found.keys() == parser_of("stack").sub_verbs()["status"].keys.keys()


@pytest.fixture
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureBroker]:
    """A broker where nobody may do anything without a right."""
    running = SecureBroker(tmp_path_factory.mktemp("doctor"))
    ensure_topics(KafkaCluster(running.inside), Topics())
    yield running
    running.stop()


def test_rights_are_enough_or_named(broker: SecureBroker, capsys: Captured) -> None:
    """Contract: with the documented rights of the job all is well; one that lacks is named, and how to grant it."""
    rights = documented_rights((ROOT / "docs" / "operate.md").read_text(), NAME="x")["the job"]
    enough = broker.login(rights)
    less = broker.login([right for right in rights if right != Right("Write", "topic", "policy")])

    _, sound = _doctor(capsys, "--bootstrap", broker.outside, "--config", str(enough))
    status, lacking = _doctor(capsys, "--bootstrap", broker.outside, "--config", str(less))

    of_kafka = {name: each["state"] for name, each in sound.items() if name.split()[0] in ("kafka", "topic", "group")}
    assert len(of_kafka) == 10
    assert sound["profiles beside clickstream"]["state"] == "ok"
    assert set(of_kafka.values()) == {"ok"}
    assert sound["times of clickstream"]["state"] == "unknown"  # it takes DescribeConfigs, which the job needs not
    assert status == 1
    assert lacking["topic policy"]["found"] == "the login lacks Write, which the job needs"
    assert "--topic policy --operation Read --operation Write" in lacking["topic policy"]["to_do"]
