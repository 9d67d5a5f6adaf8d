"""Profile records of many users."""

from __future__ import annotations

from tests.unit.udfs.core.profiles.test_profile_record import NOW_MS
from tideline.udfs.core.profiles.kept_profile import forgotten, keep
from tideline.udfs.core.profiles.profile_batch import told_by
from tideline.udfs.core.profiles.profile_record import Profile


def test_records_of_many_users_are_gathered_and_bad_ones_named() -> None:
    """Contract: nothing of the good rest is lost beside a bad record, whose user keeps the last good profile."""
    good = b'{"user_id": "u", "ts_ms": 1795353372396, "labels": {"tier": "gold"}}'
    bad = b'{"user_id": "u", "ts_ms": 1795353372397, "labels": {"tear": "gold"}}'
    told = told_by([(b"u", good, NOW_MS), (b"u", bad, NOW_MS), (b"v", None, NOW_MS + 5)])
    assert told.profiles == {"u": keep(Profile("u", NOW_MS, {"tier": "gold"})), "v": forgotten(NOW_MS + 5)}
    assert told.numbers == {"u": 0, "v": 2}
    assert [(number, str(error.reason)) for number, error in told.refused] == [(1, "bad_profile")]
