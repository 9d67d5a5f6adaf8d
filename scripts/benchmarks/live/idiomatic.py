"""The job as PyFlink's documentation shows how to write one: the baseline of the throughput benchmark.

Kafka source, Python map that decodes, `key_by(user)`, a KeyedProcessFunction with a ValueState that holds a Python
object, a map that writes to Redis; Python workers in processes of their own and bundles as Flink has them by default.
Encoder, ranker, token, list format and Redis script are the live job's, called for one event at a time. It is spared
what the live job does besides: validation, deduplication, order, rules, caps, attribution, decision log and learning;
and it keeps h in its state, so that it steps the encoder once an event in place of encoding 31.
"""

from __future__ import annotations

import os
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
from pyflink.common import Configuration, Types, WatermarkStrategy
from pyflink.common.serialization import ByteArraySchema
from pyflink.datastream import StreamExecutionEnvironment
from pyflink.datastream.connectors.base import Sink
from pyflink.datastream.connectors.kafka import KafkaOffsetsInitializer, KafkaSource
from pyflink.datastream.functions import KeyedProcessFunction, MapFunction, RuntimeContext
from pyflink.datastream.state import ValueStateDescriptor
from pyflink.java_gateway import get_gateway

from tideline.models.encoder import Encoder
from tideline.schemas.clickstream_reader import read_clickstream
from tideline.schemas.events import FIRST_ACTIVITY_TYPE, Event
from tideline.schemas.records import HEADER_BYTES
from tideline.udfs.core.catalogue.activity import Activity, decode_activity
from tideline.udfs.core.catalogue.catalogue import Catalogue, open_at
from tideline.udfs.core.counter_random import decision_seeds
from tideline.udfs.core.hashing import hash32, hash64
from tideline.udfs.core.lists.activity_tags import ActivityTags
from tideline.udfs.core.lists.decision_token import mint, verify
from tideline.udfs.core.lists.ranked_lists import ListHeads, MadeBy, RankedLists
from tideline.udfs.core.lists.slate import payloads
from tideline.udfs.core.pairs.affinity import content_of
from tideline.udfs.core.pairs.pairs_of import strangers_pairs
from tideline.udfs.core.policies.base import Contexts
from tideline.udfs.core.policies.cold_start import coefficients
from tideline.udfs.core.policies.policy_table import PolicyTable
from tideline.udfs.core.ranking.list_form import ListForm
from tideline.udfs.core.ranking.ranking import rank
from tideline.udfs.core.users.features import step_inputs
from tideline.udfs.core.users.interest import quantise, stranger_x
from tideline.udfs.core.users.user_state import HISTORY
from tideline.udfs.io.kafka_cluster import KafkaCluster
from tideline.udfs.io.list_store import ListStore
from tideline.udfs.io.topic_reader import read_topic
from tideline.udfs.settings.job_config import JobConfig
from tideline.udfs.settings.option_sources import load
from tideline.udfs.settings.rank_settings import rank_settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def stranger(hidden: int) -> SimpleNamespace:
    """Return what is kept of a user before his first event; of a class that every worker can unpickle."""
    h, x = np.zeros((1, hidden), np.float32), stranger_x()[None, :]
    return SimpleNamespace(events=[], h=h, x=x, as_of_ms=0, seq=0)


class RankPerEvent(KeyedProcessFunction):  # type: ignore[misc]
    """One event of one user in, his list out."""

    def __init__(self, config: JobConfig) -> None:
        self._config = config

    def open(self, context: RuntimeContext) -> None:
        """Load the encoder and the activities."""
        config = self._config
        self._user = context.get_state(ValueStateDescriptor("user", Types.PICKLED_BYTE_ARRAY()))
        records = read_topic(KafkaCluster(config.bootstrap), config.topics.activities)
        found = [decode_activity(key, value) for _, key, value, _ in records]
        self._know([each for each in found if isinstance(each, Activity)])

    def _know(self, activities: Iterable[Activity]) -> None:
        self._settings = rank_settings(self._config)
        self._encoder = Encoder.load(self._config.encoder, "cpu")
        self._catalogue = Catalogue.of(activities)
        self._pairs = strangers_pairs(content_of(self._catalogue.activities))
        names = [each.activity_id for each in self._catalogue.activities]
        self._tags = ActivityTags.of(names, self._settings.keys)
        self._known = coefficients(PolicyTable(), self._catalogue, self._encoder.version, self._settings.weights)

    def process_element(self, event: Event, ctx: Any) -> Iterator[tuple[str, bytes]]:
        """Update the user and rank for him."""
        user = self._user.value() or stranger(self._encoder.hidden)
        if event.type >= FIRST_ACTIVITY_TYPE:
            verify(event.token or "", event.user_id, self._settings.keys)
        else:
            self._encode(user, event)
        user.as_of_ms = max(user.as_of_ms, event.ts_ms)
        user.seq += 1
        self._user.update(user)
        yield event.user_id, self._list(event.user_id, user)

    def _encode(self, user: SimpleNamespace, event: Event) -> None:
        before_ms = user.events[-1].ts_ms if user.events else event.ts_ms
        user.events = [*user.events, event][-HISTORY:]
        inputs = step_inputs(
            self._encoder.vocabulary,
            np.array([hash32(event.item_id) if event.item_id else 0], np.uint32),
            np.array([hash32(event.category) if event.category else 0], np.uint32),
            np.array([event.type], np.uint8),
            np.array([event.ts_ms - before_ms]),
            np.array([event.price or 0.0], np.float32),
            np.array([event.quantity or 0], np.float32),
        )
        user.h, x = self._encoder.step(inputs, user.h)
        user.x = quantise(x)

    def _list(self, name: str, user: SimpleNamespace) -> bytes:
        settings, encoder = self._settings, self._encoder.version
        as_of_ms, seq = np.array([user.as_of_ms]), np.array([user.seq])
        mask = open_at(self._catalogue, as_of_ms)
        seeds = decision_seeds(np.array([hash64(name)], np.uint64), as_of_ms, seq, settings.salt)
        exploration = settings.exploration_permille / 1000
        contexts = Contexts(user.x, self._pairs[None, :])  # to work out what users and activities share is left out
        ranked = rank(settings.policy, self._known, contexts, mask, seeds, ListForm(settings.list_size, exploration))
        lists = RankedLists(
            ListHeads(users=[name], as_of_ms=as_of_ms, seq=seq, arms=np.zeros(1, np.int64)),
            MadeBy(
                generation=settings.generation,
                encoder=encoder,
                policy=0,
                exploration_permille=settings.exploration_permille,
            ),
            eligible=ranked.eligible,
            explored=ranked.explored,
            x=user.x,
            order=ranked.order,
            tags=self._tags.current,
            pairs=self._pairs[ranked.order],
        )
        tokens = mint(lists, settings.keys)
        return payloads(self._catalogue, lists, tokens)[0]


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
