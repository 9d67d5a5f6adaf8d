"""Contract: a reader of YAML gets back what was written."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from ruamel.yaml import YAML

from tideline.scripts.contract.yaml_text import yaml_text

_TEXTS = some.text(some.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="\x85\u2028\u2029\ufeff"))
_SCALARS = some.one_of(some.none(), some.booleans(), some.integers(-(2**53), 2**53), _TEXTS)
_VALUES = some.recursive(
    _SCALARS, lambda inside: some.one_of(some.lists(inside), some.dictionaries(_TEXTS, inside)), max_leaves=12
)


def _read(text: str) -> Any:
    return YAML(typ="safe").load(text)


@settings(deadline=None)
@given(some.dictionaries(some.from_regex(r"[a-z$][a-z.-]{0,8}", fullmatch=True), _VALUES))
def test_what_is_written_is_read_again(value: dict[str, Any]) -> None:
    assert _read(yaml_text(value)) == value


@pytest.mark.parametrize("key", ["on", "No", "null", "3.0.0", "a: b", "- a", "#a", "x-a", "$ref", "", "é"])
def test_a_key_stays_a_text(key: str) -> None:
    assert _read(yaml_text({key: [[], {}, [key]]})) == {key: [[], {}, [key]]}
