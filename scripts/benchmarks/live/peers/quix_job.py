"""The work in Quix Streams: one application a process, a user's state in its RocksDB store, events one by one.

Of its form the best: exactly-once processing, whose changelog and offsets are one transaction; lists are made and
written by a batching sink, of each user the newest one, at each commit, one a second.
"""

from __future__ import annotations

import pickle
import sys
from typing import TYPE_CHECKING, Any

from quixstreams import Application
from quixstreams.sinks import BatchingSink, SinkBatch

from tideline.schemas.clickstream_reader import read_clickstream
from tideline.schemas.records import HEADER_BYTES
from tideline.scripts.benchmarks.live.peers.event_body import EventBody, known_activities
from tideline.scripts.benchmarks.live.peers.newest_lists import NewestLists
from tideline.scripts.benchmarks.live.peers.peer_args import PeerArgs

if TYPE_CHECKING:
    from types import SimpleNamespace

    from quixstreams.state import State

_COMMIT_S = 1.0
_DEAD_AFTER_MS = 10_000


class ListSink(BatchingSink):  # type: ignore[misc]
    """Writes lists at each commit."""

    def __init__(self, newest: NewestLists) -> None:
        super().__init__()
        self._newest = newest

    def write(self, batch: SinkBatch) -> None:
        """Make and write the lists of a partition's users."""
        self._newest.write([each.value for each in batch])


def main(argv: list[str]) -> None:
    """Work off the topic until somebody ends the process."""
    given = PeerArgs.read(argv)
    config = given.config
    body = EventBody(config, known_activities(config))

    def step(value: bytes, state: State) -> tuple[str, SimpleNamespace]:
        event = read_clickstream(value, HEADER_BYTES)
        kept = state.get_bytes("user")
        user = body.after(pickle.loads(kept) if kept else None, event)  # noqa: S301 - its own bytes
        state.set_bytes("user", pickle.dumps(user, pickle.HIGHEST_PROTOCOL))
        return event.user_id, user

    app = Application(
        broker_address=config.bootstrap,
        consumer_group=config.consumer_group,
        auto_offset_reset="earliest",
        commit_interval=_COMMIT_S,
        consumer_extra_config={"session.timeout.ms": _DEAD_AFTER_MS},
        state_dir=given.folder / f"state-{given.number}",
        processing_guarantee="exactly-once",
        loglevel="WARNING",
    )
    topic: Any = app.topic(config.topics.clickstream, key_deserializer="str", value_deserializer="bytes")
    users = app.dataframe(topic).apply(step, stateful=True)
    users.sink(ListSink(NewestLists(body, given.store(), given.counting())))
    app.run()


if __name__ == "__main__":
    main(sys.argv[1:])
