"""What takes one event at a time gives lists too."""

from __future__ import annotations

import json
from types import SimpleNamespace

from tests.support.core_world import KEYS, NOON_MS
from tests.support.doc_pages import ROOT
from tideline.scripts.benchmarks.live.peers.event_body import EventBody
from tideline.scripts.benchmarks.live.traffic import LIST_SIZE, Traffic, activities, make_chunk
from tideline.udfs.core.lists.decision_token import verify
from tideline.udfs.settings.job_config import JobConfig
from tideline.udfs.settings.option_sources import load


def _body() -> EventBody:
    secrets = {"TIDELINE_REDIS_URL": "redis://h:1/0", "TIDELINE_TOKEN_KEYS": json.dumps({"1": KEYS.secrets[1].hex()})}
    encoder = str(ROOT / "models" / "artefacts" / "demo-1")
    return EventBody(load(JobConfig, ["--bootstrap", "h:1", "--encoder", encoder], secrets), activities(NOON_MS))


def test_every_event_gives_a_full_list_under_the_default_policy() -> None:
    """Contract: signed for its user; whatever happened; the same beside others as alone."""
    body = _body()
    users: dict[str, SimpleNamespace] = {}
    last: dict[str, bytes] = {}

    for event in make_chunk(Traffic(users=10, zipf=0.0, first_ms=NOON_MS, gap_ms=36.0, keys=KEYS), 0)[:60]:
        user = event.user_id
        users[user] = body.after(users.get(user), event)
        (last[user],) = body.lists([user], [users[user]])
        listed = json.loads(last[user])
        assert len(listed["i"]) == LIST_SIZE
        assert verify(listed["k"], user, KEYS).version.as_of_ms == listed["v"][1]
    assert body.lists(list(users), list(users.values())) == [last[user] for user in users]
    assert sum(json.loads(made)["v"][2] for made in last.values()) == 60
