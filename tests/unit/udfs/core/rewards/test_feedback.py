"""Feedback as bytes: what is sent comes back, whatever an id is made of."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tideline.udfs.core.context import DIM
from tideline.udfs.core.rewards.feedback import Feedback, decode_feedback, encode_feedback, gather_feedback

X = bytes(range(DIM))


def test_feedback_comes_back_and_another_layout_is_refused() -> None:
    """Contract: revenue in thousandths of a unit, far beyond 32 bits."""
    sent = [
        Feedback("b", 3, 2**40, X, impressions=1),
        Feedback("a", 4, 1, X, -1, -1, -1, -1, -(10**15), 99, 2**24 - 1, 1, 2**16 - 1, 63, 1),
    ]
    ids, rows = decode_feedback(encode_feedback(sent))
    assert [(ids[row["activity"]], *(int(row[name]) for name in Feedback._fields[4:])) for row in rows] == [
        ("b", 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
        ("a", -1, -1, -1, -1, -(10**15), 99, 2**24 - 1, 1, 2**16 - 1, 63, 1),
    ]
    assert [(row["encoder"], row["ts_ms"], row["x"].tobytes()) for row in rows] == [(3, 2**40, X), (4, 1, X)]
    assert encode_feedback([]) == b""
    with pytest.raises(ValueError, match="feedback of layout 3; this build reads 7"):
        decode_feedback(b"\x03" + encode_feedback(sent)[1:])


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8"), max_size=9), min_size=1, max_size=9), min_size=1))
def test_no_character_of_an_id_renames_another(batches: list[list[str]]) -> None:
    """Contract: line feeds, empty ids and any others each keep their own feedback (A2)."""
    parts = [encode_feedback([Feedback(name, 1, 5, X, 1) for name in names]) for names in batches]
    ids, rows = gather_feedback(parts)
    assert [ids[at] for at in rows["activity"].tolist()] == [name for names in batches for name in names]


def test_a_line_feed_in_an_id_is_part_of_it() -> None:
    """Contract: A2 as it was seen: four activities and one id that holds a line feed."""
    names = ["a", "b", "b\nc", "c", "d"]
    ids, rows = gather_feedback([encode_feedback([Feedback(name, 1, 5, X, 1) for name in names])])
    assert [ids[at] for at in rows["activity"].tolist()] == names


def test_more_ids_than_16_bits_number_are_told_apart() -> None:
    parts = [encode_feedback([Feedback(f"{part}-{at:05}", 1, 5, X, 1) for at in range(35_000)]) for part in range(2)]
    ids, rows = gather_feedback(parts)
    assert len(ids) == 70_000
    assert (rows["activity"] == np.arange(70_000)).all()
