"""Command lines given to the parser of a verb."""

from __future__ import annotations

import contextlib
import io
import shlex
from typing import TYPE_CHECKING

import pytest

from tideline.scripts.parsers.verbs import parser_of

if TYPE_CHECKING:
    import argparse


def taken(verb: str, line: str) -> argparse.Namespace:
    """Return what a line gives a verb."""
    return parser_of(verb).parse_args(shlex.split(line))


def refused(verb: str, line: str) -> str:
    """Return what is said of a line that a verb does not take; the process would end with status 2."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said), pytest.raises(SystemExit) as ended:
        taken(verb, line)
    assert ended.value.code == 2
    return said.getvalue().splitlines()[-1]
