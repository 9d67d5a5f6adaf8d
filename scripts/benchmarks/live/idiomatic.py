"""The job as PyFlink's documentation shows how to write one: the baseline of the throughput benchmark.

Kafka source, Python map that decodes, `key_by(user)`, a KeyedProcessFunction with a ValueState that holds a Python
object, a map that writes to Redis; Python workers in processes of their own and bundles as Flink has them by default.
What it does with an event, and is spared, says peers/event_body.py.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from pyflink.common import Configuration, Types, WatermarkStrategy
from pyflink.common.serialization import ByteArraySchema
from pyflink.datastream import StreamExecutionEnvironment
from pyflink.datastream.connectors.base import Sink
from pyflink.datastream.connectors.kafka import KafkaOffsetsInitializer, KafkaSource
from pyflink.datastream.functions import KeyedProcessFunction, MapFunction, RuntimeContext
from pyflink.datastream.state import ValueStateDescriptor
from pyflink.java_gateway import get_gateway

from tideline.schemas.clickstream_reader import read_clickstream
from tideline.schemas.records import HEADER_BYTES
from tideline.scripts.benchmarks.live.peers.event_body import EventBody, known_activities
from tideline.udfs.io.list_store import ListStore
from tideline.udfs.settings.job_config import JobConfig
from tideline.udfs.settings.option_sources import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tideline.schemas.events import Event


class RankPerEvent(KeyedProcessFunction):  # type: ignore[misc]
    """One event of one user in, his list out."""

    def __init__(self, config: JobConfig) -> None:
        self._config = config

    def open(self, context: RuntimeContext) -> None:
        """Load the encoder and the activities."""
        self._user = context.get_state(ValueStateDescriptor("user", Types.PICKLED_BYTE_ARRAY()))
        self._body = EventBody(self._config, known_activities(self._config))

    def process_element(self, event: Event, ctx: Any) -> Iterator[tuple[str, bytes]]:
        """Update the user and rank for him."""
        user = self._body.after(self._user.value(), event)
        self._user.update(user)
        yield event.user_id, self._body.lists([event.user_id], [user])[0]


class WriteList(MapFunction):  # type: ignore[misc]
    """Writes a list to Redis."""

    def __init__(self, config: JobConfig) -> None:
        self._config = config

    def open(self, context: RuntimeContext) -> None:
        """Make the store."""
        self._store = ListStore(self._config.redis_url, self._config.prefix, self._config.list_ttl_s * 1000)

    def map(self, value: tuple[str, bytes]) -> int:
        """Write; return how many replaced an older one."""
        return self._store.write([value[0].encode()], [value[1]]).written


def main(argv: list[str]) -> int:
    """Submit; takes the live job's arguments."""
    config = load(JobConfig, argv[1:], os.environ)
    settings = Configuration()
    settings.set_string("python.execution-mode", "process")
    env = StreamExecutionEnvironment.get_execution_environment(settings)
    env.set_parallelism(config.parallelism)
    source = (
        KafkaSource.builder()
        .set_bootstrap_servers(config.bootstrap)
        .set_topics(config.topics.clickstream)
        .set_group_id(config.group_id)
        .set_starting_offsets(KafkaOffsetsInitializer.earliest())
        .set_value_only_deserializer(ByteArraySchema())
        .build()
    )
    written = (
        env.from_source(source, WatermarkStrategy.no_watermarks(), "clickstream")
        .map(lambda value: read_clickstream(value, HEADER_BYTES), Types.PICKLED_BYTE_ARRAY())
        .key_by(lambda event: event.user_id, Types.STRING())
        .process(RankPerEvent(config), Types.PICKLED_BYTE_ARRAY())
        .map(WriteList(config), Types.INT())
    )
    written.sink_to(Sink(get_gateway().jvm.org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink()))
    env.execute(config.name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
