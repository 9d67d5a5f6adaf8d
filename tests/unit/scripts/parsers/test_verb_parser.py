"""The parser of a verb."""

from __future__ import annotations

import pytest

from tideline.scripts.parsers import verb_parser
from tideline.scripts.parsers.verb_parser import VerbParser, add_target, docstring_of


def test_help_tells_examples_and_then_the_keys_of_json() -> None:
    """Contract: each on a line of its own, what is more at the end."""
    parser = VerbParser(prog="tideline x")
    parser.tells("does x", ["tideline x --json"], {"rate": "of clicks"}, "more of it")
    text = parser.format_help()
    places = [
        text.index(each) for each in ("does x", "  tideline x --json\n", "with --json:", "of clicks", "more of it")
    ]
    assert places == sorted(places)
    assert (parser.examples, parser.keys) == (("tideline x --json",), {"rate": "of clicks"})


def test_sub_verbs_are_found_by_name_and_one_must_be_given() -> None:
    """Contract: none without any."""
    parser = VerbParser(prog="tideline x")
    assert parser.sub_verbs() == {}
    made = parser.verbs().add_parser("y")
    assert parser.sub_verbs() == {"y": made}
    with pytest.raises(SystemExit):
        parser.parse_args([])


def test_a_stack_and_brokers_are_not_both_meant() -> None:
    """Contract: one Kafka; options are not abbreviated."""
    parser = VerbParser(prog="tideline x")
    add_target(parser)
    assert parser.parse_args(["--bootstrap", "h:9092"]).suffix == ""
    for words in (["--stack", "a", "--bootstrap", "h:9092"], ["--stac", "a"], ["--suffix", "a b"]):
        with pytest.raises(SystemExit):
            parser.parse_args(words)


def test_a_docstring_is_read_from_the_file() -> None:
    """Contract: that of the module; one that is not there is an error."""
    assert docstring_of(verb_parser.__name__) == verb_parser.__doc__
    with pytest.raises(ModuleNotFoundError):
        docstring_of("tideline.scripts.nowhere")
