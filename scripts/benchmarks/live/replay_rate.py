"""Replays beside the live job on the same topic: events a second of both, what a range costs by its length, an archive.

With one and with two TaskManagers the topic is worked off by the live job and by replays of all of it and of a tenth.
What the longer one takes longer is the rate: submission, start and end are in both. All replays of a range must have
one digest.
"""

from __future__ import annotations

import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from tideline.scripts.benchmarks.live.arena import Arena, arena, job_options
from tideline.scripts.benchmarks.live.rates import steady_rate
from tideline.scripts.benchmarks.live.throughput import prepare, run_live
from tideline.scripts.benchmarks.progress import say
from tideline.scripts.commands.archive import archive
from tideline.scripts.commands.archive_log import Shop, write_archived
from tideline.scripts.commands.replay import begin
from tideline.scripts.commands.target import Target
from tideline.scripts.replays.bounds import read_bound
from tideline.udfs.io import archive_files
from tideline.udfs.io.topic_reader import read_topic, topic_ends

if TYPE_CHECKING:
    from tideline.schemas.topics import Topics

_PARALLELISM = (1, 2)
_PART = 10
_FILE_ROWS = 200_000
_DAYS = 7.0
_POLL_S = 0.5


class Figures(TypedDict):
    """What the benchmark prints; `scripts/parsers/bench_keys.py` says what each is."""

    replay_to_live: dict[str, float]
    archive_to_kafka: dict[str, float]
    replay_events_per_s: dict[str, int]
    live_events_per_s: dict[str, int]
    s_by_range: dict[str, dict[str, float]]
    archive_rows_per_s: int
    export_rows_per_s: int
    events: int
    faults: list[str]


class Replay(NamedTuple):
    """One that has ended: records, seconds that its job ran, digest of its lists, where its records are told."""

    records: int
    seconds: float
    digest: str
    differences: list[str]


def measure(events: int) -> Figures:
    """Run the benchmark on that many events of uniform users."""
    with arena("replay", max(_PARALLELISM)) as stage:
        topics = prepare(stage, "range", 0.0, events)
        live = {each: _live(stage, topics, events, each) for each in _PARALLELISM}
        own = _own(stage, topics)
        stage.redis.flushall()
        replays = {each: [_replay(stage, own, each, part) for part in (_PART, 1)] for each in _PARALLELISM}
        rates = {each: rate_of(*replays[each]) for each in _PARALLELISM}
        with tempfile.TemporaryDirectory() as folder:
            read, exported = _archived(stage, replace(own, decisions=f"{own.decisions}-{_name(1, 1)}"), Path(folder))
            archived = {each: [_replay(stage, own, each, part, folder) for part in (_PART, 1)] for each in _PARALLELISM}
        of_archive = {each: rate_of(*archived[each]) for each in _PARALLELISM}
        every = [each for parts in (*replays.values(), *archived.values()) for each in parts]
        return {
            "replay_to_live": {str(each): round(rates[each] / live[each], 2) for each in _PARALLELISM},
            "archive_to_kafka": {str(each): round(of_archive[each] / rates[each], 2) for each in _PARALLELISM},
            "replay_events_per_s": {str(each): round(rate) for each, rate in rates.items()},
            "live_events_per_s": {str(each): round(rate) for each, rate in live.items()},
            "s_by_range": {
                str(each): {str(ran.records): round(ran.seconds, 1) for ran in replays[each]} for each in _PARALLELISM
            },
            "archive_rows_per_s": round(read),
            "export_rows_per_s": round(exported),
            "events": events,
            "faults": faults(every),
        }


def rate_of(short: Replay, long: Replay) -> float:
    """Return records a second, by what the longer range takes longer; a machine may be so busy that it takes less."""
    return (long.records - short.records) / max(long.seconds - short.seconds, 1e-3)


def faults(replays: list[Replay]) -> list[str]:
    """Return what does not add up in some replay, and ranges of which two have not one digest."""
    digests: dict[int, set[str]] = {}
    for ran in replays:
        digests.setdefault(ran.records, set()).add(ran.digest)
    lines = [line for ran in replays for line in ran.differences]
    return lines + [f"{count:,} records: {len(each)} digests" for count, each in digests.items() if len(each) > 1]


def _live(stage: Arena, topics: Topics, events: int, taskmanagers: int) -> float:
    rate = steady_rate(run_live(stage, topics, events, taskmanagers).samples, events)
    say(f"live, {taskmanagers} TaskManager(s): {rate:,.0f} events/s")
    return rate


def _own(stage: Arena, topics: Topics) -> Topics:
    """Return topics of the replays' own beside the clickstream that all read, and the activities that it met."""
    own = stage.topics(f"{topics.clickstream}-replays", int(time.time() * 1000))
    return replace(own, clickstream=topics.clickstream, activities=topics.activities)


def _name(parallelism: int, part: int, archive: str = "") -> str:
    return f"by{parallelism}-of{part}{'-archived' * bool(archive)}"


def _replay(stage: Arena, own: Topics, parallelism: int, part: int, archive: str = "") -> Replay:
    """Run a replay of the first part, so much of each partition, to its end."""
    ends = {str(number): end // part for number, end in topic_ends(stage.stack.kafka, own.clickstream).items()}
    bounds = read_bound(json.dumps(dict.fromkeys(ends, 0))), read_bound(json.dumps(ends))
    options = job_options(own, {"parallelism": str(parallelism), **({"archive": archive} if archive else {})})
    found = begin(stage.stack, _name(parallelism, part, archive), bounds, options)
    while not (stamps := stage.stack.rest.get(f"/jobs/{found['job']}")["timestamps"])["FINISHED"]:
        time.sleep(_POLL_S)  # it has ended, and what Flink tells of a job is some seconds old
    seconds = (stamps["FINISHED"] - stamps["RUNNING"]) / 1000
    say(f"replay of {found['records']:,} records by {parallelism}{' of an archive' * bool(archive)}: {seconds:.1f} s")
    return Replay(found["records"], seconds, found["digest"] or "", found["differences"] or [])


def _archived(stage: Arena, topics: Topics, folder: Path) -> tuple[float, float]:
    """Return rows a second of one core that are read of an archive as they are, and that an export of it takes in."""
    rows = archive(Target(stage.stack.kafka, topics), folder, _FILE_ROWS)
    began_s = time.process_time()
    read = sum(1 for topic in (topics.clickstream, topics.decisions) for _ in archive_files.read(folder, topic))
    read_s = time.process_time() - began_s
    shop = Shop.of(read_topic(stage.stack.kafka, topics.activities), [], stage.keys, _DAYS)
    began_s = time.process_time()
    write_archived(folder, topics, shop, folder / "log.parquet")
    return read / read_s, rows / (time.process_time() - began_s)
