"""Contract: a replay ends by itself with every record of its range accounted for, the same lists each time."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.support.core_world import DAY_MS
from tests.support.kafka_topics import cut, produce_at
from tests.support.live import LiveJob
from tests.support.malformed import many_refused
from tests.support.replayed import flags_of, replayed
from tests.support.traffic import Scenario, interleave, make_activities, make_events, messages, with_duplicates
from tests.support.waiting import wait_until
from tideline.scripts.benchmarks.live.arena import Arena, encode
from tideline.scripts.benchmarks.live.kafka_batches import BatchProducer, by_partition
from tideline.scripts.benchmarks.live.traffic import CHUNK_EVENTS, Traffic, make_chunk
from tideline.scripts.benchmarks.live.traffic import activities as of_traffic
from tideline.scripts.commands import archive
from tideline.scripts.commands.replay import main
from tideline.udfs.core.policies.arm_key import PRIOR_ID
from tideline.udfs.core.policies.policy_table import cold_row, encode_row, row_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tideline.scripts.localstack import Stack

    Evidence = Callable[[str, dict[str, object]], None]
    Captured = pytest.CaptureFixture[str]

pytestmark = [pytest.mark.fault, pytest.mark.slow]
_EVENTS, _PART = 120_000, 400_000
_MILLION = int(os.environ.get("TIDELINE_REPLAY_EVENTS", "1000000"))
_SPAN_MS = 6 * 3_600_000
_FEW, _TIMES = 37, 20


def shop(stack: Stack, tag: str, users: int, events: int) -> tuple[LiveJob, int, int]:
    """Return topics with activities and a clickstream, bad records and repeated ones among it; no job runs.

    Also how many records are bad, and how many are repeated.
    """
    job, now_ms = LiveJob(stack, f"{tag}{os.getpid()}"), int(time.time() * 1000)
    activities = make_activities(60, now_ms)
    job.put_activities(activities)
    began_ms = now_ms - 6 * 3_600_000
    told, again = with_duplicates(
        make_events(Scenario(3, users, events, activities, job.token_keys, began_ms)), 0.02, 1
    )
    bad = many_refused(events // 200, [f"u-{at:05d}" for at in range(users)], now_ms, job.token_keys, "a004")
    job.produce(interleave(messages(told), [each.message for each in bad], 2))
    return job, len(bad), again


def test_a_range_of_37_records_is_whole_each_time(stack: Stack, evidence: Evidence, capsys: Captured) -> None:
    """Contract: however few records a range has, none of its tail is lost, and the lists are the same each time."""
    job, _, _ = shop(stack, "few", 12, 3 * _FEW)
    held, ends = Counter(each.partition for each in job.recorded()), dict[str, int]()
    for number in sorted(held):
        ends[str(number)] = min(held[number], _FEW - sum(ends.values()))
    begin, to = json.dumps(dict.fromkeys(ends, 0)), json.dumps(ends)
    found = [replayed(job, capsys, f"few-{number}", "--from", begin, "--to", to) for number in range(_TIMES)]
    assert [each["records"] for each in found] == [_FEW] * _TIMES
    assert [each["differences"] for each in found] == [[]] * _TIMES
    assert len({each["digest"] for each in found}) == 1
    evidence("replays of 37 records", {"times": _TIMES, "digest": found[0]["digest"]})


def test_a_replay_gives_the_same_lists_whatever_its_subtasks_and_a_kill(
    stack: Stack, evidence: Evidence, capsys: Captured
) -> None:
    """Contract: one subtask undisturbed, two and a `kill -9` in the middle: one digest, every record counted."""
    job, bad, again = shop(stack, "same", max(_EVENTS // 60, 10), _EVENTS)
    while len(stack.taskmanagers) < 2:
        stack.add_taskmanager()
    began_s = time.monotonic()
    plain = replayed(job, capsys, "plain", "--from", "0")
    plain_s = time.monotonic() - began_s
    killed, ended = _killed(job, capsys, 1)
    numbers = {"events": plain["records"], "lists": plain["lists"], "seconds": round(plain_s, 1)}
    evidence("replay killed", {**numbers, "restarts": len(ended), "plain": plain["digest"], "killed": killed["digest"]})
    assert ended, "it was killed too late to matter"
    assert killed["digest"] == plain["digest"]
    assert killed["partitions"] == plain["partitions"]
    parts = plain["partitions"].values()
    assert sum(each["duplicates"] for each in parts) == again
    assert sum(sum(each["rejected"].values()) for each in parts) == bad
    job.oracle.apply_by_user(job.recorded())
    expected = job.oracle.accounted()
    assert sum(each["accepted"] for each in parts) == expected["accepted"]
    assert plain["lists"] == len(job.oracle.lists)


def test_a_million_records_have_one_digest_and_each_its_fate(
    stack: Stack, evidence: Evidence, capsys: Captured
) -> None:
    """Contract: with one subtask, and with two of which one is killed in the middle; each record is accepted or a
    duplicate, of which there are those that were sent again."""
    job, now_ms = LiveJob(stack, f"million{os.getpid()}"), int(time.time() * 1000)
    while len(stack.taskmanagers) < 2:
        stack.add_taskmanager()
    traffic = Traffic(_MILLION // 20, 0.0, now_ms - _SPAN_MS, _SPAN_MS / _MILLION, job.token_keys)
    job.put_activities(of_traffic(traffic.first_ms))
    Arena(stack).fill(job.topics.clickstream, traffic, _MILLION)
    again = encode(make_chunk(traffic, _MILLION // CHUNK_EVENTS - 1))
    with BatchProducer(stack.kafka_bootstrap, job.topics.clickstream) as producer:
        for start in range(0, len(again), 2_000):
            producer.send(by_partition(again[start : start + 2_000]))
    began_s = time.monotonic()
    plain = replayed(job, capsys, "plain", "--from", "0")
    plain_s = time.monotonic() - began_s
    killed, ended = _killed(job, capsys, _MILLION // 3)
    fates = Counter[str]()
    for each in plain["partitions"].values():
        fates.update({name: each[name] for name in ("records", "accepted", "duplicates", "late")})
    digests = {"plain": plain["digest"], "killed": killed["digest"]}
    evidence("replays of a million", {**fates, "seconds": round(plain_s, 1), "restarts": len(ended), **digests})
    assert ended, "it was killed too late to matter"
    assert killed["digest"] == plain["digest"]
    assert killed["partitions"] == plain["partitions"]
    assert plain["differences"] == killed["differences"] == []
    # Some clicks of the traffic tell of an entry that was clicked before.
    assert fates["duplicates"] >= len(again)
    assert fates["accepted"] + fates["duplicates"] == fates["records"] == _MILLION + len(again)


def _killed(job: LiveJob, capsys: Captured, after: int) -> tuple[dict[str, Any], list[object]]:
    """Return what came of a replay with two subtasks of which one is killed, and of what it failed on the way."""
    killer = threading.Thread(target=_kill_one, args=(job, "killed", after))
    killer.start()
    found = replayed(job, capsys, "killed", "--from", "0", parallelism="2")
    killer.join()
    return found, job.stack.rest.get(f"/jobs/{found['job']}/exceptions")["exceptionHistory"]["entries"]


def test_a_replay_has_the_activities_of_each_records_time(stack: Stack, evidence: Evidence, capsys: Captured) -> None:
    """Contract: lists of plain Python that met the changes between the same records, with one subtask and with two."""
    job, now_ms = LiveJob(stack, f"then{os.getpid()}"), int(time.time() * 1000)
    while len(stack.taskmanagers) < 2:
        stack.add_taskmanager()
    activities = make_activities(60, now_ms)
    job.put_activities(activities)
    told = messages(make_events(Scenario(3, 80, 4_000, activities, job.token_keys, now_ms - 6 * 3_600_000)))
    job.produce(told[:2_000])
    job.oracle.apply_by_user(job.recorded())
    written_ms = time.time()
    wait_until("the broker's clock has moved on", lambda: time.time() > written_ms + 0.01)
    gone = [each.activity_id for each in activities[::3]]
    job.produce_to(job.topics.activities, [(name.encode(), None) for name in gone])
    job.oracle.ranker = job.oracle.ranker.with_activities(dict.fromkeys(gone))
    job.produce(told[2_000:])
    job.oracle.apply_by_user(job.recorded())
    plain, parted = (replayed(job, capsys, f"then-{n}", "--from", "0", parallelism=str(n)) for n in (1, 2))
    today = replayed(job, capsys, "today", "--from", "0", world="now")
    none = {"lost": 0, "assumed": [], "orders": 0, "orders_lost": 0}
    assert plain["world"] == {"known": 60, "changes": len(gone), **none}
    assert plain["digest"] == parted["digest"] == _sha256(job.oracle.lists)
    assert today["digest"] != plain["digest"]
    assert (today["world"], plain["differences"], parted["differences"]) == (None, [], [])
    evidence("a replay with activities of each time", {"lists": plain["lists"], "digest": plain["digest"]})


def test_an_archive_gives_the_lists_that_kafka_does(
    stack: Stack, evidence: Evidence, capsys: Captured, tmp_path: Path
) -> None:
    """Contract: one digest and one account of the records, whole and in part, by offsets and by times."""
    job, bad, _ = shop(stack, "arch", 60, 4_000)
    where = ["--stack", stack.name, "--topics", json.dumps(job.topics.by_role()), "--to", str(tmp_path / "a")]
    assert archive.main([*where, "--rows", "700"]) == 0
    began_s = time.monotonic()
    kafka = replayed(job, capsys, "of-kafka", "--from", "0")
    kafka_s, began_s = time.monotonic() - began_s, time.monotonic()
    archived = replayed(job, capsys, "of-archive", "--from", "0", archive=str(tmp_path / "a"))
    archive_s = time.monotonic() - began_s
    assert archived["digest"] == kafka["digest"]
    assert (archived["partitions"], archived["differences"]) == (kafka["partitions"], [])
    assert sum(sum(each["rejected"].values()) for each in archived["partitions"].values()) == bad
    since, until = "last=1h", str(int(time.time() * 1000))
    part = replayed(job, capsys, "of-hours", "--from", since, "--to", until, archive=str(tmp_path / "a"))
    assert part["digest"] == kafka["digest"]
    job.produce([(b"u-late", None)])
    capsys.readouterr()
    own = [
        part for key in ("topics", "prefix", "group_id") for part in (f"--{key.replace('_', '-')}", job.options[key])
    ]
    more = ["--from", since, "--to", str(int(time.time() * 1000)), "--archive", str(tmp_path / "a"), *own]
    assert main(["--stack", stack.name, "--name", "of-more", *more]) == 3
    assert "and Kafka has more (`tideline archive` first)" in capsys.readouterr().err
    evidence("archive", {"records": kafka["records"], "kafka_s": round(kafka_s, 1), "archive_s": round(archive_s, 1)})


@pytest.mark.parametrize(("before", "after"), [("1", "2"), ("2", "1")])
def test_a_replay_of_an_archive_goes_on_with_other_subtasks(
    stack: Stack, evidence: Evidence, capsys: Captured, tmp_path: Path, before: str, after: str
) -> None:
    """Contract: cancelled behind a checkpoint and resumed with more or fewer: the digest and the sums of one run."""
    job, now_ms = LiveJob(stack, f"moved{before}{os.getpid()}"), int(time.time() * 1000)
    while len(stack.taskmanagers) < 2:
        stack.add_taskmanager()
    traffic = Traffic(_PART // 20, 0.0, now_ms - _SPAN_MS, _SPAN_MS / _PART, job.token_keys)
    job.put_activities(of_traffic(traffic.first_ms))
    Arena(stack).fill(job.topics.clickstream, traffic, _PART)
    where = ["--stack", stack.name, "--topics", json.dumps(job.topics.by_role()), "--to", str(tmp_path / "a")]
    assert archive.main([*where, "--rows", "20000"]) == 0
    plain = replayed(job, capsys, f"whole{before}", "--from", "0")
    canceller = threading.Thread(target=_cancel, args=(stack, name := f"moved{before}"))
    canceller.start()
    told = flags_of(job, archive=str(tmp_path / "a"), parallelism=before)
    assert main(["--stack", stack.name, "--name", name, "--from", "0", *told]) == 1
    canceller.join()
    capsys.readouterr()
    assert main(["--stack", stack.name, "--name", name, "--resume", "--parallelism", after]) == 0
    printed = capsys.readouterr()
    assert ", from " in printed.err
    resumed = json.loads(printed.out)
    assert (resumed["digest"], resumed["partitions"]) == (plain["digest"], plain["partitions"])
    assert resumed["differences"] == []
    evidence("an archive resumed", {"subtasks": f"{before} to {after}", "records": resumed["records"]})


def _cancel(stack: Stack, name: str) -> None:
    job_id = wait_until("it is submitted", lambda: _running(stack, name))
    stack.rest.wait_checkpoints(job_id, 1)
    stack.rest.cancel(job_id)


def test_a_version_of_weeks_ago_ranks_by_the_archive(stack: Stack, capsys: Captured, tmp_path: Path) -> None:
    """Contract: once its rows are gone from Kafka it is refused; with the archive the lists are those of before."""
    job, _, _ = shop(stack, "aged", 40, 1_500)
    rows, old_ms = _published(2), int(time.time() * 1000) - 20 * DAY_MS
    produce_at(stack.kafka_bootstrap, job.topics.policy, [(*each, old_ms + at) for at, each in enumerate(rows)])
    where = ["--stack", stack.name, "--topics", json.dumps(job.topics.by_role()), "--to", str(tmp_path / "a")]
    assert archive.main([*where, "--policy"]) == 0
    folder, pin = str(tmp_path / "a"), str(len(rows) // 2 - 1)
    before = replayed(job, capsys, "before", "--from", "0", policy="linucb", policy_pin=pin)
    cut(stack.kafka_bootstrap, job.topics.policy, len(rows) - 1)
    own = [part for key in ("topics", "prefix") for part in (f"--{key}", job.options[key])]
    assert main(["--stack", stack.name, "--name", "gone", "--from", "0", "--policy-pin", pin, *own]) == 3
    assert "rows of older ones may be gone" in capsys.readouterr().err
    after = replayed(job, capsys, "after", "--from", "0", policy="linucb", policy_pin=pin, archive=folder)
    newest = replayed(job, capsys, "newest", "--from", "0", policy="linucb", archive=folder)
    assert (after["digest"], after["lists"]) == (before["digest"], before["lists"])
    assert newest["digest"] != before["digest"]


def _published(times: int) -> list[tuple[bytes, bytes]]:
    """Return key and value of rows of all activities of a shop, published so often, each time others."""
    rng, found = np.random.default_rng(5), []
    for _ in range(times):
        for name in [*(f"a{number:03}" for number in range(60)), PRIOR_ID]:
            theta = rng.integers(-(2**23), 2**23, (3, 16))
            row = cold_row()._replace(encoder=1, impressions=50.0, total=900.0, theta=theta)
            found.append((row_key(name, row).value, encode_row(row, name)))
    return found


def _sha256(lists: dict[str, bytes]) -> str:
    told = hashlib.sha256()
    for name, payload in sorted((f"list:{user}".encode(), each) for user, each in lists.items()):
        for part in (name, payload):
            told.update(len(part).to_bytes(8, "big") + part)
    return told.hexdigest()


def _kill_one(job: LiveJob, name: str, after: int) -> None:
    """Kill a TaskManager that runs the replay once it has read so many records, and start another one."""
    stack = job.stack
    job.job_id = wait_until("it is submitted", lambda: _running(stack, name))
    stack.rest.wait_running(job.job_id)
    wait_until("it reads", lambda: sum(stack.rest.positions(job.job_id, job.topics.clickstream).values()) >= after)
    stack.kill_taskmanager(stack.taskmanagers.index(job.taskmanagers()[0]), signal.SIGKILL)
    stack.add_taskmanager()


def _running(stack: Stack, name: str) -> str:
    jobs = stack.rest.get("/jobs/overview")["jobs"]
    return next((str(job["jid"]) for job in jobs if job["name"] == name and job["state"] == "RUNNING"), "")
