"""Contract: whoever grants rights finds those of every verb that talks to Kafka on one page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.doc_pages import ROOT
from tests.support.secure_broker import documented_rights
from tideline.scripts.parsers.verbs import VERBS, parser_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tideline.scripts.parsers.verb_parser import VerbParser

_RIGHTS = documented_rights((ROOT / "docs" / "operate.md").read_text(), NAME="july")
_OTHERS = {"config", "doctor"}
"""The one asks no broker, the other does so with the login of the job."""


def _of_kafka(parser: VerbParser, name: str) -> Iterator[str]:
    """Yield the verbs under this one that take brokers, with the words before them."""
    for verb, below in parser.sub_verbs().items():
        yield from _of_kafka(below, f"{name} {verb}")
    if "--bootstrap" in parser.format_help() and not parser.sub_verbs():
        yield name


_VERBS = [name for verb in VERBS for name in _of_kafka(parser_of(verb.name), verb.name)]


@pytest.mark.parametrize("verb", sorted({*_VERBS} - _OTHERS))
def test_a_verb_that_talks_to_kafka_has_its_row(verb: str) -> None:
    assert _RIGHTS.get(verb)


def test_the_verbs_were_found() -> None:
    """Contract: a check that finds nothing to check says so."""
    assert len(_VERBS) > 20
    assert {*_VERBS} > _OTHERS
