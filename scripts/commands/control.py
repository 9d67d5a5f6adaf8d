"""Sends an order to the running job: `tideline control`."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kafka import KafkaProducer
from kafka.errors import KafkaError

from tideline.models.registry import verify
from tideline.schemas.errors import InvalidEvent, ModelError, Unavailable
from tideline.schemas.records import CONTROL
from tideline.scripts.localstack import Stack, StackError
from tideline.scripts.parsers.verbs import parse
from tideline.udfs.core.control.control import decode_control

if TYPE_CHECKING:
    from collections.abc import Sequence

_WITHIN_S = 30
_BROKER_WITHIN_MS = 10_000


def send_order(bootstrap: str, topic: str, kind: str, argument: dict[str, Any], issued_ms: int) -> None:
    """Write an order to the control topic and wait until the broker has it.

    Raises:
        InvalidEvent: the job would refuse it; the message names the field, its value and what is allowed.
        Unavailable: no broker takes it.
    """
    if kind == "model" and argument.keys() == {"path"}:
        manifest = verify(Path(argument["path"]))
        argument = argument | {"version": manifest.version, "sha256": manifest.sha256}
    value = CONTROL.encode({"kind": kind, "argument": json.dumps(argument), "issued_ms": issued_ms})
    decode_control(value)
    try:
        producer = KafkaProducer(bootstrap_servers=bootstrap, bootstrap_timeout_ms=_BROKER_WITHIN_MS)
        try:
            producer.send(topic, key=kind.encode(), value=value).get(timeout=_WITHIN_S)
        finally:
            producer.close()
    except (KafkaError, ValueError) as error:
        raise Unavailable("kafka", f"no order could be written to topic {topic} at {bootstrap}: {error}") from error


def main(argv: Sequence[str]) -> int:
    """Send one order; 1 with the reason if it is refused."""
    known = parse("control", argv)
    try:
        bootstrap = known.bootstrap or Stack.attach(known.stack).kafka_bootstrap
        send_order(bootstrap, known.topic, known.kind, dict(known.argument), int(time.time() * 1000))
    except (InvalidEvent, ModelError, StackError, Unavailable) as error:
        print(f"control: {error}", file=sys.stderr)
        return 1
    print(f"{known.kind} sent to {known.topic}")
    return 0
