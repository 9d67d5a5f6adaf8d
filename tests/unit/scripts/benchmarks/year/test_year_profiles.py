"""What the shop of the simulated year says of its users."""

from __future__ import annotations

import orjson
import pytest

from tideline.schemas.errors import InvalidRecord
from tideline.scripts.benchmarks.year.year_profiles import ShopsRecords, Statements
from tideline.scripts.benchmarks.year.year_world import START_MS
from tideline.udfs.core.profiles.profile_record import decode_profile


def record(ts_ms: int, learn: bool = True, at_ms: int = 0) -> tuple[bytes, bytes, int]:
    consent = {"personalise": True, "learn": learn, "push": False}
    stated = {"user_id": "u1", "ts_ms": ts_ms, "labels": {"tier": "gold"}, "time_zone": None, "opt_outs": {}}
    return b"u1", orjson.dumps(stated | {"consent": consent}), at_ms or ts_ms


def test_good_records_are_taken_and_bad_ones_are_each_refused() -> None:
    """Contract: what the year takes for good and for bad the product takes so."""
    shop = ShopsRecords(4)
    users = [f"u{number:05d}" for number in range(40)]
    made = [each for day in range(3) for each in shop.of_day(users, ["a1", "a2"], START_MS + day * 86_400_000)]
    assert len(made) > 120
    for key, value, at_ms in made:
        decode_profile(key, value, at_ms)
    for key, value, at_ms in shop.bad("u1", START_MS):
        with pytest.raises(InvalidRecord):
            decode_profile(key, value, at_ms)


def test_the_newest_counts_whatever_came_first_and_of_one_moment_the_one_that_allows_less() -> None:
    """Contract: as docs/contracts/profiles.md has it, and one ahead of its record counts from the record's time."""
    says = Statements()
    for number, each in enumerate((record(200), record(100, learn=False), record(200, learn=False))):
        says.hear(each, number)
    newest = says.newest("u1")
    assert newest is not None
    assert (newest.ts_ms, newest.learn, newest.said.labels) == (200, False, {"tier": "gold"})
    assert not says.learns("u1")
    says.hear((b"u1", None, 300), 3)
    assert says.learns("u1")
    assert says.said("u1").labels == {}
    says.hear(record(500, at_ms=400), 4)
    newest = says.newest("u1")
    assert newest is not None
    assert newest.ts_ms == 400
