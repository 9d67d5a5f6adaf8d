from itertools import islice

import numpy as np
import pytest

from tideline.models.prepare import completejourney
from tideline.schemas.events import Event, EventType


@pytest.fixture(scope="module")
def first() -> list[Event]:
    return list(completejourney.events(limit=30_000))


@pytest.fixture(scope="module")
def cols() -> completejourney.Columns:
    return completejourney.columns()


def test_each_line_is_one_purchase_and_each_organic_type_occurs(cols: completejourney.Columns) -> None:
    counts = np.bincount(cols.type, minlength=4)
    assert counts[EventType.PURCHASE] == 1_469_307
    assert counts[EventType.VIEW] == pytest.approx(0.30 * 1_469_307, rel=0.01)
    assert counts[EventType.ADD_TO_CART] == pytest.approx(0.15 * 1_469_307, rel=0.01)
    assert counts[EventType.SEARCH] == pytest.approx(0.05 * 1_469_307, rel=0.01)


def test_the_first_lines_are_those_of_the_package(first: list[Event]) -> None:
    assert first[0] == Event(
        event_id="31198570044-1095275-p",
        user_id="900",
        type=EventType.PURCHASE,
        ts_ms=1_483_271_606_000,  # 2017-01-01 11:53:26
        item_id="1095275",
        category="ROLLS",
        price=0.5,
        quantity=1,
    )
    two_units = next(event for event in first if event.event_id == "31198705046-1053875-p")
    assert (two_units.price, two_units.quantity) == (1.39, 2)  # 2.78 for two


def test_events_come_in_time_order_the_same_each_time_with_unique_ids(first: list[Event]) -> None:
    times = [event.ts_ms for event in first]
    assert times == sorted(times)
    assert len({event.event_id for event in first}) == len(first) == 30_000
    assert list(islice(completejourney.events(), 30_000)) == first


def test_browsing_happens_before_its_purchase(first: list[Event]) -> None:
    at = {event.event_id: event for event in first}
    views = [event for event in first if event.type == EventType.VIEW]
    pairs = [(view, at.get(view.event_id[:-1] + "p")) for view in views]
    complete = [(view, bought) for view, bought in pairs if bought is not None]
    assert len(complete) > 4_000
    for view, bought in complete:
        assert 20_000 <= bought.ts_ms - view.ts_ms <= 640_000
        assert (view.user_id, view.item_id, view.category, view.price) == (
            bought.user_id,
            bought.item_id,
            bought.category,
            bought.price,
        )


def test_a_search_has_a_category_and_no_item(first: list[Event]) -> None:
    searches = [event for event in first if event.type == EventType.SEARCH]
    assert searches
    assert all(event.category and event.item_id is None and event.price is None for event in searches)


def test_no_user_sends_more_than_ten_events_a_second(cols: completejourney.Columns) -> None:
    seconds = cols.user * 10**11 + cols.ts_ms // 1_000
    assert np.unique(seconds, return_counts=True)[1].max() <= 10
