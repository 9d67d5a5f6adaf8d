"""What `tideline submit` takes beside the job's own options."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser

KINDS = ("live", "replay")
_TEXT = """Submits the job to a local stack with `flink run`, as an operator would to a cluster.

OPTIONS are those of the job (`tideline config --help`); addresses, encoder and token secrets are filled in where they
are not given. --latest goes on from the newest completed checkpoint or savepoint of a job of that name, also after its
JobManager was lost; -s PATH from that one; --fresh begins anew, where the group has read before. --take-over makes the
job ready beside the running one of that name, then stops that with a savepoint and goes on from it: lists stand still
for the workers' start alone."""


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    parser.usage = (
        "tideline submit live|replay [--stack NAME] [--latest | -s PATH | --fresh | --take-over] [--option VALUE ...]"
    )
    parser.tells(
        _TEXT,
        [
            "tideline submit live",
            "tideline submit live --latest --policy thompson   # go on from its state, by another policy",
            "tideline submit live --take-over --parallelism 2  # in the running one's place, on more machines",
        ],
    )
    parser.add_argument("kind", choices=KINDS, help="the job that goes on, or a range once")
    parser.add_argument("--stack", default="default", metavar="NAME", help="name of the local stack")
    begin = parser.add_mutually_exclusive_group()
    begin.add_argument("--latest", action="store_true", help="go on from the newest completed state of that name")
    begin.add_argument("-s", "--from-state", metavar="PATH", help="go on from this checkpoint or savepoint")
    begin.add_argument("--fresh", action="store_true", help="begin without state, even where the group has read before")
    begin.add_argument(
        "--take-over", action="store_true", help="stop the running job of that name once this one is ready, and go on"
    )
