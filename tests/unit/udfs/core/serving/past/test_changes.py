"""What a compacted topic still tells of its past."""

from __future__ import annotations

from random import Random

import pytest

from tideline.udfs.core.policies.policy_start import TopicRecord
from tideline.udfs.core.serving.past.changes import Change, changes_of


def test_a_topic_that_lost_nothing_tells_all() -> None:
    """Contract: each record is in force from its time on; a clock that was behind moves nothing back."""
    records = [TopicRecord(0, b"a", b"1", 5), TopicRecord(1, b"b", b"2", 3), TopicRecord(2, None, None, 9)]
    told = [Change(5, b"a", b"1"), Change(5, b"b", b"2"), Change(9, b"", None)]
    assert changes_of(records) == (told, [], {})
    assert changes_of([]) == ([], [], {})


@pytest.mark.parametrize("seed", range(20))
def test_what_compaction_took_is_counted_and_who_may_have_had_it_is_named(seed: int) -> None:
    """Contract: no record is missed, whatever was taken; whoever is not named is told from his first record on."""
    draw = Random(seed)
    keys = [f"k{number}".encode() for number in range(6)]
    log = [TopicRecord(at, draw.choice(keys), b"%d" % at, 10 * at) for at in range(40)]
    cleaned = draw.randrange(1, 40)
    newest = {each.key: each.offset for each in log[:cleaned]}
    kept = [each for each in log if each.offset >= cleaned or newest[each.key] == each.offset]
    if seed % 4 == 0:  # a deleted key leaves nothing at all, in time
        kept = [each for each in kept if each.key != log[0].key]
    found = changes_of(kept)
    last = kept[-1].offset
    gone = [each for each in log[:last] if each not in kept]
    assert len(found.lost_at_ms) == len(gone)
    for each, at_ms in zip(gone, found.lost_at_ms, strict=True):
        assert each.timestamp_ms <= at_ms
    assert found.lost_before(10 * last + 1) == len(gone)
    assert found.lost_before(0) == 0
    first = {key: next((each.offset for each in log if each.key == key), None) for key in keys}
    for key in {each.key for each in kept if each.key}:
        oldest = next(each for each in kept if each.key == key)
        if oldest.offset != first[key]:
            assert found.unsure[key] == oldest.timestamp_ms
        if key not in found.unsure:
            assert oldest.offset == first[key]
