"""The worked examples in docstrings, wherever there are some."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]
_FOLDERS = ("schemas", "udfs", "models", "jobs", "scripts")


def _modules() -> list[str]:
    files = [path for folder in _FOLDERS for path in sorted((_ROOT / folder).rglob("*.py"))]
    return [
        ".".join(("tideline", *path.relative_to(_ROOT).with_suffix("").parts)).removesuffix(".__init__")
        for path in files
        if ">>> " in path.read_text()
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
    assert len(_EXAMPLES) >= 45
