"""Contract: a replay adds up when each record of each partition has a fate, and says where it does not."""

from __future__ import annotations

from collections import Counter

from tideline.scripts.replays.balance import accounts, counted, described, differences, summed
from tideline.scripts.replays.offsets import Span

_RANGES = {0: Span(5, 15), 1: Span(0, 4), 2: Span(7, 7)}
_SHARDS = [
    {0: Counter(accepted=4, duplicate=1), 1: Counter(accepted=4)},
    {0: Counter(accepted=2, late=1, bad_json=1, erased=1)},
]
_RECORDS = {0: 10, 1: 4, 2: 0}


def test_what_all_shards_tell_is_added_up() -> None:
    """Contract: by partition, each fate under its name; all else than accepted, duplicate and late is rejected."""
    fates = summed(_SHARDS)
    found = accounts(_RANGES, _RECORDS, fates)
    assert found["0"] == {
        "from": 5, "to": 15, "records": 10, "accepted": 6, "duplicates": 1, "late": 1,
        "rejected": {"bad_json": 1, "erased": 1}, "passed_over": 0,
    }  # fmt: skip
    assert [counted(each) for each in found.values()] == [10, 4, 0]
    assert differences(found, fates) == []
    assert described("0", found["0"]) == (
        "partition 0, offsets 5 to 15: 10 records = 6 accepted + 1 duplicates + 1 late + 2 rejected "
        "(bad_json 1, erased 1)"
    )


def test_what_is_missing_or_too_much_is_named() -> None:
    """Contract: a lost tail, a record counted twice, a shard that told nothing, one that read past the range."""
    fates = summed([*_SHARDS[1:], {1: Counter(accepted=5)}, {9: Counter(accepted=1)}])
    assert differences(accounts(_RANGES, _RECORDS, fates), fates) == [
        "partition 0: 10 records, 5 accounted for, 5 missing",
        "partition 1: 4 records, 5 accounted for, 1 too many",
        "partition 9: not of the range",
    ]


def test_the_tallies_of_shards_stay_as_they_were() -> None:
    """Contract: adding up changes none of what was read."""
    before = [{number: counts.copy() for number, counts in each.items()} for each in _SHARDS]
    assert summed(_SHARDS)[0] is not _SHARDS[0][0]
    assert before == _SHARDS


def test_who_was_not_asked_for_is_told_apart_from_what_was_refused() -> None:
    """Contract: records of other users count, and the line says how many."""
    fates = summed([{0: Counter(accepted=3, passed_over=6, bad_json=1)}])
    found = accounts({0: _RANGES[0]}, {0: 10}, fates)
    assert (found["0"]["passed_over"], found["0"]["rejected"]) == (6, {"bad_json": 1})
    assert differences(found, fates) == []
    assert described("0", found["0"]).endswith("+ 1 rejected (bad_json 1) + 6 passed over")
