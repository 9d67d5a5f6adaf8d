"""Contract: a list counts as told once it is as of the opening."""

from __future__ import annotations

from tideline.scripts.benchmarks.live.openings import made_with


def test_a_list_as_of_the_opening_or_later_was_made_with_it() -> None:
    """Contract: by the second part of its version; no list at all is one that was not."""
    payload = b'{"v":[1,1700000000000,7],"i":[],"k":""}'
    assert made_with(payload, 1_700_000_000_000)
    assert not made_with(payload, 1_700_000_000_001)
    assert not made_with(None, 0)
