"""The plain consumer loop around the live job's own core: one process a core, each with its share of the partitions.

A batch of records, the states of its users from a dict, `process`, the lists to Redis in one call; then the offsets
are committed. What the live job does with decisions and rewards is left out, and nothing is learned: the core works
them out, and the loop drops them. States are lost with the process.
"""

from __future__ import annotations

import sys

from confluent_kafka import Consumer, KafkaException, TopicPartition

from tideline.scripts.benchmarks.live.peers.loop_body import Loop, ranker_of, share
from tideline.scripts.benchmarks.live.peers.peer_args import PeerArgs
from tideline.udfs.core.serving.engine import Records

_BATCH, _WAIT_S = 1_000, 0.05


def main(argv: list[str]) -> None:
    """Work off the topic until somebody ends the process."""
    given = PeerArgs.read(argv)
    config, count = given.config, given.counting()
    loop = Loop(ranker_of(config), given.store())
    consumer = Consumer(
        {
            "bootstrap.servers": config.bootstrap,
            "group.id": config.consumer_group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    topic = config.topics.clickstream
    numbers = consumer.list_topics(topic).topics[topic].partitions
    consumer.assign([TopicPartition(topic, each) for each in share(list(numbers), given.number, given.processes)])
    while True:
        messages = consumer.consume(_BATCH, _WAIT_S)
        if not messages:
            count.tell()
            continue
        for each in messages:
            if each.error():
                raise KafkaException(each.error())
        records = Records(*zip(*((each.key(), each.value(), each.timestamp()[1]) for each in messages), strict=True))
        loop.work_off(records)
        consumer.commit(asynchronous=True)
        count.add(len(messages))


if __name__ == "__main__":
    main(sys.argv[1:])
