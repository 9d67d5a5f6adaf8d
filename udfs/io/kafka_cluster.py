"""One way to a Kafka cluster: consumers, producers and admin clients with the same login, and refusals in one line."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from tideline.schemas.errors import Unavailable
from tideline.udfs.io.kafka_refusals import explain
from tideline.udfs.settings.connection.kafka_security import kafka_python_kwargs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType

_FETCH_BYTES = 1 << 24
_AT_ONCE = 20_000


@dataclass(frozen=True)
class KafkaCluster:
    """Where the brokers are and how to log in.

    Attributes:
        bootstrap: Brokers as `host:port,host:port`.
        properties: Security settings in the words of Kafka's Java client, as of the option `kafka_properties`.
        patience_s: How long a broker that does not answer is waited for.
    """

    bootstrap: str
    properties: Mapping[str, str] = field(default_factory=dict, repr=False)
    patience_s: float = 30.0

    @contextmanager
    def consumer(self, doing: str, needs: str, **more: Any) -> Iterator[Any]:
        """Yield a consumer of committed records; it belongs to no group unless it is given one.

        Args:
            doing: What is done with it, for messages: `reading topic decisions`.
            needs: The rights that it takes, for messages: `Read on topic decisions`.
            more: Of kafka-python's settings.

        Raises:
            Unavailable: no broker answers, or one refuses; the message says what to do.
        """
        # The broker checked each batch when it took it, and a checksum in plain Python costs 150 us a row, 40 times
        # what all the rest does.
        with self._opened(
            doing,
            needs,
            KafkaConsumer,
            enable_auto_commit=False,
            isolation_level="read_committed",
            check_crcs=False,
            max_poll_records=_AT_ONCE,
            max_partition_fetch_bytes=_FETCH_BYTES,
            **more,
        ) as client:
            yield client

    @contextmanager
    def producer(self, doing: str, needs: str, **more: Any) -> Iterator[Any]:
        """Yield a producer, with more of kafka-python's settings; arguments and what it raises as of `consumer`."""
        wait_ms = round(self.patience_s * 1000)
        # as short for a broker that is lost meanwhile, for it is waited for at the close too
        waits = {"max_block_ms": wait_ms, "request_timeout_ms": wait_ms, "delivery_timeout_ms": 2 * wait_ms}
        with self._opened(doing, needs, KafkaProducer, **waits, **more) as client:
            yield client

    @contextmanager
    def admin(self, doing: str, needs: str) -> Iterator[Any]:
        """Yield an admin client; arguments and what it raises as those of `consumer`."""
        with self._opened(doing, needs, KafkaAdminClient) as client:
            yield client

    @contextmanager
    def _opened(self, doing: str, needs: str, kind: Callable[..., Any], **settings: Any) -> Iterator[Any]:
        # A dictionary of its own: a frame that fails is printed with its arguments by some tracers.
        login = kafka_python_kwargs(self.properties)
        with _Overheard() as overheard:
            try:
                client = kind(
                    bootstrap_servers=self.bootstrap,
                    bootstrap_timeout_ms=round(self.patience_s * 1000),
                    **settings,
                    **login,
                )
                try:
                    yield client
                finally:
                    client.close()
            except KafkaError as error:
                why = explain(error, overheard.errors, self.properties, needs)
                raise Unavailable("kafka", f"{doing} at {self.bootstrap}: {why}") from error


class _Overheard(logging.Handler):
    """The errors that the Kafka client tells its log alone: what it raises is that time was up."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[BaseException] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the newest errors."""
        arguments = record.args if isinstance(record.args, tuple) else ()
        self.errors = [*self.errors, *(each for each in arguments if isinstance(each, BaseException))][-20:]

    def __enter__(self) -> _Overheard:
        logging.getLogger("kafka").addHandler(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        logging.getLogger("kafka").removeHandler(self)
