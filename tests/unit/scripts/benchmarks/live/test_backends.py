"""RocksDB without each of its settings, one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from tideline.scripts.benchmarks.live.backends import without_each
from tideline.scripts.localstack.paths import FLINK_CONF

if TYPE_CHECKING:
    from pathlib import Path


def test_each_file_lacks_its_setting_alone_and_none_lacks_the_backend(tmp_path: Path) -> None:
    """What is said of a setting is measured with all others in place."""
    every = yaml.safe_load((FLINK_CONF / "rocksdb.yaml").read_text())

    found = without_each(FLINK_CONF / "rocksdb.yaml", tmp_path)

    assert found.keys() == every.keys() - {"state.backend.type"}
    assert len(set(found.values())) == len(found)
    for key, path in found.items():
        assert path is not None
        assert yaml.safe_load(path.read_text()) == {name: value for name, value in every.items() if name != key}
