"""Contract: a replay's graph, run to its end: lists and sums are the same whatever its subtasks and a failure."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import redis

from tests.contract.conftest import server
from tests.support.core_world import KEYS
from tests.support.traffic import Scenario, make_activities, make_events, with_duplicates
from tideline.schemas.codec import encode_event
from tideline.scripts.localstack.paths import REPOSITORY, SITE_PACKAGES
from tideline.scripts.replays.balance import summed
from tideline.scripts.replays.digest import digest, tallies
from tideline.udfs.core.catalogue.activity import encode_activity

if TYPE_CHECKING:
    from tests.contract.conftest import Server
    from tideline.udfs.core.serving.batches.fates import Fates

__all__ = ["server"]
pytestmark = [pytest.mark.flink, pytest.mark.slow]
_EVENTS, _PARTITIONS, _FILES = 8_000, 4, 8
_NOW_MS = 1_760_000_000_000


def write(folder: Path, count: int) -> tuple[int, int]:
    """Write a clickstream with repeated events and records that are none; return how many are repeated, and refused."""
    activities = make_activities(60, _NOW_MS)
    told = [[each.activity_id, encode_activity(each).hex()] for each in activities]
    (folder / "activities.json").write_text(json.dumps(told))
    scenario = Scenario(3, max(count // 40, 4), count, activities, KEYS, _NOW_MS - 6 * 3_600_000)
    events, again = with_duplicates(make_events(scenario), 0.05, 1)
    lines = [(each.user_id, encode_event(each, as_json=True).decode()) for each in events]
    bad = [(user, "{}") for user, _ in lines[::97]]
    offsets = Counter[int]()
    files: list[list[str]] = [[] for _ in range(_FILES)]
    for key, value in lines + bad:
        partition = sum(key.encode()) % _PARTITIONS
        files[partition % _FILES].append(f"{key}\t{value}\t{partition}\t{offsets[partition]}\t{_NOW_MS}\n")
        offsets[partition] += 1
    (folder / "records").mkdir()
    for number, each in enumerate(files):
        (folder / "records" / f"{number}.csv").write_text("".join(each))
    return again, len(bad)


def replayed(folder: Path, url: str, name: str, parallelism: int) -> tuple[int, str, Fates]:
    """Run one; return how many lists it left, their digest, and what became of the records."""
    program = [sys.executable, "-m", "tests.support.mini_replay", str(folder), url, name, str(parallelism)]
    environ = os.environ | {"PYTHONPATH": f"{SITE_PACKAGES}{os.pathsep}{REPOSITORY}"}
    ran = subprocess.run(
        program, env=environ, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=1200
    )
    assert ran.returncode == 0, ran.stderr[-6000:]
    with redis.Redis.from_url(url) as client:
        return *digest(client, f"tideline@{name}"), summed(tallies(client, f"tideline@{name}"))


def test_a_replay_gives_the_same_whatever_its_subtasks_and_a_failure(server: Server, tmp_path: Path) -> None:
    """Contract: one digest of one subtask, and of two of which one fails amid its work; each record counted once."""
    again, bad = write(tmp_path, _EVENTS)
    plain = replayed(tmp_path, server.url, "plain", 1)
    (tmp_path / "fail-failed").touch()
    failed = replayed(tmp_path, server.url, "failed", 2)
    assert not (tmp_path / "fail-failed").exists()
    assert failed == plain
    whole = sum(plain[2].values(), Counter[str]())
    assert (whole["duplicate"], whole["wrong_shape"]) == (again, bad)
    written = Counter(
        int(line.split("\t")[2]) for path in (tmp_path / "records").iterdir() for line in path.read_text().splitlines()
    )
    assert {partition: counts.total() for partition, counts in plain[2].items()} == written
    assert plain[0] > 100
