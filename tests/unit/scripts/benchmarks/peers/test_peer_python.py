"""Modules run by themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tideline.schemas.errors import ConfigError
from tideline.scripts.benchmarks.peers import peer_python


def test_libraries_that_are_not_installed_are_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(peer_python, "PYTHON", tmp_path / "none")
    with pytest.raises(ConfigError, match="scripts/setup --peers"):
        peer_python.run_peers("json")


def test_a_module_that_fails_is_named() -> None:
    with pytest.raises(OSError, match=r"tideline\.scripts\.nowhere ended with 1"):
        peer_python.run_alone("tideline.scripts.nowhere")


def test_a_package_that_older_peers_lack_is_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    python = tmp_path / "bin" / "python"
    site = tmp_path / "lib" / "python3.11" / "site-packages"
    for folder in (python.parent, site / "mabwiser"):
        folder.mkdir(parents=True)
    python.touch()
    monkeypatch.setattr(peer_python, "PYTHON", python)
    peer_python.check_peers("mabwiser")
    with pytest.raises(ConfigError, match="scripts/setup --peers"):
        peer_python.check_peers("mabwiser", "confluent_kafka")
