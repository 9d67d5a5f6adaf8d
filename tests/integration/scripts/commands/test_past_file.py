"""Contract: each event of a file is in the clickstream once, where a live producer would put it, whatever happens."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.support.kafka_topics import produce, read_all
from tideline.models.data import read
from tideline.schemas.codec import decode_event
from tideline.schemas.errors import ConfigError
from tideline.schemas.topics import Topics
from tideline.scripts.commands import past_file
from tideline.scripts.commands.topics import ensure_topics

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tideline.models.data import Sequences
    from tideline.schemas.events import Event
    from tideline.scripts.localstack import Stack

pytestmark = [pytest.mark.integration, pytest.mark.slow]
_NOON_MS = 1_700_000_000_000
_EVENTS, _USERS = 5_000, 90


def test_a_writing_that_is_interrupted_and_done_again_writes_each_event_once(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contract: killed twice, each partition holds its users' events once, in the order of their times.

    A third time nothing is written, and behind what a live producer sent nothing may be.
    """
    topics = Topics().with_suffix(f"-past-{os.getpid()}")
    ensure_topics(stack.kafka, topics, roles=("clickstream",))
    path = tmp_path / "events.csv"
    rows = [f"u{at * 7 % _USERS},i{at % 11},{_NOON_MS + 40 * (at // 3)}" for at in range(_EVENTS)]
    path.write_text("\n".join(["user_id,item_id,ts_ms", *rows]) + "\n")
    wanted = list(past_file.past_events(read(path), "0" * 12))

    for until in (1_300, 3_900):
        with monkeypatch.context() as patched:
            patched.setattr(past_file, "past_events", _interrupted_at(until))
            with pytest.raises(KeyboardInterrupt):
                past_file.write_past(path, stack.kafka, topics.clickstream)
    past_file.write_past(path, stack.kafka, topics.clickstream)

    records = read_all(stack.kafka_bootstrap, topics.clickstream)
    found = [decode_event(record.key, record.value, record.timestamp_ms) for record in records]
    numbers = [int(event.event_id.rpartition("-")[2]) for event in found]
    assert sorted(numbers) == list(range(_EVENTS))
    for record, event, number in zip(records, found, numbers, strict=True):
        assert event._replace(event_id="") == wanted[number]._replace(event_id="")
        assert record.key == event.user_id.encode()
    for one, other, before, after in zip(records, records[1:], numbers, numbers[1:], strict=False):
        assert one.partition != other.partition or before < after
    assert past_file.write_past(path, stack.kafka, topics.clickstream) == 0

    home = {record.key: record.partition for record in records}
    assert len(set(home.values())) > 1
    produce(stack.kafka_bootstrap, topics.clickstream, [(key, b"{}") for key in home])
    live = read_all(stack.kafka_bootstrap, topics.clickstream)
    assert {record.key: record.partition for record in live if record.value == b"{}"} == home
    with pytest.raises(ConfigError, match="holds other events already"):
        past_file.write_past(path, stack.kafka, topics.clickstream)


def _interrupted_at(number: int) -> object:
    real = past_file.past_events

    def interrupted(data: Sequences, tag: str) -> Iterator[Event]:
        for at, event in enumerate(real(data, tag)):
            if at == number:
                raise KeyboardInterrupt
            yield event

    return interrupted
