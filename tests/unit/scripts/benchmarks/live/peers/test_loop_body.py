"""The plain consumer loop does the work of the core."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.support.core_world import KEYS, NOON_MS
from tideline.schemas.codec import encode_event
from tideline.scripts.benchmarks.live.memory import make_ranker
from tideline.scripts.benchmarks.live.peers.loop_body import Loop
from tideline.scripts.benchmarks.live.traffic import Traffic, make_chunk
from tideline.udfs.core.lists.list_version import parse_version
from tideline.udfs.core.serving.engine import Records, process

if TYPE_CHECKING:
    from collections.abc import Sequence


class Kept:
    """Takes lists in place of Redis, each in the place of the one before."""

    def __init__(self) -> None:
        self.lists: dict[bytes, bytes] = {}

    def write(self, users: Sequence[bytes], payloads: Sequence[bytes]) -> None:
        """Keep them."""
        self.lists.update(zip(users, payloads, strict=True))


def _records() -> tuple[list[Any], Records]:
    events = make_chunk(Traffic(users=40, zipf=0.0, first_ms=NOON_MS, gap_ms=3_600.0, keys=KEYS), 0)[:600]
    keys = [event.user_id.encode() for event in events]
    return events, Records(keys, [encode_event(event) for event in events], [event.ts_ms for event in events])


def test_the_plain_loop_ends_with_the_lists_of_all_its_events() -> None:
    """Contract: however they fall into batches, each counted once; as the core makes them of all at once."""
    events, records = _records()
    kept, ranker = Kept(), make_ranker(KEYS, NOON_MS)
    loop = Loop(ranker, kept)  # type: ignore[arg-type]
    for begin in range(0, len(events), 170):
        loop.work_off(records.part(range(begin, min(begin + 170, len(events)))))
    # A second click on the same entry of the same list is none.
    different = {(event.user_id.encode(), event.type, event.token or event.event_id) for event in events}
    seen = Counter(user for user, *_ in different)
    assert {user: parse_version(made).seq for user, made in kept.lists.items()} == seen
    at_once = process(records, lambda users: [None] * len(users), ranker)
    assert {user.encode(): made for user, made in zip(at_once.listed, at_once.lists, strict=True)} == kept.lists
