"""The work in Pathway: a cluster of one worker a process, a user's state in a stateful reducer.

Of its form the best: a step of the engine takes what has come within a tenth of a second, the events of each user at
once; lists are made of up to 500 users at once, and those of a step written together, by the first process: the engine
hands its output to one. What was read is persisted each second, and read again after a kill; to persist states in its
place asks for a licence key.
"""

from __future__ import annotations

import os
import pickle
import sys
from typing import TYPE_CHECKING, Any

from tideline.schemas.clickstream_reader import read_clickstream
from tideline.schemas.records import HEADER_BYTES
from tideline.scripts.benchmarks.live.peers.event_body import EventBody, known_activities
from tideline.scripts.benchmarks.live.peers.peer_args import PeerArgs
from tideline.udfs.core.lists.list_version import parse_version

if TYPE_CHECKING:
    from tideline.scripts.benchmarks.live.peers.count_file import CountFile
    from tideline.udfs.io.list_store import ListStore

_COMMIT_MS, _SNAPSHOT_MS = 100, 1_000
_AT_ONCE = 500


class Steps:
    """Gathers the lists of a step of the engine, and writes them at its end."""

    def __init__(self, store: ListStore, count: CountFile) -> None:
        self._store, self._count = store, count
        self._lists: dict[bytes, bytes] = {}
        self._told: dict[bytes, int] = {}
        """Of each user, how many events were counted."""

    def on_change(self, key: Any, row: dict[str, Any], time: int, is_addition: bool) -> None:
        """Take a user's new list; the former one is taken back before."""
        if is_addition:
            self._lists[row["user"].encode()] = row["made"]

    def on_time_end(self, time: int) -> None:
        """Write the lists of the step."""
        self._store.write(list(self._lists), list(self._lists.values()))
        told = {user: parse_version(made).seq for user, made in self._lists.items()}
        self._count.add(sum(seq - self._told.get(user, 0) for user, seq in told.items()))
        self._told |= told
        self._lists.clear()


def run(given: PeerArgs) -> None:
    """Work off the topic; the number of this process stands in the environment by now."""
    import pathway as pw  # reads the environment

    config = given.config
    body = EventBody(config, known_activities(config))

    def combine(state: bytes | None, rows: list[tuple[list[bytes], int]]) -> bytes:
        user = pickle.loads(state) if state else None  # noqa: S301
        events = [read_clickstream(value, HEADER_BYTES) for (value,), _ in rows]
        for event in sorted(events, key=lambda each: each.ts_ms):
            user = body.after(user, event)
        return pickle.dumps(user, pickle.HIGHEST_PROTOCOL)

    def ranked(names: list[str], states: list[bytes]) -> list[bytes]:
        return body.lists(names, [pickle.loads(state) for state in states])  # noqa: S301 - its own bytes

    settings = {
        "bootstrap.servers": config.bootstrap,
        "group.id": config.consumer_group,
        "auto.offset.reset": "earliest",
        "session.timeout.ms": "10000",
    }
    read = pw.io.kafka.read(
        settings, config.topics.clickstream, format="raw", autocommit_duration_ms=_COMMIT_MS, name="clickstream"
    )
    told = read.select(user=pw.apply_with_type(user_of, str, pw.this.data), data=pw.this.data)
    reducer = pw.reducers.stateful_many(combine)
    users = told.groupby(pw.this.user).reduce(pw.this.user, state=reducer(pw.this.data))
    ranking = pw.udf(ranked, return_type=bytes, max_batch_size=_AT_ONCE)
    lists = users.select(pw.this.user, made=ranking(pw.this.user, pw.this.state))
    steps = Steps(given.store(), given.counting())
    pw.io.subscribe(lists, on_change=steps.on_change, on_time_end=steps.on_time_end)
    backend = pw.persistence.Backend.filesystem(str(given.folder / "persisted"))
    kept = pw.persistence.Config(backend, snapshot_interval_ms=_SNAPSHOT_MS)
    pw.run(monitoring_level=pw.MonitoringLevel.NONE, persistence_config=kept)


def user_of(value: bytes) -> str:
    """Return whose event it is."""
    return read_clickstream(value, HEADER_BYTES).user_id


def main(argv: list[str]) -> None:
    """Work off the topic until somebody ends the process."""
    given = PeerArgs.read(argv)
    os.environ |= {
        "PATHWAY_THREADS": "1",
        "PATHWAY_PROCESSES": str(given.processes),
        "PATHWAY_PROCESS_ID": str(given.number),
        "PATHWAY_FIRST_PORT": str(given.ports[0]),
    }
    run(given)


if __name__ == "__main__":
    main(sys.argv[1:])
