"""A list as a frontend reads it."""

from __future__ import annotations

from tideline.scripts.simulation.lists import parse_list

PAYLOAD = b'{"v":[1,1700000000000,3],"m":1,"i":["a1","b2"],"e":[10,20],"k":"t"}'


def test_entries_keep_their_positions_when_some_are_over() -> None:
    ranked = parse_list(PAYLOAD)

    assert ranked.showable(1_700_000_000_000 + 15 * 60_000, 5) == [(1, "b2")]
    assert (ranked.as_of_ms, ranked.token) == (1_700_000_000_000, "t")
