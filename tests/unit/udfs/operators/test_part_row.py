"""Contract: what a ranker sends on beside lists stands where readers of `RANKED_TYPE` look, and the rest is empty."""

from __future__ import annotations

from tideline.udfs.operators.part_row import part_row


def test_each_part_stands_in_its_place_and_the_rest_is_empty() -> None:
    assert list(part_row()) == [b"", b"", b"", b"", b"", [], [], b"", b""]
    assert list(part_row(stops=b"s")) == [b"", b"", b"", b"s", b"", [], [], b"", b""]
    assert list(part_row(feedback=b"f")) == [b"", b"", b"", b"", b"f", [], [], b"", b""]
    assert list(part_row(letters=([b"k", b"l"],))) == [b"", b"", b"", b"", b"", [], [[b"k", b"l"]], b"", b""]
    assert list(part_row(tally=b"t")) == [b"", b"", b"", b"", b"", [], [], b"t", b""]
    assert list(part_row(pushes=b"p")) == [b"", b"", b"", b"", b"", [], [], b"", b"p"]
