"""What rules cost day by day."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tideline.udfs.core.policies.fence import epoch_of
from tideline.udfs.core.rule_costs.days import KEPT_DAYS, with_more
from tideline.udfs.core.rule_costs.steps import RuleClass
from tideline.udfs.core.rule_costs.sums import DayCosts, decode_costs, encode_costs


def part(day: int, lists: int = 1) -> bytes:
    return encode_costs(DayCosts(day, lists, 10 * lists, lists, np.full((len(RuleClass), 4), lists)))


def kept_after(intervals: list[list[bytes]]) -> dict[str, bytes]:
    kept: dict[str, bytes] = {}
    for parts in intervals:
        for day, record in with_more(kept, parts).items():
            if record is None:
                del kept[day]
            else:
                kept[day] = record
    return kept


@given(st.lists(st.tuples(st.integers(100, 100 + KEPT_DAYS - 1), st.integers(1, 5)), min_size=1), st.integers(1, 5))
def test_days_add_up_the_same_in_any_order_and_split(told: list[tuple[int, int]], at: int) -> None:
    parts = [part(*each) for each in told]
    whole = kept_after([parts])
    assert kept_after([[each] for each in reversed(parts)]) == whole
    assert kept_after([parts[:at], parts[at:]]) == whole
    for day, record in whole.items():
        assert decode_costs(record).lists == sum(lists for each, lists in told if str(each) == day)


def test_only_days_that_change_are_published_and_old_ones_are_forgotten() -> None:
    """Contract: a record carries the epoch of its writer; no day that is no longer known is begun anew."""
    first = with_more({}, [part(10), part(11)])
    assert list(first) == ["10", "11"]
    kept = {day: record for day, record in first.items() if record is not None}
    second = with_more(kept, [part(11)], epoch=3)
    assert list(second) == ["11"]
    assert second["11"] is not None
    assert epoch_of(second["11"]) == 3
    later = with_more(kept, [part(10 + KEPT_DAYS)])
    assert later.keys() == {str(10 + KEPT_DAYS), "10"}
    assert later["10"] is None
    assert with_more({"30": part(30)}, [part(30 - KEPT_DAYS)]) == {}
