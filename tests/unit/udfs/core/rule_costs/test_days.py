"""What rules cost day by day."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.udfs.core.rule_costs.test_steps import EVERY_PLACE, sample_of
from tideline.schemas.errors import InvalidRecord
from tideline.udfs.core.context import DIM
from tideline.udfs.core.policies.fence import epoch_of
from tideline.udfs.core.rewards.feedback import Feedback, encode_feedback
from tideline.udfs.core.rule_costs.days import KEPT_DAYS, decode_costs, encode_costs, is_costs, with_more
from tideline.udfs.core.rule_costs.front import PLACES, Bonus, Front, front_of
from tideline.udfs.core.rule_costs.steps import RuleClass
from tideline.udfs.core.rule_costs.sums import NO_PRICES, DayCosts, Prices, summed


def part(day: int, lists: int = 1) -> bytes:
    classes = np.full((len(RuleClass), 5), lists)
    prices = {f"a{lists}": Prices(lists, 10 * lists, 0, 0)}
    return encode_costs([DayCosts(day, lists, 10 * lists, 5 * lists, lists, classes, prices)])


@given(st.lists(st.tuples(st.integers(100, 100 + KEPT_DAYS - 1), st.integers(1, 5)), min_size=1), st.integers(1, 5))
def test_days_add_up_the_same_in_any_order_and_split(told: list[tuple[int, int]], at: int) -> None:
    parts = [part(*each) for each in told]
    whole = with_more(None, parts)
    one_by_one: bytes | None = None
    for each in reversed(parts):
        one_by_one = with_more(one_by_one, [each])
    assert one_by_one == whole
    assert with_more(with_more(None, parts[:at]), parts[at:]) == whole
    assert [each.day for each in decode_costs(whole)] == sorted({day for day, _ in told})
    for costs in decode_costs(whole):
        assert costs.lists == sum(lists for day, lists in told if day == costs.day)
        assert costs.lists == sum(each.lists for each in costs.prices.values())


def test_a_week_before_the_newest_day_is_kept() -> None:
    """Contract: what comes for an earlier day is left out, also where it comes first."""
    kept = with_more(None, [part(10), part(11)])
    assert [each.day for each in decode_costs(with_more(kept, [part(10 + KEPT_DAYS)]))] == [11, 10 + KEPT_DAYS]
    assert with_more(part(30), [part(30 - KEPT_DAYS)]) == part(30)


@pytest.mark.parametrize(("activities", "whole_days"), [(100, 8), (600, 5), (10_000, 0)])
def test_a_record_is_never_too_long_to_be_read(activities: int, whole_days: int) -> None:
    """Contract: however many activities have prices; the newest day's go in first, what classes cost is all there."""
    prices = {f"c{number % 40:02d}-{number:05d}": Prices(1, 40_000, 0, 0) for number in range(activities)}
    days = [DayCosts(100 + day, 1, 10, 5, 1, np.full((6, 5), 1 << 40), prices) for day in range(KEPT_DAYS)]
    kept = encode_costs(days)
    for _ in range(3):
        kept = with_more(kept, [encode_costs(days[-1:])])
    found = decode_costs(kept)
    assert [each.day for each in found] == [each.day for each in days]
    assert [int(each.classes[0, 0]) >> 40 for each in found] == [1] * (KEPT_DAYS - 1) + [4]
    held = [len(each.prices) for each in found]
    assert held == sorted(held)
    assert sum(each == activities for each in held) == whole_days
    assert held[-1] == activities or list(found[-1].prices) == sorted(prices)[: held[-1]]
    assert sum(held) >= min(2_500, KEPT_DAYS * activities)
    assert set(found[-1].prices.values()) == {Prices(4, 160_000, 0, 0)}


def test_a_record_holds_a_days_costs_and_is_no_feedback() -> None:
    """Contract: written and read by the schema that is kept, with the epoch of who wrote it."""
    costs = summed(sample_of(4), EVERY_PLACE, 20_000, {"a": Prices(40, 1 << 40, 3, 0)})
    record = encode_costs([costs], 7)
    (found,) = decode_costs(record)
    assert (found.classes == costs.classes).all()
    assert (*found[:5], found.prices) == (*costs[:5], costs.prices)
    assert epoch_of(record) == 7
    assert is_costs(record)
    assert not is_costs(encode_feedback([Feedback("a", 1, 0, bytes(DIM))]))
    with pytest.raises(InvalidRecord):
        decode_costs(record[:-1])


def test_fronts_are_kept_with_their_day_and_prices_give_way_to_them() -> None:
    """Contract: by mark of the weights; those of a build with other steps are left out; the record stays readable."""
    sample = sample_of(4)
    costs = summed(sample, EVERY_PLACE, 20_000)._replace(fronts={5: front_of(sample, EVERY_PLACE, Bonus(np.zeros(12)))})
    (found,) = decode_costs(with_more(encode_costs([costs]), [encode_costs([costs])], mark=5))
    assert found.fronts[5].lists == 80
    assert (found.fronts[5].clicks == 2 * costs.fronts[5].clicks).all()
    other = costs.fronts[5]._replace(worth=np.arange(3), clicks=np.arange(3))
    (without,) = decode_costs(encode_costs([costs._replace(fronts={5: other})]))
    assert without.fronts == {}
    full = Front(1 << 40, *np.full((2, PLACES), (1 << 62) - 1))
    prices = {f"c{number:05d}": Prices(1, 40_000, 0, 0) for number in range(10_000)}
    days = [costs._replace(day=day, prices=prices, fronts={1: full, 2: full}) for day in range(KEPT_DAYS)]
    kept = decode_costs(encode_costs(days))
    assert [len(each.fronts) for each in kept] == [2] * KEPT_DAYS
    assert 0 < len(kept[-1].prices) < 10_000


def test_a_record_takes_in_what_is_read_however_many_weights_there_were() -> None:
    """Contract: fronts of former weights go, or a week of restarts with others would make a record nobody can read."""
    costs = DayCosts(20_000, 90, 500, 400, 1, np.zeros((6, 5), np.int64), NO_PRICES)
    full, kept = Front(1 << 40, *np.full((2, PLACES), (1 << 62) - 1)), None
    for mark in range(1, 200):
        part = encode_costs([costs._replace(day=20_000 + mark // 30, fronts={mark: full})])
        kept = with_more(kept, [part, part], mark=mark)
        assert [mark] == [at for each in decode_costs(kept) for at in each.fronts]
    assert kept is not None
    assert not any(each.fronts for each in decode_costs(with_more(kept, [])))
