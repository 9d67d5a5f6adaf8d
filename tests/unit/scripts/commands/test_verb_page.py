"""Contract: the page leaves out no verb, no exit status and no key; tests/unit/docs/test_pages.py has its bytes."""

from __future__ import annotations

import re

import pytest

from tideline.scripts.commands.exits import Exit
from tideline.scripts.commands.verb_page import page
from tideline.scripts.parsers.verbs import DOORS, VERBS, Audience, parser_of


def section(heading: str) -> str:
    """Return what stands under a heading of the second level."""
    return page().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("audience", Audience)
def test_a_verb_stands_once_under_those_who_use_it(audience: Audience) -> None:
    """Contract: in the order of the table, with its door where it has one."""
    rows = re.findall(r"^\| `(.+?)` \| (.*?) ?\| (.+) \|$", section(f"For the {audience}"), re.M)
    assert rows == [
        (verb.name, f"`scripts/{verb.name}`" if verb.name in DOORS else "", verb.meaning)
        for verb in VERBS
        if verb.audience is audience
    ]


def test_every_exit_status_is_told() -> None:
    """Contract: with its number and its meaning, in order."""
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", section("Exit statuses"), re.M)
    assert rows == [(str(int(each)), each.meaning) for each in Exit]


def test_every_verb_that_prints_json_has_its_keys_on_the_page() -> None:
    """Contract: verbs of verbs too, and whether it is a list of such objects is said."""
    parsers = [each for verb in VERBS for each in (parser_of(verb.name), *parser_of(verb.name).sub_verbs().values())]
    json = section("JSON")
    told = re.findall(r"^### `(tideline .+?)( --json)?`(, each)?$", json, re.M)
    assert told == [
        (each.prog, "" if each.always_json else " --json", ", each" if each.is_list else "")
        for each in parsers
        if each.keys
    ]
    assert {each for *_, each in told} == {"", ", each"}
    assert {flag for _, flag, _ in told} == {"", " --json"}
    keys = [key for each in parsers for key in each.keys]
    assert re.findall(r"^\| `(.+?)` \|", json, re.M) == keys
