"""Contract: secrets come from the environment or a file it names, and none is printed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tideline.schemas.errors import ConfigError
from tideline.schemas.topics import Topics
from tideline.scripts.commands.target import Target
from tideline.scripts.commands.token_secrets import read_token_keys
from tideline.udfs.core.lists.token_keys import TokenKeys
from tideline.udfs.io.kafka_cluster import KafkaCluster

if TYPE_CHECKING:
    from pathlib import Path

_TARGET = Target(KafkaCluster("127.0.0.1:1"), Topics())


@pytest.fixture(autouse=True)
def _nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TIDELINE_TOKEN_KEYS", raising=False)
    monkeypatch.delenv("TIDELINE_TOKEN_KEYS_FILE", raising=False)


def test_the_variable_goes_before_the_file_that_one_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_token_keys(_TARGET) is None
    (tmp_path / "keys").write_text(json.dumps({"2": "5e" * 32, "7": "6f" * 32}))
    monkeypatch.setenv("TIDELINE_TOKEN_KEYS_FILE", str(tmp_path / "keys"))
    assert read_token_keys(_TARGET) == TokenKeys({2: b"\x5e" * 32, 7: b"\x6f" * 32}, 2)
    monkeypatch.setenv("TIDELINE_TOKEN_KEYS", json.dumps({"1": "70" * 32}))
    assert read_token_keys(_TARGET) == TokenKeys({1: b"\x70" * 32}, 1)


def test_what_cannot_be_used_is_refused_without_a_secret_in_the_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIDELINE_TOKEN_KEYS_FILE", str(tmp_path / "none"))
    with pytest.raises(ConfigError, match="a file that can be read"):
        read_token_keys(_TARGET)
    monkeypatch.setenv("TIDELINE_TOKEN_KEYS", '{"1": "5e5e"}')
    with pytest.raises(ConfigError, match="secrets of 32 bytes or more") as refused:
        read_token_keys(_TARGET)
    assert "5e5e" not in str(refused.value)
