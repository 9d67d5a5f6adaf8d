"""Where what is held of a person may be written; the rest runs on a stack (tests/integration/test_erase.py)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tideline.schemas.errors import ConfigError
from tideline.schemas.topics import Topics
from tideline.scripts.commands.person import export
from tideline.scripts.commands.target import Target
from tideline.udfs.io.kafka_cluster import KafkaCluster

NOWHERE = Target(KafkaCluster("absent:1"), Topics())


def test_files_of_others_are_not_touched(tmp_path: Path) -> None:
    """Contract: only a new or an empty folder; refused before any broker is asked."""
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(ConfigError, match="a new or an empty folder"):
        export(NOWHERE, "u", tmp_path, lambda _: None)
    with pytest.raises(ConfigError, match="a folder that can be written"):
        export(NOWHERE, "u", tmp_path / "mine.txt", lambda _: None)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
