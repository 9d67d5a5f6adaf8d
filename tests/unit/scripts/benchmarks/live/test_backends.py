"""RocksDB without each of its settings, one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from tideline.scripts.benchmarks.live.backends import Plan, figures, lanes, without_each
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


def test_several_numbers_of_users_are_held_against_the_first(tmp_path: Path) -> None:
    """Contract: in RocksDB unless the heap is asked for; the ratio is of medians, worked out by hand."""
    planned = lanes(1_000, None, tmp_path, each_setting=False, more=(5_000,))
    assert {name: (lane.way, lane.users) for name, lane in planned.items()} == {
        "1000": ("rocksdb", 1_000),
        "5000": ("rocksdb", 5_000),
    }
    assert {lane.way for lane in lanes(1, "hashmap", tmp_path, each_setting=False, more=(2,)).values()} == {"hashmap"}

    runs = {"1000": [{"events_per_s": 100}, {"events_per_s": 300}], "5000": [{"events_per_s": 150}]}
    found = figures(runs, Plan(20_000, 2, 1_000), (5_000,))
    assert found["of_users"] == {"1000": 1.0, "5000": 0.75}
    assert (found["without"], found["ratio"], found["users"]) == ({}, 0.0, 1_000)


def test_one_number_of_users_is_measured_with_both_backends(tmp_path: Path) -> None:
    planned = lanes(0, None, tmp_path, each_setting=False, more=())
    assert [(name, lane.way, lane.users) for name, lane in planned.items()] == [
        ("hashmap", "hashmap", 0),
        ("rocksdb", "rocksdb", 0),
    ]
    found = figures({"hashmap": [{"events_per_s": 200}], "rocksdb": [{"events_per_s": 150}]}, Plan(20_000, 1))
    assert (found["ratio"], found["of_users"], found["without"]) == (0.75, {}, {})
