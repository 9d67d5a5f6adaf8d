"""Contract: a replay of some users leaves of each what one of everybody does, from Kafka and from an archive."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import redis

from tests.slow.test_replays import shop
from tests.support.replayed import flags_of, replayed
from tideline.scripts.commands import archive, drop, promote, replay
from tideline.udfs.core.serving.past.some_users import SomeUsers

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.live import LiveJob
    from tideline.scripts.localstack import Stack

pytestmark = [pytest.mark.fault, pytest.mark.slow]
Captured = pytest.CaptureFixture[str]


def _lists(job: LiveJob, name: str) -> dict[str, bytes]:
    """Return the lists of a replay by user."""
    start = f"{job.options['prefix']}@{name}:list:"
    with redis.Redis.from_url(job.stack.redis_url) as client:
        keys = sorted(client.scan_iter(f"{start}*"))
        payloads: Any = client.mget(keys)
    return {key.decode().removeprefix(start): payload for key, payload in zip(keys, payloads, strict=True)}


def _passed(found: dict[str, Any]) -> int:
    return sum(each["passed_over"] for each in found["partitions"].values())


def test_their_lists_are_those_among_all(stack: Stack, capsys: Captured, tmp_path: Path) -> None:
    """Contract: byte for byte, a sample from both and named ones of a file that is gone by the time it goes on; each
    record is accounted for; nothing of it is promoted."""
    job, _, _ = shop(stack, "some", 120, 4_000)
    while len(stack.taskmanagers) < 2:
        stack.add_taskmanager()
    where = ["--stack", stack.name, "--topics", json.dumps(job.topics.by_role()), "--to", str(tmp_path / "a")]
    assert archive.main([*where, "--rows", "700"]) == 0
    whole = replayed(job, capsys, "some-whole", "--from", "0")
    lists = _lists(job, "some-whole")
    sample = {user: made for user, made in lists.items() if SomeUsers(4).has(user)}
    assert 0 < len(sample) < len(lists)
    told = {"users": "1/4", "parallelism": "2"}
    kafka = replayed(job, capsys, "some-kafka", "--from", "0", **told)
    archived = replayed(job, capsys, "some-archive", "--from", "0", archive=str(tmp_path / "a"), **told)
    assert _lists(job, "some-kafka") == _lists(job, "some-archive") == sample
    assert (kafka["digest"], kafka["partitions"]) == (archived["digest"], archived["partitions"])
    assert (kafka["records"], kafka["differences"], archived["differences"]) == (whole["records"], [], [])
    assert 0 < _passed(kafka) < kafka["records"]
    assert _passed(whole) == 0
    named = tmp_path / "ids"
    named.write_text("\n".join(sorted(lists)[:5]))
    asked = replayed(job, capsys, "some-named", "--from", "0", users=f"@{named}")
    assert _lists(job, "some-named") == {user: lists[user] for user in sorted(lists)[:5]}
    named.unlink()
    assert replay.main(["--stack", stack.name, "--name", "some-named", "--resume"]) == 0
    assert json.loads(capsys.readouterr().out) == asked
    _refuses(job, capsys)


def _refuses(job: LiveJob, capsys: Captured) -> None:
    """What can be done with such a replay, and what cannot."""
    prefix = ["--stack", job.stack.name, "--prefix", job.options["prefix"]]
    assert promote.main(["some-named", *prefix, "--policy-topic", job.topics.policy, "--yes"]) == 1
    assert "a replay of all users, not of some (5 by name)" in capsys.readouterr().err
    more = ["--from", "0", *flags_of(job, users="1/4", makes="policy")]
    assert replay.main(["--stack", job.stack.name, "--name", "some-policy", *more]) == 1
    assert "some users teach another one" in capsys.readouterr().err
    kept = job.stack.root / "replays" / "some-named.users"
    assert kept.exists()
    topics = ["--topics", json.dumps(job.topics.by_role()), "--group-id", job.options["group_id"]]
    assert drop.main(["some-named", *prefix, *topics, "--yes"]) == 0
    assert not kept.exists()
