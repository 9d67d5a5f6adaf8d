"""What `tideline control` takes."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from tideline.scripts.parsers.verb_parser import add_target

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser

COMMANDS = {
    "republish": "rank every user again and write all lists",
    "publish": "solve and publish every activity's policy row",
    "model": "serve another encoder (version and sha256 from its manifest)",
    "policy": "rank with one policy version; null: follow the learner again",
    "weights": "what a click, a conversion, a unit of revenue and of cost are worth",
    "generation": "lists get a higher first part of their version, so they replace any",
    "examination": "how much an impression at each place counts, as tideline report says",
    "experiment": "see tideline experiment",
}
"""Every command by its name."""

_TEXTS = ("id", "placement")
"""Of digits alone they are texts all the same."""


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    parser.tells(
        "Sends a command to the running job.\n\n" + "\n".join(f"  {name:13}{each}" for name, each in COMMANDS.items()),
        [
            "tideline control republish id=after-outage",
            "tideline control publish id=now --bootstrap KAFKA:9093 --config kafka.properties",
            "tideline control model path=models/artefacts/demo-2",
            "tideline control policy pinned=123",
            "tideline control policy pinned=null",
            "tideline control weights click=1 conversion=5 revenue=0 cost=0",
            "tideline control generation generation=2",
            "tideline control examination places=[1,0.8,0.6]",
            "tideline control examination after_click=0.2   # where lists are read from the top",
            "tideline control examination places=[1,0.7] placement=cart",
        ],
    )
    add_target(parser)
    parser.add_argument("kind", choices=tuple(COMMANDS), metavar="COMMAND", help="one of those above")
    parser.add_argument("argument", nargs="*", type=_argument, metavar="name=value", help="what the command takes")


def _argument(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r}; allowed: name=value")
    try:
        return name, value if name in _TEXTS else json.loads(value)
    except json.JSONDecodeError:
        return name, value
