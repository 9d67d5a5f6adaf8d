"""The parts of a deployment as they are: its Kafka, Redis, JobManager and the metrics of its processes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

from redis.exceptions import NoPermissionError

from tideline.schemas.codec import decode_event
from tideline.schemas.errors import InvalidRecord
from tideline.scripts.commands.activity_topic import read_activity_topic
from tideline.scripts.commands.redis_target import client_of, explained
from tideline.scripts.commands.send_event import writer
from tideline.scripts.commands.target import PUBLISH_MS
from tideline.scripts.console.sources import CheckpointsSeen, JobSeen, LetterSeen, Pages, RedisSeen
from tideline.scripts.diagnosis.job_metrics import fetch
from tideline.scripts.localstack.rest import FlinkRest, runs
from tideline.scripts.sending.claims import Claims
from tideline.scripts.simulation.lists import NO_STOPS, parse_stops
from tideline.udfs.io.longer_log import read_policy
from tideline.udfs.io.topic_reader import opened

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tideline.schemas.events import Event
    from tideline.scripts.commands.activity_topic import ActivityTopic
    from tideline.scripts.commands.target import Target
    from tideline.scripts.console.messages import Switch
    from tideline.scripts.simulation.lists import Stops
    from tideline.udfs.core.policies.policy_start import PolicyStart, TopicRecord

_FLINK_WITHIN_S = 4.0
_AT_ONCE = 8
_CAUSED_BY = "Caused by: "


class PrometheusPages:
    """Pages of the processes, asked side by side; `urls` says where they are, each time anew."""

    def __init__(self, urls: Callable[[], Mapping[str, str]]) -> None:
        self._urls = urls

    def pages(self) -> Pages:
        """Return what each shows now."""
        urls = self._urls()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return Pages(dict(zip(urls, pool.map(fetch, urls.values()), strict=True)))


class JobManager:
    """The youngest job of a name."""

    def __init__(self, url: str, job: str) -> None:
        self._rest = FlinkRest(url, _FLINK_WITHIN_S)
        self._job = job

    def job(self) -> JobSeen:
        """Return the job."""
        named = [job for job in self._rest.get("/jobs/overview")["jobs"] if job["name"] == self._job]
        if not named:
            return JobSeen("")
        found = max(named, key=lambda job: int(job["start-time"]))
        told = self._rest.get(f"/jobs/{found['jid']}")
        failures = self._rest.get(f"/jobs/{found['jid']}/exceptions")["exceptionHistory"]["entries"]
        cause, failed_ms = (root_cause(failures[0]["stacktrace"]), failures[0]["timestamp"]) if failures else ("", 0)
        checkpoints = checkpoints_of(self._rest.get(f"/jobs/{found['jid']}/checkpoints"))
        return JobSeen(told["state"], runs(told), checkpoints, cause, int(failed_ms))


def root_cause(trace: str) -> str:
    """Return the line of a stack trace that says what was at the bottom of it.

    >>> root_cause("JobException: x\\n\\tat y\\nCaused by: IOException: disk full\\n\\tat z\\n")
    'IOException: disk full'
    """
    lines = [line for line in trace.splitlines() if line and not line.startswith(("\t", " "))]
    causes = [line.removeprefix(_CAUSED_BY) for line in lines if line.startswith(_CAUSED_BY)]
    return (causes or lines or [""])[-1 if causes else 0]


def checkpoints_of(told: Mapping[str, Any]) -> CheckpointsSeen:
    """Return the checkpoints of `/jobs/ID/checkpoints`."""
    counts, last = told["counts"], told["latest"]["completed"]
    if last is None:
        return CheckpointsSeen(counts["completed"], counts["failed"])
    done_ms, size, took_ms = last["latest_ack_timestamp"], last["state_size"], last["end_to_end_duration"]
    return CheckpointsSeen(counts["completed"], counts["failed"], done_ms, size, took_ms)


class RedisServer:
    """The lists under a prefix, and the server they are on."""

    def __init__(self, url: str, prefix: str) -> None:
        self._url, self._prefix = url, prefix
        self._client = client_of(url)
        self._claims = Claims(self._client, url, prefix, patience_s=0.0)
        self.lists = self

    def read(self, users: Sequence[str]) -> list[bytes | None]:
        """Return the payloads in the order of the users."""
        keys = [f"{self._prefix}:list:{user}".encode("utf-8", "surrogateescape") for user in users]
        with explained(self._url):
            return cast("list[bytes | None]", self._client.mget(keys)) if keys else []

    def popular(self) -> bytes | None:
        """Return the payload for users without a list."""
        with explained(self._url):
            return cast("bytes | None", self._client.get(f"{self._prefix}:popular"))

    def stops(self) -> Stops:
        """Return what the stop list says; nothing where what is there is none."""
        with explained(self._url):
            payload = cast("bytes | None", self._client.get(f"{self._prefix}:stops"))
        try:
            return parse_stops(payload)
        except (ValueError, KeyError):
            return NO_STOPS

    def seen(self) -> RedisSeen:
        """Return how full it is."""
        with explained(self._url):
            self._client.get(f"{self._prefix}:popular")
            try:
                memory: Any = self._client.info("memory")
            except NoPermissionError:
                return RedisSeen(0, 0)
        return RedisSeen(int(memory.get("used_memory", 0)), int(memory.get("maxmemory", 0)))

    def stopped_messages(self) -> Mapping[str, Mapping[str, Any]]:
        """Return who stopped messages and when, by activity, all under the empty one."""
        return self._claims.stops()

    def switch_messages(self, switch: Switch, by: str, at_ms: int) -> bool:
        """Stop or start messages; return whether that changed anything."""
        if not switch.stopped:
            return self._claims.start(switch.activity_id)
        self._claims.stop(switch.activity_id, by, at_ms)
        return True


class KafkaTopics:
    """The topics. What is written goes over one connection that stays open."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._lock = Lock()
        self._open = ExitStack()
        self._write: Callable[[Event], None] | None = None

    def letters(self, count: int) -> list[LetterSeen]:
        """Return the newest dead letters, the newest first."""
        with opened(self._target.cluster, self._target.topics.dead_letters) as logs:
            found = [
                letter_seen(record, headers)
                for log in logs
                for record, headers in log.with_headers(max(log.begin, log.end - count), log.end)
            ]
        return sorted(found, key=lambda each: each.at_ms, reverse=True)[:count]

    def activities(self) -> ActivityTopic:
        """Return the topic of activities."""
        return read_activity_topic(self._target.cluster, self._target.topics.activities)

    def recent_users(self, count: int) -> list[str]:
        """Return users of the newest events, the newest first, each once."""
        events = []
        with opened(self._target.cluster, self._target.topics.clickstream) as logs:
            for log in logs:
                for record in log.records(max(log.begin, log.end - 4 * count), log.end):
                    try:
                        events.append(decode_event(record.key, record.value, record.timestamp_ms))
                    except InvalidRecord:
                        continue
        events.sort(key=lambda event: event.ts_ms, reverse=True)
        return list(dict.fromkeys(event.user_id for event in events))[:count]

    def policy(self, pinned: int | None) -> PolicyStart:
        """Return the policy's rows as of an offset, None for now."""
        return read_policy(self._target.cluster, self._target.topics.policy, PUBLISH_MS, pinned)

    def send(self, event: Event) -> None:
        """Write an event; after a failure the next one gets a connection of its own."""
        with self._lock, self._open.pop_all() as kept:
            write = self._write or kept.enter_context(writer(self._target))
            self._write = None
            write(event)
            self._open, self._write = kept.pop_all(), write

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._write = None
            self._open.close()


def letter_seen(record: TopicRecord, headers: Mapping[str, str]) -> LetterSeen:
    """Return a dead letter of its record."""
    return LetterSeen(
        reason=headers.get("reason", "?"),
        error=headers.get("error", ""),
        topic=headers.get("source_topic", "?"),
        partition=_number(headers, "source_partition"),
        offset=_number(headers, "source_offset"),
        at_ms=record.timestamp_ms,
        key=record.key or b"",
        value=record.value or b"",
    )


def _number(headers: Mapping[str, str], name: str) -> int:
    text = headers.get(name, "")
    return int(text) if text.removeprefix("-").isdecimal() else -1
