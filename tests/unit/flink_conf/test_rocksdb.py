"""The settings that put users into RocksDB: in one file, and as the documentation adds them to those of a cluster."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from tests.support.doc_pages import ROOT

if TYPE_CHECKING:
    from pathlib import Path

_CONF = ROOT / "flink-conf"
_OWN = "state.backend.rocksdb."


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load(path)
    return found


def test_each_line_is_rocksdbs_own_or_another_value_than_the_heaps() -> None:
    """Contract: a deployment chooses by this file alone; a line that says what is said already is none."""
    ours, rocksdb = _read(_CONF / "config.yaml"), _read(_CONF / "rocksdb.yaml")
    assert (ours["state.backend.type"], rocksdb["state.backend.type"]) == ("hashmap", "rocksdb")
    assert [key for key, value in rocksdb.items() if not key.startswith(_OWN) and ours.get(key) == value] == []
    assert not [key for key in ours if key.startswith(_OWN)]


def test_rocksdb_has_memory_of_its_own() -> None:
    """Contract: it takes managed memory, and with what the heap has there it would write to disk at each batch."""
    ours, rocksdb = (_read(_CONF / name)["taskmanager.memory.managed.size"] for name in ("config.yaml", "rocksdb.yaml"))
    assert int(rocksdb.removesuffix("m")) >= 512 > int(ours.removesuffix("m"))


def test_the_documented_command_adds_them_to_a_clusters_settings_and_no_key_stands_twice(tmp_path: Path) -> None:
    """Contract: YAML refuses a key that stands twice, and so does Flink."""
    page = (ROOT / "docs" / "operate.md").read_text()
    found = re.search(r"^sed -i .* cluster/conf/config\.yaml\ncat flink-conf/rocksdb\.yaml .*$", page, re.M)
    assert found
    (tmp_path / "cluster" / "conf").mkdir(parents=True)
    (tmp_path / "flink-conf").mkdir()
    shutil.copy(_CONF / "config.yaml", tmp_path / "cluster" / "conf")
    shutil.copy(_CONF / "rocksdb.yaml", tmp_path / "flink-conf")
    subprocess.run(["bash", "-ec", found[0]], cwd=tmp_path, check=True)
    merged = _read(tmp_path / "cluster" / "conf" / "config.yaml")
    assert merged == _read(_CONF / "config.yaml") | _read(_CONF / "rocksdb.yaml")
