"""What `tideline test` takes."""

from __future__ import annotations

from tests.support.command_lines import taken
from tideline.scripts.parsers.test_parser import LAYERS, WHEN_NAMED
from tideline.scripts.parsers.verbs import parser_of


def test_layers_are_named_in_any_order_and_number() -> None:
    given = taken("test", "contract unit --under-load")
    assert (given.layers, given.under_load) == (["contract", "unit"], True)
    assert taken("test", "").layers == []


def test_the_help_names_every_layer_and_which_run_only_when_named() -> None:
    said = " ".join(parser_of("test").format_help().split())
    assert ", ".join((*LAYERS, *WHEN_NAMED)) in said
    assert "all but slow and train" in said
