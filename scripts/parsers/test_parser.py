"""What `tideline test` takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser

LAYERS = ("unit", "contract", "browser", "flink", "integration", "faults")
WHEN_NAMED = {
    "slow": "faults and memory that take too long for every change",
    "train": "which installs torch",
}
"""The layers that run only when they are named, each with the reason."""


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    known = (*LAYERS, *WHEN_NAMED)
    parser.tells(
        "Runs the tests, layer by layer, integration beside the others, and prints a table of counts.",
        ["tideline test", "tideline test unit contract", "tideline test --under-load integration"],
    )
    parser.add_argument(
        "layers",
        nargs="*",
        metavar="LAYER",
        help=f"{', '.join(known)}; without one, all but {' and '.join(WHEN_NAMED)}",
    )
    parser.add_argument("--under-load", action="store_true", help="with a busy loop beside them on every core")
