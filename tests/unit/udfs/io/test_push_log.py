"""Pushes on their way to Kafka, against the little of its client that it takes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import pytest
from kafka.errors import KafkaTimeoutError

from tideline.schemas.errors import Unavailable
from tideline.udfs.io.push_log import PushLog

if TYPE_CHECKING:
    from collections.abc import Iterator


class Broker:
    """A cluster whose brokers take records until they are lost."""

    bootstrap, patience_s = "b:1", 1.0

    def __init__(self) -> None:
        self.took: list[tuple[str, bytes, bytes]] = []
        self.opened, self.closed, self.lost = 0, 0, False

    @contextmanager
    def producer(self, _doing: str, _needs: str, **more: object) -> Iterator[Any]:
        assert more == {"acks": "all"}
        self.opened += 1
        yield self
        self.closed += 1

    def send(self, topic: str, key: bytes, value: bytes) -> Any:
        self.took.append((topic, key, value))
        return self

    def get(self, timeout: float) -> None:
        assert timeout == 2.0
        if self.lost:
            raise KafkaTimeoutError


def test_records_are_written_over_one_connection_and_waited_for() -> None:
    """Contract: a loss of the brokers is one error that says where, and the next record connects anew."""
    broker = Broker()
    log = PushLog(cast("Any", broker), "push-x")
    log.close()
    log.write([b"u", b"v"], [b"1", b"2"])
    log.write([b"w"], [b"3"])
    assert broker.took == [("push-x", b"u", b"1"), ("push-x", b"v", b"2"), ("push-x", b"w", b"3")]
    assert (broker.opened, broker.closed) == (1, 0)
    broker.lost = True
    with pytest.raises(Unavailable, match="writing topic push-x at b:1"):
        log.write([b"x"], [b"4"])
    broker.lost = False
    log.write([b"x"], [b"4"])
    log.close()
    assert (broker.opened, broker.closed) == (2, 2)
