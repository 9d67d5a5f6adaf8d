"""A list as a frontend reads it."""

from __future__ import annotations

from tideline.scripts.commands.show_list import describe
from tideline.scripts.simulation.lists import parse_list

PAYLOAD = b'{"v":[1,1700000000000,3],"m":1,"i":["a1","b2"],"e":[10,20],"k":"t"}'


def test_each_entry_has_its_place_and_its_end() -> None:
    lines = describe(parse_list(PAYLOAD), 1_700_000_000_000 + 15 * 60_000)

    assert lines[0] == "made for 2023-11-14 22:13 UTC, version [1, 1700000000000, 3], 2 entries"
    assert lines[1].split()[:3] == ["0", "a1", "ended"]
    assert lines[2].split()[:3] == ["1", "b2", "ends"]
