"""Honest visitors of the simulated year."""

from __future__ import annotations

from tideline.schemas.codec import decode_event, encode_event
from tideline.scripts.benchmarks.year.year_visitors import Fate, Page, Visitors, drawn, read_page
from tideline.scripts.benchmarks.year.year_world import START_MS

MINUTE = START_MS // 60_000
PAGE = Page(
    (1, START_MS, 4), 1, ("a00001", "a00002", "a00003"), "token-of-a-list", (MINUTE + 1, MINUTE + 9, MINUTE + 9)
)


def test_a_page_is_what_its_list_says() -> None:
    payload = f'{{"v":[1,{START_MS},4],"m":1,"i":["a00001","a00002","a00003"],"e":[1,9,9],"k":"token-of-a-list"}}'
    assert read_page(payload.encode()) == PAGE


def test_everything_that_visitors_send_is_an_event_with_an_id_of_its_own_and_a_fate() -> None:
    """Contract: a retry has the id of its first telling; what cannot count is marked as such."""
    visitors = Visitors(50, 3, lambda activity: ("tea",))
    sent = [each for user in visitors.arrivals(200) for each in visitors.first_page(user, PAGE, START_MS)]
    events = [each.event for each in sent]
    for event in events:
        value = encode_event(event)
        assert decode_event(event.user_id.encode(), value, 2**50) == event
    told = {event.event_id: event for event in events}
    assert all(told[event.event_id] == event for event in events)
    assert {each.fate for each in sent} <= set(Fate)


def test_the_same_seed_is_the_same_people() -> None:
    one, two = (Visitors(50, 3, lambda activity: ()) for _ in range(2))
    assert [one.arrivals(9) for _ in range(5)] == [two.arrivals(9) for _ in range(5)]


def test_a_frontend_draws_nothing_that_is_over_or_stopped_and_keeps_places() -> None:
    """Contract: an entry is over in the minute that its list says; nothing is reported of what was not drawn."""
    page = drawn(PAGE, START_MS + 60_000, {"a00003"})
    assert page.activities == ("", "a00002", "")
    assert drawn(PAGE, START_MS + 59_999, ()).activities == PAGE.activities
    sent = Visitors(50, 3, lambda activity: ()).second_page("u00001", [page], START_MS)
    assert {each.event.position for each in sent if each.shown} == {1}


def test_a_page_of_several_lists_is_looked_at_list_by_list() -> None:
    """Contract: each entry is of its own list, by its token and placement."""
    cart = PAGE._replace(activities=("a00009",), token="cart", placement="cart", ends=PAGE.ends[:1])
    sent = Visitors(50, 3, lambda activity: ()).second_page("u00001", [PAGE, cart], START_MS)
    told = {(each.shown.placement, each.event.token, each.event.position) for each in sent if each.shown}
    assert told == {("", PAGE.token, 0), ("", PAGE.token, 1), ("", PAGE.token, 2), ("cart", "cart", 0)}
