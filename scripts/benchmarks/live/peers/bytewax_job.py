"""The work in Bytewax: a cluster of one worker a process, a user's state in a stateful map, events one by one.

Of its form the best: decoding and the lists of a batch at once, of each user the newest one; states and offsets in a
recovery store, each second.
"""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import cluster_main
from confluent_kafka import OFFSET_BEGINNING

from tideline.schemas.clickstream_reader import read_clickstream
from tideline.schemas.records import HEADER_BYTES
from tideline.scripts.benchmarks.live.peers.event_body import EventBody, known_activities
from tideline.scripts.benchmarks.live.peers.newest_lists import NewestLists
from tideline.scripts.benchmarks.live.peers.peer_args import PeerArgs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import SimpleNamespace

    from bytewax.connectors.kafka import KafkaSourceMessage

    from tideline.schemas.events import Event

_EPOCH = timedelta(seconds=1)
_BATCH = 1_000
_WAIT_S = 0.1


class ListPartition(StatelessSinkPartition):  # type: ignore[misc]
    """Writes the lists of each batch."""

    def __init__(self, newest: NewestLists) -> None:
        self._newest = newest

    def write_batch(self, items: list[tuple[str, SimpleNamespace]]) -> None:
        """Make and write the lists of its users."""
        self._newest.write(items)


class ListSink(DynamicSink):  # type: ignore[misc]
    """Lists, written by each worker."""

    def __init__(self, newest: NewestLists) -> None:
        self._newest = newest

    def build(self, step_id: str, worker_index: int, worker_count: int) -> ListPartition:
        """Return what one worker writes with; each process has one worker."""
        return ListPartition(self._newest)


def decoded(messages: list[KafkaSourceMessage[bytes, bytes]]) -> Iterator[tuple[str, Event]]:
    """Yield events by user."""
    for message in messages:
        event = read_clickstream(message.value, HEADER_BYTES)
        yield event.user_id, event


def recovery(given: PeerArgs) -> RecoveryConfig:
    """Return where states are kept; the first process makes it, the others wait for that."""
    folder, ready = given.folder / "recovery", given.folder / "recovery.made"
    if given.number == 0 and not ready.exists():
        folder.mkdir()
        init_db_dir(folder, given.processes)
        ready.touch()
    while not ready.exists():
        time.sleep(_WAIT_S)
    return RecoveryConfig(Path(folder))


def main(argv: list[str]) -> None:
    """Work off the topic until somebody ends the process."""
    given = PeerArgs.read(argv)
    config = given.config
    body = EventBody(config, known_activities(config))

    def step(user: SimpleNamespace | None, event: Event) -> tuple[SimpleNamespace, SimpleNamespace]:
        after = body.after(user, event)
        return after, after

    flow = Dataflow("peer")
    topics = [config.topics.clickstream]
    source = KafkaSource([config.bootstrap], topics, starting_offset=OFFSET_BEGINNING, batch_size=_BATCH)
    events = op.flat_map_batch("decode", op.input("clickstream", flow, source), decoded)
    users = op.stateful_map("user", events, step)
    op.output("lists", users, ListSink(NewestLists(body, given.store(), given.counting())))
    addresses = [f"127.0.0.1:{port}" for port in given.ports]
    cluster_main(flow, addresses, given.number, epoch_interval=_EPOCH, recovery_config=recovery(given))


if __name__ == "__main__":
    main(sys.argv[1:])
