"""What lists say in the end, beside what they should say."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from fakeredis import FakeRedis

from tests.support.core_world import KEYS, NOON_MS
from tests.support.doc_pages import ROOT
from tideline.schemas.errors import InvalidRecord
from tideline.scripts.benchmarks.live.memory import make_ranker
from tideline.scripts.benchmarks.live.peers.event_body import EventBody
from tideline.scripts.benchmarks.live.peers.final_lists import Final, audit, by_body, by_core, finals, stored
from tideline.scripts.benchmarks.live.traffic import Traffic, activities, make_chunk
from tideline.udfs.settings.job_config import JobConfig
from tideline.udfs.settings.option_sources import load

if TYPE_CHECKING:
    from tideline.schemas.events import Event


def _events() -> list[Event]:
    return make_chunk(Traffic(users=20, zipf=0.0, first_ms=NOON_MS, gap_ms=3_600.0, keys=KEYS), 0)[:200]


def _body() -> EventBody:
    secrets = {"TIDELINE_REDIS_URL": "redis://h:1/0", "TIDELINE_TOKEN_KEYS": json.dumps({"1": KEYS.secrets[1].hex()})}
    encoder = str(ROOT / "models" / "artefacts" / "demo-1")
    return EventBody(load(JobConfig, ["--bootstrap", "h:1", "--encoder", encoder], secrets), activities(NOON_MS))


def test_both_ways_say_when_the_newest_event_was_and_how_many_there_were() -> None:
    """Contract: by events counted here; the core leaves out what it has had, so it never counts more."""
    events = _events()
    newest = {event.user_id: event.ts_ms for event in events}
    seen = Counter(event.user_id for event in events)
    one_by_one = by_body(_body(), events, KEYS)
    assert {user: each[:2] for user, each in one_by_one.items()} == {user: (newest[user], seen[user]) for user in seen}
    at_once = by_core(make_ranker(KEYS, NOON_MS), events)
    assert at_once.keys() == seen.keys()
    assert all(0 <= seen[user] - each.seq <= 1 for user, each in at_once.items())


def test_an_event_that_is_lost_or_counted_twice_is_found_in_redis() -> None:
    """Contract: by user; so is a list that is not there, and one of the right number from other events."""
    events = _events()
    ranker = make_ranker(KEYS, NOON_MS)
    whole, part = by_core(ranker, events), by_core(ranker, events[:-30])
    lost = sum(each.seq for each in whole.values()) - sum(each.seq for each in part.values())
    assert audit(whole, part).lost == lost > 0
    assert audit(part, whole).twice == lost
    first = next(iter(whole))
    other = whole | {first: whole[first]._replace(x=b"other")}
    assert audit(whole, other) == (len(whole), len(whole) - 1, 0, 0)
    missing = {user: each for user, each in whole.items() if user != first}
    assert audit(whole, missing) == (len(whole), len(whole) - 1, whole[first].seq, 0)


def test_what_redis_holds_is_read_by_user_and_its_signature_checked() -> None:
    body, redis = _body(), FakeRedis()
    (event,) = _events()[:1]
    (made,) = body.lists([event.user_id], [body.after(None, event)])
    redis.set(f"mine:list:{event.user_id}", made)
    found = stored(redis, "mine", [event.user_id, "nobody"], KEYS)
    assert found == by_body(body, [event], KEYS)
    assert isinstance(found[event.user_id], Final)
    with pytest.raises(InvalidRecord):
        finals({"another": made}, KEYS)
