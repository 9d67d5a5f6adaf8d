"""What is told of a replay's policy topic: one number for all of it, whatever was written twice."""

from __future__ import annotations

import hashlib

import pytest

from tests.support.core_world import DAY_MS
from tests.support.policy_log import MemoryLog
from tests.unit.scripts.audit.test_decision_scores import World
from tideline.schemas.errors import ConfigError, TooFew
from tideline.scripts.replays.replay_policy import learned_of, pinned
from tideline.udfs.core.policies.policy_start import TopicRecord


def records(*told: tuple[bytes | None, bytes | None]) -> list[TopicRecord]:
    """Records of a topic, from its beginning on."""
    return [TopicRecord(at, key, value, 1_000 + at) for at, (key, value) in enumerate(told)]


def test_the_newest_value_of_each_key_counts_in_whatever_order() -> None:
    """Contract: lengths and bytes as the docstring has it; what a restart wrote again changes the version alone."""
    found, sha256 = learned_of("policy-july", records((b"sums|1|b", b"x"), (b"1|b", b"row"), (b"1|*", b"")))
    assert found == {"topic": "policy-july", "version": 2, "arms": 1}
    told = b"".join(len(each).to_bytes(8, "big") + each for each in (b"1|*", b"", b"1|b", b"row", b"sums|1|b", b"x"))
    assert sha256 == hashlib.sha256(told).hexdigest()
    again = records(
        (b"1|b", b"old"), (b"sums|1|b", b"x"), (b"1|*", b""), (b"sums|1|b", b"x"), (None, b"?"), (b"1|b", b"row")
    )
    assert learned_of("policy-july", again) == ({"topic": "policy-july", "version": 5, "arms": 1}, sha256)


def test_another_value_and_another_place_of_a_border_are_another_number() -> None:
    one, other, third = (
        learned_of("t", records(each))[1] for each in ((b"1|ab", b"c"), (b"1|a", b"bc"), (b"1|ab", b"d"))
    )
    assert len({one, other, third}) == 3


def test_a_range_that_taught_nothing_says_so() -> None:
    assert learned_of("t", ())[0] == {"topic": "t", "version": -1, "arms": 0}


def test_the_newest_version_is_taken_or_the_one_that_is_asked_for() -> None:
    """Contract: one that is not there yet is refused: it would be another one after each restart."""
    log = MemoryLog(records((b"1|a", b"x"), (b"1|a", b"y")))
    assert [pinned(log, 2_000, asked, 2_000) for asked in (None, 0, 1)] == [1, 0, 1]
    assert pinned(MemoryLog(()), 2_000, None, 2_000) is None
    for empty, asked, newest in ((log, 2, 1), (MemoryLog(()), 0, -1)):
        with pytest.raises(ConfigError, match=f"policy_pin={asked} cannot be used; allowed: not above {newest}"):
            pinned(empty, 2_000, asked, 2_000)


def test_a_version_whose_rows_may_be_gone_is_refused() -> None:
    """Contract: compaction takes rows of a version that later ones replaced over a week ago; all there: it is taken."""
    world = World("linucb", apart_ms=8 * 3_600_000)
    whole, now_ms = world.records, world.records[-1].timestamp_ms
    young = next(each.offset for each in whole if each.timestamp_ms >= now_ms - 7 * DAY_MS)
    newest = {each.key: each.offset for each in whole[:young]}
    worn = MemoryLog([each for each in whole if each.offset >= young or newest[each.key] == each.offset])
    assert pinned(MemoryLog(whole), 2_000, 5, now_ms) == 5
    assert pinned(worn, 2_000, young - 1, now_ms) == young - 1
    cut = MemoryLog([each for each in whole if each.offset > 5])
    for gone, present_ms in ((worn, now_ms), (cut, whole[6].timestamp_ms)):
        with pytest.raises(TooFew, match="policy_pin=5 cannot be used; allowed: a version of the last 7 days"):
            pinned(gone, 2_000, 5, present_ms)
