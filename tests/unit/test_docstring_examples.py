"""The worked examples in docstrings of the ground floor, the core and the encoder."""

from __future__ import annotations

import doctest
import pkgutil
from importlib import import_module

import pytest

import tideline.schemas
import tideline.udfs.core


def _modules() -> list[str]:
    packages = (tideline.schemas, tideline.udfs.core)
    return [
        each.name for package in packages for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    ]


_EXAMPLES = {name: tests for name in _modules() if (tests := [
    each for each in doctest.DocTestFinder(exclude_empty=True).find(import_module(name)) if each.examples
])}  # fmt: skip


@pytest.mark.parametrize("module", _EXAMPLES)
def test_an_example_in_a_docstring_prints_what_it_says(module: str) -> None:
    """Contract: a reader may try it with nothing imported but the module itself."""
    for example in _EXAMPLES[module]:
        ran = doctest.DocTestRunner().run(example)
        assert ran.failed == 0, example.name


def test_there_are_examples() -> None:
    assert len(_EXAMPLES) >= 15
