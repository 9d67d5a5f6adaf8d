"""Contract: what a replay learns of a range is what the live job has learned of it, byte for byte."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

import pytest
import redis

from tests.support.live import LiveJob
from tests.support.malformed import many_refused
from tests.support.replayed import replayed
from tests.support.traffic import Scenario, interleave, make_activities, make_events, messages, with_duplicates
from tideline.udfs.core.lists.decision_token import read_unverified
from tideline.udfs.core.policies.arm_key import COSTS_KEY, is_sums_key
from tideline.udfs.core.policies.policy_table import decode_row, encode_row

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tideline.scripts.localstack import Stack

pytestmark = [pytest.mark.integration, pytest.mark.slow]
_USERS, _EVENTS = 60, 2_400


def newest(job: LiveJob, topic: str) -> dict[bytes, bytes]:
    """Return the newest value of each key of a policy topic, but for what rules cost."""
    found = {each.key: each.value for each in job.read(topic) if each.key and each.value and each.key != COSTS_KEY}
    return {key: value for key, value in found.items() if key is not None and value is not None}


def without_epoch(value: bytes) -> bytes:
    """Return a row as a job without an epoch writes it."""
    name, row = decode_row(value, 0)
    return encode_row(row._replace(epoch=0), name)


def held(savepoint: str, sums: Mapping[bytes, bytes]) -> int:
    """Return how many of these sums the state of a job has under the same key.

    Flink writes the key of a map, one byte a letter, then little more than the value.
    """
    state = b"".join(path.read_bytes() for path in sorted(Path(urlparse(savepoint).path).iterdir()))
    found = 0
    for key, value in sums.items():
        name = key.removeprefix(b"sums|")
        at = state.find(value)
        found += at >= 0 and name in state[max(at - len(name) - 32, 0) : at]
    return found


def _by(job: LiveJob, policy: str) -> str:
    """Return the option that ranks by another policy topic."""
    return json.dumps(job.topics.by_role() | {"policy": policy})


def versions_of(stack: Stack, namespace: str) -> set[int]:
    """Return under which versions of the policy the lists of a namespace were made."""
    with redis.Redis.from_url(stack.redis_url) as client:
        keys = list(client.scan_iter(f"{namespace}:list:*"))
        payloads: Any = client.mget(keys)
    return {read_unverified(json.loads(each)["k"]).policy for each in payloads}


def test_relearned_sums_are_those_of_live(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: sums by key as in live's state, rows as live published them; no list is touched."""
    job, now_ms = LiveJob(stack, f"rel{os.getpid()}"), int(time.time() * 1000)
    activities = make_activities(60, now_ms)
    job.put_activities(activities)
    job.start()
    scenario = Scenario(3, _USERS, _EVENTS, activities, job.token_keys, now_ms - 6 * 3_600_000)
    events, _ = with_duplicates(make_events(scenario), 0.05, 1)
    bad = many_refused(40, [f"u-{at:05d}" for at in range(_USERS)], now_ms, job.token_keys, "a004")
    job.produce(interleave(messages(events), [each.message for each in bad], 2))
    job.drain()
    job.publish()
    live, lists = newest(job, job.topics.policy), job.all_lists()
    savepoint = stack.rest.savepoint(job.job_id, cancel=True)
    found = replayed(job, capsys, "again", "--from", "0", "--makes", "policy")
    assert (found["lists"], found["differences"]) == (0, [])
    told = newest(job, found["policy"]["topic"])
    sums = {key: value for key, value in told.items() if is_sums_key(key)}
    assert found["policy"]["arms"] == len(sums) > 30
    assert sums == job.oracle.sums()
    assert held(savepoint, sums) == len(sums)
    assert held(savepoint, {key: value[:-1] + b"?" for key, value in sums.items()}) == 0
    assert {key: told.get(key) for key in live} == {key: without_epoch(value) for key, value in live.items()}
    assert job.all_lists() == lists
    ranked = replayed(job, capsys, "judged", "--from", "0", topics=_by(job, found["policy"]["topic"]))
    assert (ranked["lists"], ranked["policy"]) == (len(lists), None)
    assert versions_of(stack, ranked["namespace"]) == {found["policy"]["version"]}
