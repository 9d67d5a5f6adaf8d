"""Sends an order to the running job.

scripts/control republish id=after-outage        rank every user again and write all lists
scripts/control publish id=now                   solve and publish every activity's policy row
scripts/control model path=FOLDER                serve another encoder (version and sha256 from its manifest)
scripts/control policy pinned=123 | pinned=null  rank with one policy version; follow the learner again
scripts/control weights click=1 conversion=5 revenue=0 cost=0
scripts/control generation generation=2
scripts/control examination places=[1,0.8,0.6]   how much an impression at each place counts, as tideline report says
scripts/control examination after_click=0.2      the same below a list's first click, where lists are read from the top
scripts/control experiment ...                   see tideline experiment
"""

from __future__ import annotations

import argparse
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
from tideline.schemas.topics import Topics
from tideline.scripts.localstack import Stack, StackError
from tideline.udfs.core.control.control import KINDS, decode_control

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


def _argument(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r}; allowed: name=value")
    try:
        return name, value if name == "id" else json.loads(value)  # an id of digits is a text all the same
    except json.JSONDecodeError:
        return name, value


def main(argv: Sequence[str]) -> int:
    """Send one order; 1 with the reason if it is refused."""
    parser = argparse.ArgumentParser(
        prog="scripts/control", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stack", default="default", help="the local stack whose broker to use")
    parser.add_argument("--bootstrap", metavar="HOST:PORT", help="somebody else's broker in place of a stack's")
    parser.add_argument("--topic", default=Topics().control)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("argument", nargs="*", type=_argument, metavar="name=value")
    known = parser.parse_args(argv)
    try:
        bootstrap = known.bootstrap or Stack.attach(known.stack).kafka_bootstrap
        send_order(bootstrap, known.topic, known.kind, dict(known.argument), int(time.time() * 1000))
    except (InvalidEvent, ModelError, StackError, Unavailable) as error:
        print(f"control: {error}", file=sys.stderr)
        return 1
    print(f"{known.kind} sent to {known.topic}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
