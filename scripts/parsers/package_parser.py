"""What `tideline package` takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser

DEFAULT_OUT = Path(__file__).resolve().parents[2] / "dist" / "tideline-job"
_TEXT = """Builds what a cluster needs to run the job: a folder with the entry point, the packages and an encoder.

DIR/packages belongs on the PYTHONPATH of the TaskManagers and of the client, then
`flink run -py DIR/interest_job.py live ...`."""


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    parser.tells(_TEXT, ["tideline package --out /srv/tideline-job"])
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, metavar="DIR", help="made anew (dist/tideline-job)")
