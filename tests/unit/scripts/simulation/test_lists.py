"""A list as a frontend reads it."""

from __future__ import annotations

import pytest

from tideline.scripts.simulation.lists import parse_list, parse_stops

PAYLOAD = b'{"v":[1,1700000000000,3],"m":1,"i":["a1","b2"],"e":[10,20],"k":"t"}'


def test_entries_keep_their_positions_when_some_are_over() -> None:
    ranked = parse_list(PAYLOAD)

    assert ranked.showable(1_700_000_000_000 + 15 * 60_000, 5) == [(1, "b2")]
    assert (ranked.as_of_ms, ranked.token) == (1_700_000_000_000, "t")


def test_beside_the_stop_list_entries_end_as_it_says() -> None:
    """Contract: what is stopped at once; another one later where it names a later minute, never sooner."""
    minute = 1_700_000_000_000 // 60_000
    stops = parse_stops(b'{"v":[1,5,9],"s":["b2"],"u":{"a1":%d,"b2":%d,"other":1}}' % (minute + 60, minute + 60))
    ranked = parse_list(PAYLOAD).under(stops)

    assert ranked.showable((minute + 60) * 60_000 - 1, 5) == [(0, "a1")]
    assert ranked.showable((minute + 60) * 60_000, 5) == []
    assert ranked.showable(1_700_000_000_000, 5) == [(0, "a1")]
    earlier = parse_stops(b'{"v":[1,5,9],"s":[],"u":{"a1":%d}}' % (minute + 1))
    assert parse_list(PAYLOAD).under(earlier) == parse_list(PAYLOAD).under(parse_stops(None)) == parse_list(PAYLOAD)


@pytest.mark.parametrize(
    "payload", [b"[]", b"7", b"null", b'{"s":7}', b'{"s":[],"u":[]}', b'{"s":[],"u":{"a":null}}', b"{", b"{}"]
)
def test_what_is_no_stop_list_is_told_as_such(payload: bytes) -> None:
    """Contract: whatever lies at its key, the error is one that commands expect."""
    with pytest.raises((ValueError, KeyError)):
        parse_stops(payload)
