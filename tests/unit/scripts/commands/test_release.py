"""Contract: the release is what setup.cfg says, in a checkout and in a wheel that was built of it."""

from __future__ import annotations

import configparser
from importlib import metadata

import pytest

from tests.support.doc_pages import ROOT
from tideline.scripts.commands import release as module
from tideline.scripts.commands.release import release


def test_a_checkout_is_the_release_that_it_states() -> None:
    stated = configparser.ConfigParser()
    stated.read(ROOT / "setup.cfg")
    assert release() == stated["metadata"]["version"]


def test_elsewhere_it_is_the_installed_wheels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: without a setup.cfg beside the sources the package's own metadata is asked."""
    monkeypatch.setattr(module, "__file__", "/nowhere/tideline/scripts/commands/release.py")
    monkeypatch.setattr(metadata, "version", {"tideline": "9.8.7"}.__getitem__)
    assert release() == "9.8.7"
