"""A sender as a process that can be killed: a file in place of the topic, a real Redis, a file that messages go to.

Run as `python -m tests.support.push_process URL PREFIX FOLDER PER_S [CAMPAIGN_PER_S]`. In the folder:
`records`, framed by their lengths in four bytes; `offset`, up to where is committed; `sent`, a line of JSON a message.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from kafka import TopicPartition

from tideline.scripts.commands.redis_target import client_of
from tideline.scripts.sending.carriers import LogLines
from tideline.scripts.sending.claims import Claims
from tideline.scripts.sending.courier import Courier, Pace
from tideline.scripts.sending.delivery import Delivery
from tideline.scripts.sending.parked import Parked, Rates

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tideline.udfs.core.push.push_record import PushRecord

PARTITION = TopicPartition("push", 0)
_SPREAD_S = 0.004


def write_records(folder: Path, values: Sequence[bytes]) -> None:
    """Make the topic's records."""
    (folder / "records").write_bytes(b"".join(len(value).to_bytes(4, "big") + value for value in values))


def read_records(folder: Path) -> list[bytes]:
    data, found = (folder / "records").read_bytes(), []
    while data:
        size = int.from_bytes(data[:4], "big")
        found.append(data[4 : 4 + size])
        data = data[4 + size :]
    return found


class Committed:
    """A consumer of one partition whose committed offset is in a file, written last and at once."""

    def __init__(self, values: Sequence[bytes], offset: Path | None = None) -> None:
        self.values, self._file = list(values), offset
        self.at = int(offset.read_text()) if offset is not None and offset.exists() else 0
        self.assigned = {PARTITION}
        self.committed, self.is_paused, self.polled_s = self.at, False, list[float]()

    def assignment(self) -> set[TopicPartition]:
        return set(self.assigned)

    def position(self, partition: TopicPartition) -> int:
        return self.at

    def highwater(self, partition: TopicPartition) -> int:
        return len(self.values)

    def end_offsets(self, partitions: object) -> dict[TopicPartition, int]:
        return {PARTITION: len(self.values)}

    def pause(self, *partitions: TopicPartition) -> None:
        self.is_paused = True

    def resume(self, *partitions: TopicPartition) -> None:
        self.is_paused = False

    def poll(self, timeout_ms: int = 0, max_records: int = 10) -> dict[TopicPartition, list[Any]]:
        self.polled_s.append(time.monotonic())
        if self.is_paused or not self.assigned or self.at == len(self.values):
            time.sleep(timeout_ms / 1000)
            return {}
        start, self.at = self.at, min(self.at + max_records, len(self.values))
        found = [
            SimpleNamespace(
                topic="push", partition=0, offset=offset, timestamp=0, key=b"k", value=self.values[offset], headers=[]
            )
            for offset in range(start, self.at)
        ]
        return {PARTITION: found} if found else {}

    def commit(self, offsets: Mapping[TopicPartition, Any]) -> None:
        self.committed = offsets[PARTITION].offset
        if self._file is not None:
            new = self._file.with_name("offset.new")
            new.write_text(str(self.committed))
            new.replace(self._file)


class Untold:
    """Reports that go nowhere."""

    def not_sent(self, record: Any, push: PushRecord, fate: object, said: str) -> None: ...

    def refused(self, error: Exception, record: Any) -> None: ...


class Heard:
    """Consent that is always as of now."""

    def as_of_now(self) -> None: ...


class _Slow:
    """Takes a little time before and after a message is there, so that a kill meets every place."""

    def __init__(self, folder: Path) -> None:
        self._log, self._random, self._lock = LogLines(folder / "sent"), random.Random(folder.name), threading.Lock()

    def send(self, record: PushRecord) -> str:
        with self._lock:
            before_s, after_s = self._random.random() * _SPREAD_S, self._random.random() * _SPREAD_S
        time.sleep(before_s)
        said = self._log.send(record)
        time.sleep(after_s)
        return said


def main(url: str, prefix: str, folder: Path, rates: Rates) -> None:
    consumer = Committed(read_records(folder), folder / "offset")
    claims = Claims(client_of(url), url, prefix)
    delivery, parked = Delivery(claims, Heard(), _Slow(folder)), Parked(claims, rates)
    courier = Courier(consumer, delivery, parked, Untold(), lambda line, level: None, Pace(40, 4))  # type: ignore[arg-type]
    courier.run(courier.is_at_end)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Rates(*map(float, sys.argv[4:])))
