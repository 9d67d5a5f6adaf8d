"""Contract: a replay's graph, run to its end, makes the same whatever its subtasks and a failure."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import redis

from tests.contract.conftest import server
from tests.support.core_world import KEYS
from tests.support.oracle import Oracle, Recorded
from tests.support.traffic import Scenario, make_activities, make_events, with_duplicates
from tideline.models.encoder import Encoder
from tideline.schemas.codec import encode_event
from tideline.scripts.localstack.paths import REPOSITORY, SITE_PACKAGES
from tideline.scripts.replays.balance import summed
from tideline.scripts.replays.digest import digest, tallies
from tideline.udfs.core.catalogue.activity import encode_activity
from tideline.udfs.core.policies.arm_key import is_sums_key
from tideline.udfs.core.serving.batches.fates import PASSED_OVER
from tideline.udfs.core.serving.past.some_users import SomeUsers
from tideline.udfs.settings.job_config import JobConfig
from tideline.udfs.settings.rank_settings import rank_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.contract.conftest import Server
    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.serving.batches.fates import Fates

__all__ = ["server"]
pytestmark = [pytest.mark.flink, pytest.mark.slow]
_EVENTS, _PARTITIONS = 8_000, 4
_NOW_MS = 1_760_000_000_000
AT_ONCE, SLOWLY = 1_000_000, 1_000
"""Records a second: slowly enough that there are checkpoints before the end."""
_ENCODER = REPOSITORY / "models" / "artefacts" / "demo-1"


def _changes(activities: Sequence[Activity]) -> Iterator[tuple[str, Activity | None]]:
    """Yield what happens to activities in turn: deleted, shown to nobody, worth more and naming no items, and new."""
    for number, each in enumerate(activities[10:]):
        new = replace(each, reward_value=7.0, items=(), cap=None)
        yield each.activity_id, (None, replace(each, status="paused"), new)[number % 3]


def sha256_of(lists: Mapping[str, bytes]) -> str:
    """Return the digest of users' default lists."""
    told = hashlib.sha256()
    for name, payload in sorted((f"list:{user}".encode(), each) for user, each in lists.items()):
        for part in (name, payload):
            told.update(len(part).to_bytes(8, "big") + part)
    return told.hexdigest()


class Shop:
    """A clickstream with repeated events and records that are none, and the activities of its tokens."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.activities = make_activities(60, _NOW_MS)
        self.changed = [
            (at, *each) for at, each in zip(range(500, _EVENTS, 500), _changes(self.activities), strict=False)
        ]
        told = [[each.activity_id, encode_activity(each).hex(), 0] for each in self.activities]
        told += [[name, encode_activity(new).hex() if new else "", _NOW_MS + at] for at, name, new in self.changed]
        (folder / "activities.json").write_text(json.dumps(told))
        scenario = Scenario(3, max(_EVENTS // 40, 4), _EVENTS, self.activities, KEYS, _NOW_MS - 6 * 3_600_000)
        events, self.again = with_duplicates(make_events(scenario), 0.05, 1)
        lines = [(each.user_id, encode_event(each, as_json=True).decode()) for each in events]
        bad = [(user, "{}") for user, _ in lines[::97]]
        self.bad, self.written = len(bad), Counter[int]()
        self.records: list[tuple[str, str, int, int, int]] = []
        for key, value in lines + bad:
            partition = sum(key.encode()) % _PARTITIONS
            self.records.append((key, value, partition, self.written[partition], _NOW_MS + len(self.records)))
            self.written[partition] += 1
        (folder / "records.json").write_text(json.dumps(self.records))

    def oracle(self) -> Oracle:
        """What plain Python makes of the same records, each with the activities of its time."""
        config = JobConfig(
            bootstrap="b:1",
            redis_url="redis://h",
            encoder=_ENCODER,
            token_keys=KEYS.secrets,
            salt="s",
            half_life_days=0.0,
        )
        oracle = Oracle(rank_settings(config), Encoder.load(_ENCODER))
        oracle.set_activities(self.activities)
        records = [Recorded(part, at, key.encode(), value.encode(), ms) for key, value, part, at, ms in self.records]
        done = 0
        for number, name, new in [*self.changed, (len(records), "", None)]:
            oracle.apply_by_user(records[done:number])
            oracle.ranker, done = oracle.ranker.with_activities({name: new}), number
        return oracle

    def replayed(
        self, url: str, name: str, parallelism: int, per_s: int = AT_ONCE, *options: str
    ) -> tuple[int, str, Fates]:
        """Run one; return how many lists it left, their digest, and what became of the records."""
        told = [str(self.folder), name, str(parallelism), str(per_s), *options]
        ran = subprocess.run(
            [sys.executable, "-m", "tests.support.mini_replay", *told],
            env=os.environ | {"PYTHONPATH": f"{SITE_PACKAGES}{os.pathsep}{REPOSITORY}", "REDIS_URL": url},
            cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=1200,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr[-6000:]
        with redis.Redis.from_url(url) as client:
            return *digest(client, f"tideline@{name}"), summed(tallies(client, f"tideline@{name}"))

    def fails(self, name: str) -> None:
        """Let the replay of that name fail once, behind a checkpoint."""
        (self.folder / f"fail-{name}").touch()

    def went_back(self, name: str) -> bool:
        """Return whether it failed, and went on from what a checkpoint held."""
        return not (self.folder / f"fail-{name}").exists() and (self.folder / f"restored-{name}").exists()

    def policy(self, name: str) -> dict[bytes, bytes]:
        """Return the newest value of each key that a replay has published, whichever attempt wrote it."""
        parts = sorted((self.folder / f"policy-{name}").rglob("*part*"))
        rows = [json.loads(line) for path in parts for line in path.read_text().splitlines()]
        return {base64.b64decode(row["k"]): base64.b64decode(row["v"]) for row in rows}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """One for all tests of this module."""
    return Shop(tmp_path_factory.mktemp("shop"))


def test_a_replay_gives_the_same_whatever_its_subtasks_and_a_failure(server: Server, shop: Shop) -> None:
    """Contract: one digest of one subtask, and of two of which one goes back to a checkpoint."""
    plain = shop.replayed(server.url, "plain", 1)
    shop.fails("failed")
    failed = shop.replayed(server.url, "failed", 2, SLOWLY)
    assert shop.went_back("failed")
    assert failed == plain
    whole = sum(plain[2].values(), Counter[str]())
    oracle = shop.oracle()
    # what is told twice of an activity that is gone is unknown twice
    assert 0 < whole["duplicate"] == oracle.accounted()["duplicate"] <= shop.again
    assert whole["wrong_shape"] == shop.bad
    assert {partition: counts.total() for partition, counts in plain[2].items()} == shop.written
    assert plain[0] > 100
    assert (len(oracle.lists), sha256_of(oracle.lists)) == plain[:2]
    before = shop.changed
    shop.changed = []
    assert sha256_of(shop.oracle().lists) != plain[1], "nothing that matters has changed"
    shop.changed = before


def test_some_users_have_the_lists_that_they_have_among_all(server: Server, shop: Shop) -> None:
    """Contract: those of plain Python, with one subtask, and with two of which one goes back to a checkpoint."""
    lists = shop.oracle().lists
    few = ",".join(sorted(lists)[3:9])
    for asked, some in (("1/4", SomeUsers(4)), (few, SomeUsers(named=frozenset(few.split(","))))):
        mine = {user: made for user, made in lists.items() if some.has(user)}
        name = f"part-{len(mine)}"
        if asked != few:
            shop.fails(name)
        found = shop.replayed(server.url, name, 1 if asked == few else 2, SLOWLY, "--users", asked)
        assert asked == few or shop.went_back(name)
        assert found[:2] == (len(mine), sha256_of(mine))
        assert {partition: counts.total() for partition, counts in found[2].items()} == shop.written
        passed = sum(counts[PASSED_OVER] for counts in found[2].values())
        assert passed == sum(not some.has(key) for key, *_ in shop.records) > 0
    assert 0 < len(mine) < len(lists)


def test_a_replay_that_learns_gives_the_same_whatever_its_subtasks_and_a_failure(server: Server, shop: Shop) -> None:
    """Contract: sums of plain Python, byte for byte, and its rows; no list; each record accounted for."""
    oracle = shop.oracle()
    plain = shop.replayed(server.url, "learns", 1, AT_ONCE, "--makes", "policy")
    shop.fails("learns-again")
    failed = shop.replayed(server.url, "learns-again", 2, SLOWLY, "--makes", "policy")
    assert shop.went_back("learns-again")
    assert failed == plain
    assert plain[0] == 0
    assert {partition: counts.total() for partition, counts in plain[2].items()} == shop.written
    found = shop.policy("learns")
    assert found == shop.policy("learns-again")
    assert {key: value for key, value in found.items() if is_sums_key(key)} == oracle.sums()
    oracle.epoch = 0
    wanted = oracle.policy_values()
    assert len(wanted) > 30
    assert {value for key, value in found.items() if not is_sums_key(key)} >= {*wanted}
