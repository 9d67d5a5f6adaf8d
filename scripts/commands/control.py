"""Sends a command to the running job: `tideline control`."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tideline.models.registry import verify
from tideline.schemas.errors import ConfigError, InvalidRecord, ModelError, Unavailable
from tideline.schemas.records import CONTROL
from tideline.scripts.commands.exits import failed
from tideline.scripts.commands.target import PATIENCE_S, read_target
from tideline.scripts.localstack import StackError
from tideline.scripts.parsers.verbs import parse
from tideline.udfs.core.control.control import decode_control

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tideline.scripts.commands.target import Target


def completed(kind: str, argument: dict[str, Any]) -> dict[str, Any]:
    """Return an argument with what is known here: of a model's folder where it is, whoever looks, and what is in it.

    Raises:
        ModelError: the folder holds no model that can be used.
    """
    if kind != "model" or argument.keys() != {"path"}:
        return argument
    manifest = verify(folder := Path(argument["path"]))
    return {"path": str(folder.resolve()), "version": manifest.version, "sha256": manifest.sha256}


def send_command(target: Target, kind: str, argument: dict[str, Any], issued_ms: int) -> int:
    """Write a command to the control topic, wait until the broker has it and return its offset.

    Raises:
        InvalidRecord: the job would refuse it; the message names the field, its value and what is allowed.
        Unavailable: no broker takes it.
    """
    argument = completed(kind, argument)
    value = CONTROL.encode({"kind": kind, "argument": json.dumps(argument), "issued_ms": issued_ms})
    decode_control(value)
    topic = target.topics.control
    # Each placement's order has a key of its own: where the topic is compacted, none takes another one's place.
    key = "/".join([kind, *([str(argument["placement"])] if argument.get("placement") else [])])
    with target.cluster.producer(f"writing a command to topic {topic}", f"Write on topic {topic}") as producer:
        return int(producer.send(topic, key=key.encode(), value=value).get(timeout=2 * PATIENCE_S).offset)


def main(argv: Sequence[str]) -> int:
    """Send one command; 1 with the reason if it is refused."""
    known = parse("control", argv)
    try:
        target = read_target(known)
        send_command(target, known.kind, dict(known.argument), int(time.time() * 1000))
    except (ConfigError, InvalidRecord, ModelError, StackError, Unavailable) as error:
        return failed("control", error)
    print(f"{known.kind} sent to {target.topics.control}")
    return 0
