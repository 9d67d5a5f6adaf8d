"""Prints what completes `tideline` in bash, zsh and fish: `tideline completion`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import shtab

from tideline.scripts.parsers.job_options import LIVE_FLAGS, REPLAY_FLAGS
from tideline.scripts.parsers.verb_parser import VerbParser
from tideline.scripts.parsers.verbs import VERBS, fill, parse

if TYPE_CHECKING:
    from collections.abc import Sequence

_FOLDERS = ("DIR",)


def main(argv: Sequence[str]) -> int:
    """Print it."""
    print(shtab.complete(tree(), shell=parse("completion", argv).shell))
    return 0


def tree() -> VerbParser:
    """Return one parser of every verb, with its files and folders marked and the options of the job added."""
    top = VerbParser(prog="tideline")
    verbs = top.verbs()
    for verb in VERBS:
        parser = verbs.add_parser(verb.name, help=verb.meaning)
        fill(verb, parser)
        if verb.job_options:
            _add_job_options(parser)
        for each in (parser, *parser.sub_verbs().values()):
            _mark_paths(each)
    return top


def _add_job_options(parser: VerbParser) -> None:
    known = {flag for action in parser.options() for flag in action.option_strings}
    for flag in (*LIVE_FLAGS, *REPLAY_FLAGS):
        if flag not in known:
            parser.add_argument(flag, type=Path if flag.endswith("-file") else str, help="of the job")


def _mark_paths(parser: VerbParser) -> None:
    for action in parser.options():
        if action.type is Path:
            action.complete = shtab.DIRECTORY if action.metavar in _FOLDERS else shtab.FILE  # type: ignore[attr-defined]
