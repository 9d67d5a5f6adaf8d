"""What decision points tell the learner."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.doc_pages import ROOT
from tests.support.push_rows import told_rows
from tideline.udfs.core.context import DIM
from tideline.udfs.core.learning.intake import Refusal
from tideline.udfs.core.push.learned.push_feedback import (
    UNLEARNED,
    encode_push_rows,
    gather_push_rows,
    is_push_rows,
)
from tideline.udfs.core.rewards.feedback import Feedback, encode_feedback
from tideline.udfs.core.rule_costs.days import encode_costs

GOLDEN = ROOT / "tests" / "golden" / "push_feedback_v1.bin"


def test_rows_travel_beside_feedback_and_are_told_from_it() -> None:
    """Contract: as they were, in any parts; neither feedback nor what rules cost is taken for them."""
    rows = told_rows(20, 1)
    parts = [encode_push_rows(piece) for piece in (rows[:7], rows[7:])]
    found = gather_push_rows(parts)
    assert np.array_equal(found.rows, rows)
    assert not found.refused
    assert encode_push_rows(rows[:0]) == b""
    others = [encode_feedback([Feedback("a", 1, 0, bytes(DIM))]), encode_costs([])]
    assert [is_push_rows(each) for each in (*parts, *others)] == [True, True, False, False]


def test_bytes_are_those_that_were_kept() -> None:
    """Contract: what waits in the state of a job is read by later builds; another layout is refused by its number."""
    content = encode_push_rows(told_rows(3, 11))
    assert content == GOLDEN.read_bytes()
    with pytest.raises(ValueError, match="feedback of pushes of layout 2; this build reads 1"):
        gather_push_rows([bytes([130]) + content[1:]])


def test_what_cannot_be_right_is_set_aside_with_its_reason() -> None:
    """Contract: no chance that is none, no time that was not; but of what only takes room the chance says nothing."""
    rows = told_rows(5, 2)
    rows["unlearned"], rows["ts_ms"][0] = 0, 5
    rows["chance"][1:3] = 0
    rows["unlearned"][2] = UNLEARNED
    rows["unlearned"][3] = 2
    found = gather_push_rows([encode_push_rows(rows)])
    assert found.refused == {Refusal.BAD_TIME: 1, Refusal.BAD_NUMBER: 2}
    assert np.array_equal(found.rows, rows[[2, 4]])
