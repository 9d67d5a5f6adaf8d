"""What `tideline config` takes beside the job's own options."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tideline.scripts.parsers.verb_parser import add_json

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser

_TEXT = """Shows every option of the job with its value and where that comes from, and checks them as the job would.

Options come from a TOML file, the environment (TIDELINE_BATCH_MS) and flags (--batch-ms 50); later ones win.
docs/configuration.md says what each is for. Exit status 1: the job would refuse them, or one that it needs is missing.
"""


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    parser.usage = "tideline config [--replay] [--config FILE.toml] [--without-secrets] [--json] [--option VALUE ...]"
    parser.is_list = True
    parser.tells(
        _TEXT,
        [
            "tideline config --config job.toml",
            "tideline config --config job.toml --without-secrets   # before the secrets are there, such as in a check",
            "tideline config --bootstrap KAFKA:9092 --policy thompson --json",
        ],
        {
            "key": "of the option",
            "value": "what the job would use, secrets masked; null where it must be given",
            "source": "default, a key in a file, an environment variable or a flag; null where it must be given",
            "allowed": "the values in words",
            "meaning": "what it is for",
            "on_restart": "what a changed value does when the job goes on from its state; null for a replay",
        },
    )
    parser.add_argument("--replay", action="store_true", help="the options of a replay, not of the live job")
    parser.add_argument("--config", type=Path, metavar="FILE.toml", help="options in a file")
    parser.add_argument("--without-secrets", action="store_true", help="secrets that are not given are no fault")
    parser.add_argument("--markdown", action="store_true", help="print docs/configuration.md in place of values")
    add_json(parser)
