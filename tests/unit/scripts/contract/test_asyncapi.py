"""Contract: docs/contracts/asyncapi.yaml is what the code has, and a document of AsyncAPI 3."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import fastavro
import pytest
from jsonschema import Draft7Validator
from ruamel.yaml import YAML

from tests.support.doc_pages import ROOT
from tideline.schemas.errors import InvalidRecord, Reason
from tideline.schemas.records import Origin, dead_letter_headers
from tideline.schemas.registry import shipped
from tideline.schemas.topics import SPECS, Topics
from tideline.scripts.commands.topics import main
from tideline.scripts.contract.asyncapi import CHANNELS, document

_KEPT = ROOT / "docs" / "contracts" / "asyncapi.yaml"
_SPECIFICATION = ROOT / "tests" / "support" / "asyncapi" / "3.0.0.json"


@cache
def _kept() -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load(_KEPT)
    return found


@cache
def _valid() -> Draft7Validator:
    return Draft7Validator(json.loads(_SPECIFICATION.read_text()))


def _at(reference: str) -> Any:
    found: Any = _kept()
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if "$ref" in value else []
        return own + [each for inside in value.values() for each in _references(inside)]
    return [each for inside in value for each in _references(inside)] if isinstance(value, list) else []


def test_the_page_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: `scripts/tideline topics --asyncapi > docs/contracts/asyncapi.yaml`, without a broker."""
    assert main(["--asyncapi"]) == 0
    assert capsys.readouterr().out == _KEPT.read_text()


def test_it_is_valid_by_the_specification_of_asyncapi() -> None:
    """Contract: the JSON schema that AsyncAPI publishes takes it, bindings of Kafka and schemas of Avro included."""
    _valid().validate(_kept())


@pytest.mark.parametrize(
    "wrong",
    [
        {"asyncapi": "2.6.0"},
        {"topics": {}},
        {"channels": {"a": {"address": 1}}},
        {"channels": {"a": {"bindings": {"kafka": {"partitions": 0, "bindingVersion": "0.5.0"}}}}},
    ],
)
def test_what_is_wrong_in_a_document_is_found(wrong: dict[str, Any]) -> None:
    """Contract: the check can fail, for bindings too."""
    assert not _valid().is_valid(_kept() | wrong)


def test_every_reference_leads_somewhere() -> None:
    references = _references([_kept()["channels"], _kept()["operations"]])
    assert len(references) > 20
    assert all(isinstance(_at(each), dict) for each in references)


def test_every_topic_and_every_record_has_its_place() -> None:
    """Contract: a new topic or schema is in the document or fails here; each topic has a writer and a reader."""
    assert CHANNELS.keys() == SPECS.keys()
    told = {name for channel in CHANNELS.values() for name in channel.records}
    assert told == shipped().current.keys()
    for channel in _kept()["channels"].values():
        assert channel["x-written-by"]
        assert channel["x-read-by"]


def test_the_schemas_in_it_are_those_that_are_written() -> None:
    """Contract: each message has the Avro schema of its id, which a reader can parse."""
    messages = [each for each in _kept()["components"]["messages"].values() if "x-schema-id" in each]
    assert len(messages) == len(shipped().current) - 1  # a dead letter is the refused record
    for message in messages:
        assert fastavro.parse_schema(message["payload"]["schema"])
        assert message["payload"]["schema"] == shipped().kept[message["x-schema-id"]].raw


def test_the_headers_in_it_are_those_of_a_dead_letter() -> None:
    headers = dead_letter_headers(InvalidRecord(Reason.EMPTY, "no value"), Origin("t", 0, 1, 2), "job", "build")
    form = _kept()["components"]["messages"]["DeadLetter"]["headers"]
    assert form["required"] == [name for name, _ in headers]
    Draft7Validator(form).validate({name: text.decode() for name, text in headers})


def test_a_deployment_gets_its_own_names_and_partitions(capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: --topics, --suffix and --partitions count; what must have one partition keeps it."""
    assert main(["--asyncapi", "--topics", '{"control": "commands"}', "--suffix", ".a", "--partitions", "12"]) == 0
    channels = YAML(typ="safe").load(capsys.readouterr().out)["channels"]
    partitions = {each["address"]: each["bindings"]["kafka"]["partitions"] for each in channels.values()}
    assert partitions == {
        "clickstream.a": 12,
        "profiles.a": 12,
        "activities.a": 1,
        "commands.a": 1,
        "policy.a": 1,
        "decisions.a": 12,
        "dead-letters.a": 1,
        "erasures.a": 1,
        "push.a": 12,
    }


def test_the_layout_is_that_of_the_topics_that_are_made() -> None:
    """Contract: what `tideline topics` sets of a topic is told, numbers as numbers, what may be several as a list."""
    for role, spec in SPECS.items():
        told = document(Topics(), "1")["channels"][role]["bindings"]["kafka"]["topicConfiguration"]
        texts = {key: ",".join(each) if isinstance(each, list) else str(each) for key, each in told.items()}
        assert texts == {"cleanup.policy": "delete", **spec.config}
