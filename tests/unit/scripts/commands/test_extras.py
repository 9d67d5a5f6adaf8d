"""Contract: where something is missing, a command names the extra of the wheel that brings it."""

from __future__ import annotations

import configparser
from importlib import metadata

import pytest

from tests.support.doc_pages import ROOT
from tideline.scripts.commands.extras import EXTRA_OF, is_checkout, lacks


def _setup() -> configparser.ConfigParser:
    found = configparser.ConfigParser()
    found.read(ROOT / "setup.cfg")
    return found


def test_every_extra_that_is_named_is_one() -> None:
    assert set(EXTRA_OF.values()) < set(_setup()["options.extras_require"])


@pytest.mark.parametrize("module", ["pyflink", "ruamel", "onnxruntime", "crcmod", "pandas"])
def test_what_is_of_the_job_comes_with_its_extra(module: str) -> None:
    """Contract: the distribution that has the module is of that extra, or one that apache-flink brings."""
    extra = _setup()["options.extras_require"][EXTRA_OF[module]]
    brought = (
        extra + " ".join(metadata.requires("apache-flink") or []) + " ".join(metadata.requires("apache-beam") or [])
    )
    names = {name.lower() for name in metadata.packages_distributions()[module]}
    assert any(name.split(".")[0].split("-gpu")[0] in brought for name in names)


@pytest.mark.parametrize(
    ("module", "told"),
    [
        ("pyflink.common", "pyflink is not installed; pip install 'tideline[job]', or in a checkout scripts/setup"),
        ("torch", "torch is not installed; pip install 'tideline[train]', or in a checkout scripts/setup --train"),
        ("other", "other is not installed; in a checkout scripts/setup installs it"),
    ],
)
def test_one_line_says_what_to_install(module: str, told: str) -> None:
    assert lacks(module) == told


def test_this_is_a_checkout() -> None:
    assert is_checkout()
