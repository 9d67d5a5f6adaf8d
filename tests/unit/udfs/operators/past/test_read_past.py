"""What a job over the past reads of its topics, against topics in memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.core_world import KEYS, NOON_MS, activity, make_ranker
from tideline.udfs.core.catalogue.activity import encode_activity
from tideline.udfs.core.policies.policy_start import TopicRecord
from tideline.udfs.core.profiles.profile_record import Profile, encode_profile
from tideline.udfs.operators.past.read_past import Past, Told, read_past
from tideline.udfs.settings.job_config import BackfillConfig, JobConfig, ReplayConfig

if TYPE_CHECKING:
    from collections.abc import Iterable

_COMMON: dict[str, Any] = {
    "bootstrap": "b:1", "redis_url": "redis://h", "encoder": Path(), "token_keys": KEYS.secrets
}  # fmt: skip
_RANGE: dict[str, Any] = {"name": "r", "from_ms": 1, "to_ms": 2}
_RANKER = make_ranker([activity("a"), activity("b")])
_TOLD = Told(
    make_ranker(),
    (),
    [TopicRecord(0, b"a", encode_activity(activity("a")), 5), TopicRecord(2, b"b", encode_activity(activity("b")), 9)],
)


def _read(topic: str) -> Iterable[TopicRecord]:
    assert topic == "profiles"
    return [TopicRecord(0, b"u", encode_profile(Profile("u", NOON_MS)), NOON_MS)]


def _past(config: JobConfig) -> Past:
    return read_past(config, _read, _TOLD, _RANKER, NOON_MS)


def test_a_live_job_reads_nothing_and_a_backfill_the_profiles() -> None:
    """Contract: a live job is told of them as they come; a backfill goes on live with the activities of today."""
    assert _past(JobConfig(**_COMMON)) == Past(None, None)
    past = _past(BackfillConfig(**_COMMON))
    assert past.worlds is None
    assert past.profiles is not None
    assert past.profiles.at("u", NOON_MS)


def test_a_replay_has_the_world_of_each_time_unless_it_wants_todays(caplog: pytest.LogCaptureFixture) -> None:
    """Contract: what is gone from the topic is told in the log as well, in numbers: others write the names."""
    past = _past(ReplayConfig(**_COMMON, **_RANGE, world="now"))
    assert (past.worlds, past.profiles is None, past.last(_RANKER)) == (None, False, _RANKER)
    with caplog.at_level("INFO"):
        past = _past(ReplayConfig(**_COMMON, **_RANGE))
    worlds = past.worlds
    assert worlds is not None
    assert past.last(make_ranker()) is worlds.last() is worlds.at(9)
    assert [sorted(worlds.at(ms).offers.activities) for ms in (4, 5)] == [["b"], ["a", "b"]]
    told = "2 activity records, 1 gone from the topic; activities taken for what they were first known as: 1"
    assert told in caplog.text
