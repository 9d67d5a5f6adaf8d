"""The AsyncAPI 3 document: topics, keys, records, headers and layout, and who writes and reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tideline.schemas.errors import Reason
from tideline.schemas.events import TYPE_NAMES
from tideline.schemas.registry import shipped
from tideline.schemas.topics import SPECS, Topics
from tideline.scripts.commands.job_rights import PUSHING_WRITES
from tideline.scripts.contract.json_form import json_form
from tideline.udfs.io.kafka_rights import rights_on

if TYPE_CHECKING:
    from collections.abc import Mapping

_BINDING = "0.5.0"
_AVRO = "application/vnd.apache.avro+json;version=1.9.0"
_JOB = "the job"
_KEY_VALUES = {
    "clickstream": "user_id as UTF-8, as inside.",
    "profile": "user_id as UTF-8, as inside.",
    "activity": "activity_id, as inside.",
    "control": "The kind of the command.",
    "policy": "encoder version, a bar, activity_id, as in 3|tea-10; where it was solved for an arm of an experiment, "
    "a bar and how. In place of an activity_id, * is the prior of all and ~ what is known of deleted ones.",
    "ledger": "ledger, a bar, activity_id, as in ledger|tea-10.",
    "rule_costs": "The text costs.",
    "push_effects": "The text push.",
    "decision": "user_id as UTF-8, as inside.",
    "push": "user_id as UTF-8, as inside.",
    "erasure": "The id of a token secret as one byte, and BLAKE2b-128 with that secret over user_id.",
    "dead_letter": "That of the refused record, byte for byte; none where that had none.",
}


@dataclass(frozen=True)
class Channel:
    """What is known of a topic beside its layout.

    Attributes:
        about: What is on it.
        records: Names of its records.
        as_json: Whether those may be JSON objects, too.
        written_by: Who writes it beside the job.
        read_by: Who reads it beside the job.
    """

    about: str
    records: tuple[str, ...]
    as_json: bool
    written_by: tuple[str, ...]
    read_by: tuple[str, ...]


CHANNELS: Mapping[str, Channel] = {
    "clickstream": Channel(
        "What visitors do: docs/contracts/producer.md, and frontend.md for what happens to a list.",
        ("clickstream",),
        True,
        ("the shop's servers", "tideline send", "tideline backfill --file", "tideline erase", "tideline push_sender"),
        (
            "tideline backfill",
            "tideline replay",
            "tideline export",
            "tideline activity check",
            "tideline model",
            "tideline erase",
            "tideline person",
            "tideline push_sender",
            "tideline push",
        ),
    ),
    "profiles": Channel(
        "What a shop says of its users: docs/contracts/profiles.md. A record without value forgets one.",
        ("profile",),
        True,
        ("the shop's servers", "tideline erase"),
        ("tideline list", "tideline activity check", "tideline person", "tideline push_sender"),
    ),
    "activities": Channel(
        "What can be shown: docs/contracts/marketer.md. A record without value deletes an activity.",
        ("activity",),
        True,
        ("tideline activity",),
        ("tideline activity", "tideline list", "tideline export"),
    ),
    "control": Channel(
        "Commands to the running job: docs/operate.md.",
        ("control",),
        True,
        ("tideline control", "tideline experiment", "tideline model"),
        (),
    ),
    "policy": Channel(
        "What the learner knows and where limits stand; rankers follow it. The version of a record is its offset.",
        ("policy", "ledger", "rule_costs", "push_effects"),
        False,
        (),
        ("tideline submit", "tideline activity", "tideline export"),
    ),
    "decisions": Channel("What was shown and why, one record an impression.", ("decision",), False, (), ("analysts",)),
    "dead_letters": Channel(
        "What was refused, byte for byte, with the reason in its headers: docs/contracts/producer.md.",
        ("dead_letter",),
        False,
        ("tideline push_sender",),
        ("operators",),
    ),
    "erasures": Channel(
        "Who was erased up to when, without ids: docs/guide/privacy.md.",
        ("erasure",),
        False,
        ("tideline erase",),
        ("tideline person",),
    ),
    "push": Channel(
        "Messages to users, and those that were withheld by chance: docs/contracts/push.md. Only a job with the option "
        "`push` writes it.",
        ("push",),
        False,
        (),
        ("tideline push_sender", "tideline push"),
    ),
}
"""By role, in the order in which topics are told."""


def document(names: Topics, release: str, partitions: int | None = None) -> dict[str, Any]:
    """Return the document of a deployment whose topics have these names, as JSON holds it.

    Args:
        names: The topics' names.
        release: Version of Tideline that it is the contract of.
        partitions: Of those that may have any number; None for the default.
    """
    records = [name for channel in CHANNELS.values() for name in channel.records]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Tideline: the topics of Kafka",
            "version": release,
            "description": "Real-time activity ranking. Operations are those of the job. Made by `tideline topics "
            "--asyncapi`. The lists that frontends read are in Redis: docs/contracts/frontend.md.",
            "license": {"name": "Apache-2.0"},
        },
        "channels": {role: _channel(role, names, partitions) for role in CHANNELS},
        "operations": _operations(),
        "components": {
            "messages": {
                **{_title(name): _message(name) for name in records},
                **{_title(name) + "Json": _json_message(name) for name in _written_as_json()},
            }
        },
    }


def _written_as_json() -> list[str]:
    return [name for channel in CHANNELS.values() if channel.as_json for name in channel.records]


def _title(record: str) -> str:
    return "".join(word.capitalize() for word in record.split("_"))


def _messages(channel: Channel) -> list[str]:
    titles = [_title(name) for name in channel.records]
    return titles + [f"{title}Json" for title in titles] * channel.as_json


def _channel(role: str, names: Topics, partitions: int | None) -> dict[str, Any]:
    channel, roles = CHANNELS[role], _job_roles()
    return {
        "address": names.by_role()[role],
        "description": channel.about,
        "messages": {title: {"$ref": f"#/components/messages/{title}"} for title in _messages(channel)},
        "bindings": {"kafka": _layout(role, partitions)},
        "x-written-by": [_JOB] * (role in roles["send"]) + list(channel.written_by),
        "x-read-by": [_JOB] * (role in roles["receive"]) + list(channel.read_by),
    }


def _layout(role: str, partitions: int | None) -> dict[str, Any]:
    spec = SPECS[role]
    config: dict[str, Any] = dict(spec.config)
    config["cleanup.policy"] = [config.get("cleanup.policy", "delete")]
    if "retention.ms" in config:
        config["retention.ms"] = int(config["retention.ms"])
    return {
        "partitions": partitions if partitions and spec.any_partitions else spec.partitions,
        "topicConfiguration": dict(sorted(config.items())),
        "x-partitions": _partitions(role),
        "x-retention": _retention(config),
        "bindingVersion": _BINDING,
    }


def _partitions(role: str) -> str:
    if role == "profiles":
        return "as many as clickstream has"
    return "any number" if SPECS[role].any_partitions else "1 and no other"


def _retention(config: Mapping[str, Any]) -> str:
    if "compact" in config["cleanup.policy"]:
        return "the newest record of each key, for good"
    return f"{config['retention.ms']} ms" if "retention.ms" in config else "as the brokers have it by default"


def _job_roles() -> dict[str, list[str]]:
    """Return the roles of the topics that the job sends to and receives from, as its rights have them."""
    names = Topics().by_role()
    rights = rights_on(Topics(), {role: names[role] for role in PUSHING_WRITES}, "")
    used = {(right.operation, right.name) for right in rights if right.resource == "topic"}
    return {
        action: [role for role, name in names.items() if (operation, name) in used]
        for action, operation in (("receive", "Read"), ("send", "Write"))
    }


def _operations() -> dict[str, Any]:
    return {
        action + _title(role): {
            "action": action,
            "channel": {"$ref": f"#/channels/{role}"},
            "messages": [{"$ref": f"#/channels/{role}/messages/{title}"} for title in _messages(CHANNELS[role])],
        }
        for action, roles in _job_roles().items()
        for role in roles
    }


def _key(record: str) -> dict[str, Any]:
    return {"type": "string", "description": _KEY_VALUES[record]}


def _message(record: str) -> dict[str, Any]:
    if record == "dead_letter":
        return _dead_letter()
    schema, kept = shipped().current[record], shipped().versions_of(record)
    return {
        "title": _title(record),
        "summary": schema["doc"],
        "contentType": "application/vnd.apache.avro",
        "payload": {"schemaFormat": _AVRO, "schema": schema},
        "bindings": {
            "kafka": {
                "key": _key(record),
                "schemaIdLocation": "payload",
                "schemaIdPayloadEncoding": "confluent",
                "bindingVersion": _BINDING,
            }
        },
        "x-schema-id": kept[-1].schema_id,
        "x-schema-ids-read": [each.schema_id for each in kept],
    }


def _json_message(record: str) -> dict[str, Any]:
    form = json_form(shipped().current[record])
    if record == "clickstream":
        form["properties"]["type"]["enum"] = list(TYPE_NAMES)
    if record == "activity":
        rule = next(each for each in form["properties"]["rule"]["anyOf"] if "properties" in each)
        rule["properties"]["all"] = {
            "type": ["null", "array"],
            "items": {"type": "object"},
            "description": "Further clauses (docs/contracts/marketer.md).",
        }
    return {
        "title": f"{_title(record)}, as JSON",
        "summary": "The same as a JSON object.",
        "contentType": "application/json",
        "payload": form,
        "bindings": {"kafka": {"key": _key(record), "bindingVersion": _BINDING}},
    }


def _dead_letter() -> dict[str, Any]:
    schema = shipped().current["dead_letter"]
    headers = {
        each["name"]: {"type": "string", **({"description": each["doc"]} if "doc" in each else {})}
        for each in schema["fields"]
    }
    refused = [reason for reason in Reason if not reason.counted_only]
    headers["reason"] |= {"enum": [str(reason) for reason in refused]}
    return {
        "title": "DeadLetter",
        "summary": schema["doc"],
        "contentType": "application/octet-stream",
        "headers": {"type": "object", "required": list(headers), "properties": headers},
        "payload": {"description": "The value of the refused record, byte for byte; none where that had none."},
        "bindings": {"kafka": {"key": _key("dead_letter"), "bindingVersion": _BINDING}},
        "x-reasons": {str(reason): reason.meaning for reason in refused},
    }
