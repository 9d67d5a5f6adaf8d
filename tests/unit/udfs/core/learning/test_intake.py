"""The learner's door: no row of feedback stops it, and what is set aside changes nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.support.feedback_rows import HALF_LIFE_MS, NOTHING, rows_of
from tideline.udfs.core.learning.intake import FIRST_MS, LAST_MS, MAX_MILLI, Refusal, admit, take
from tideline.udfs.core.learning.learning import Decay, add
from tideline.udfs.core.learning.publication import publication
from tideline.udfs.core.policies.arm_key import ArmKey
from tideline.udfs.core.policies.policy_table import encode_row
from tideline.udfs.core.rewards.feedback import Feedback, decode_feedback, encode_feedback

NOW_MS = 1_700_000_000_000
HALF_LIFE = Decay(28 * 86_400_000)
X = bytes([90, *range(15)])


def sent(*rows: Feedback) -> tuple[list[str], NDArray[Any]]:
    return decode_feedback(encode_feedback(rows))


def learn(
    sums: dict[ArmKey, NDArray[Any]], parts: list[tuple[Feedback, ...]], decay: Decay = HALF_LIFE
) -> dict[Refusal, int]:
    """Take in batches as the learner does; return what was set aside."""
    newest, refused = None, dict.fromkeys(Refusal, 0)
    for part in parts:
        ids, rows = sent(*part)
        admitted = admit(ids, rows, decay, newest)
        newest = admitted.newest
        outcomes = [admitted.refused]
        for at in np.unique(admitted.rows["activity"]).tolist():
            name = ArmKey(3, ids[at])
            mine = admitted.rows[admitted.rows["activity"] == at]
            added = take(sums.get(name, NOTHING), mine, decay, newest)
            sums[name] = added.sums
            outcomes.append(added.refused)
        for outcome in outcomes:
            for reason, count in outcome.items():
                refused[reason] += count
        for how in (decay._replace(halvings=0), decay):
            for activity_id, row in publication(sums, sorted(sums), how, newest):
                encode_row(row, activity_id)
    return {reason: count for reason, count in refused.items() if count}


@pytest.mark.parametrize("name", ["*", "a|none:ridge=2.0", "", "a\nb", "a b", "x" * 65, "ä", "-a"])
def test_an_id_that_no_activity_has_teaches_nothing(name: str) -> None:
    """Contract: neither the prior's key nor another record's can be learned (A6)."""
    sums: dict[ArmKey, NDArray[Any]] = {}
    assert learn(sums, [(Feedback(name, 3, NOW_MS, X, 1), Feedback("a", 3, NOW_MS, X, 1))]) == {Refusal.BAD_ID: 1}
    assert list(sums) == [ArmKey(3, "a")]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (Feedback("b", 3, 1, X, 1), Refusal.BAD_TIME),
        (Feedback("b", 3, FIRST_MS - 1, X, 1), Refusal.BAD_TIME),
        (Feedback("b", 3, LAST_MS, X, 1), Refusal.BAD_TIME),
        (Feedback("b", 3, -(2**63), X, 1), Refusal.BAD_TIME),
        (Feedback("b", 3, 2**63 - 1, X, 1), Refusal.BAD_TIME),
        (Feedback("b", 3, NOW_MS, X, 1, revenue_milli=MAX_MILLI + 1), Refusal.BAD_NUMBER),
        (Feedback("b", 3, NOW_MS, X, 1, revenue_milli=2**63 - 1), Refusal.BAD_NUMBER),
        (Feedback("b", 3, NOW_MS, X, 1, conversions=1, lag=64), Refusal.BAD_NUMBER),
        (Feedback("b", 3, NOW_MS, X, conversions=-1, lag_before=255), Refusal.BAD_NUMBER),
        (Feedback("b", 3, NOW_MS, X, 1, revenue_milli=-(2**63)), Refusal.BAD_NUMBER),
        (Feedback("b", 3, NOW_MS, X, 1, examination_discount=101), Refusal.BAD_NUMBER),
        (Feedback("b", 3, NOW_MS - 225 * 86_400_000, X, 1), Refusal.FORGOTTEN),
        (Feedback("b", 3, NOW_MS, X, -1), Refusal.BELOW_ZERO),
        (Feedback("b", 3, NOW_MS, X, 1, clicks=-1), Refusal.BELOW_ZERO),
        (Feedback("b", 3, NOW_MS, X, 1, conversions=-1), Refusal.BELOW_ZERO),
        (Feedback("b", 3, NOW_MS, X, 1, dismissals=-1), Refusal.BELOW_ZERO),
        (Feedback("b", 3, NOW_MS, X, -128, -128, -128, -128, -(2**63), 255), Refusal.BAD_NUMBER),
    ],
)
def test_a_row_that_cannot_be_right_is_set_aside_and_the_rest_goes_on(row: Feedback, reason: Refusal) -> None:
    """Contract: counted with its reason; what else came in the batch is learned as if it had not been there."""
    rest = tuple(Feedback("a", 3, NOW_MS + at, X, 1, at % 2) for at in range(5))
    sums: dict[ArmKey, NDArray[Any]] = {}
    alone: dict[ArmKey, NDArray[Any]] = {}
    assert learn(sums, [(*rest[:2], row, *rest[2:])]) == {reason: 1}
    learn(alone, [rest])
    assert sums[ArmKey(3, "a")].tobytes() == alone[ArmKey(3, "a")].tobytes()
    assert not sums.get(ArmKey(3, "b"), NOTHING)["impressions"].any()


def test_a_move_under_a_foreign_name_takes_nothing_from_anybody() -> None:
    """Contract: A1 as it was seen: -1 now and +1 in 1970 for a twin, six times over; then all is solved."""
    for count in range(1, 13):
        names = [f"twin{at}" for at in range(count)]
        sums: dict[ArmKey, NDArray[Any]] = {}
        clicks = tuple(Feedback("a", 3, NOW_MS + at, X, 1, 1) for at in range(count))
        moves = tuple(
            row
            for name in names
            for row in (
                Feedback(name, 3, NOW_MS, X, -1, -1),
                Feedback(name, 3, 1, X, 1, 1),
                Feedback(name, 3, 1, X, 0, 1),
            )
        )
        assert learn(sums, [clicks, moves]) == {Refusal.BAD_TIME: 2 * count, Refusal.BELOW_ZERO: count}
        assert sums[ArmKey(3, "a")]["impressions"].sum() == 100 * count


def test_a_move_beyond_what_is_kept_takes_the_whole_impression_along() -> None:
    """Contract: in either order the same: what happened too long ago counts nowhere, neither +1 nor -1."""
    old_ms = NOW_MS - 230 * 86_400_000
    first = (Feedback("a", 3, NOW_MS, X, 1, 1),)
    move = (Feedback("a", 3, NOW_MS, X, -1, -1), Feedback("a", 3, old_ms, X, 1, 1))
    other = (Feedback("b", 3, NOW_MS, X, 1),)
    sums: dict[ArmKey, NDArray[Any]] = {}
    again: dict[ArmKey, NDArray[Any]] = {}
    assert learn(sums, [first, move, other]) == {Refusal.FORGOTTEN: 1}
    assert learn(again, [other, (Feedback("a", 3, old_ms, X, 1, 1),)]) == {Refusal.FORGOTTEN: 1}
    assert not any(sums[ArmKey(3, "a")][name].any() for name in ("impressions", "rewards", "xx", "rx"))
    assert sums[ArmKey(3, "b")].tobytes() == again[ArmKey(3, "b")].tobytes()


def test_what_is_taken_back_in_another_context_than_it_was_given_is_refused() -> None:
    """Contract: counts alone would be right; the design would have a direction below zero."""
    sums: dict[ArmKey, NDArray[Any]] = {}
    other = bytes([0, 127, *range(14)])
    given = tuple(Feedback("a", 3, NOW_MS, X, 1) for _ in range(9))
    taken = tuple(Feedback("a", 3, NOW_MS, other, -1) for _ in range(9))
    assert learn(sums, [given, taken]) == {Refusal.BELOW_ZERO: 9}
    assert sums[ArmKey(3, "a")]["impressions"].tolist() == [900]


def test_within_a_batch_what_gives_comes_before_what_takes() -> None:
    """Contract: a batch says nothing of the order of its rows; as many are refused as must be, no more."""
    sums: dict[ArmKey, NDArray[Any]] = {}
    rows = tuple(Feedback("a", 3, NOW_MS, X, sign) for sign in (-1, -1, -1, 1, 1))
    assert learn(sums, [rows]) == {Refusal.BELOW_ZERO: 1}
    assert sums[ArmKey(3, "a")]["impressions"].tolist() == [0]


def test_a_bucket_that_is_full_takes_no_more_and_never_turns_over() -> None:
    """Contract: 64 bits hold what is taken in; the rest is counted."""
    sums: dict[ArmKey, NDArray[Any]] = {}
    rows = tuple(Feedback("a", 3, NOW_MS, bytes([127] * 16), 1, 1, 1, 0, MAX_MILLI) for _ in range(200))
    refused = learn(sums, [rows, rows])
    assert refused.keys() == {Refusal.OVERFLOW}
    assert sums[ArmKey(3, "a")]["rx"].min() > 0
    assert sums[ArmKey(3, "a")]["rewards"][0, 2] == (400 - refused[Refusal.OVERFLOW]) * MAX_MILLI


COUNT = st.integers(-128, 127)
ROW = st.builds(
    Feedback,
    st.sampled_from(["a", "b", "*", "a|b", "\n"]),
    st.integers(0, 3),
    st.one_of(st.integers(NOW_MS - 10 * HALF_LIFE_MS, NOW_MS), st.integers(-(2**63), 2**63 - 1)),
    st.binary(min_size=16, max_size=16),
    COUNT, COUNT, COUNT, COUNT,
    st.integers(-(2**63), 2**63 - 1),
    st.integers(0, 255),
    st.integers(0, 2**32 - 1),
    st.integers(0, 255),
    st.integers(0, 2**16 - 1),
    st.integers(0, 255),
    st.integers(0, 255),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(ROW, min_size=1, max_size=8).map(tuple), min_size=1, max_size=4), st.integers(0, 2))
def test_no_row_stops_the_learner_nor_takes_a_sum_below_zero(parts: list[tuple[Feedback, ...]], days: int) -> None:
    """Contract: any bytes of a row's size, in any number, are learned from or set aside."""
    sums: dict[ArmKey, NDArray[Any]] = {}
    learn(sums, parts, Decay(days * HALF_LIFE_MS))
    for each in sums.values():
        assert (each["impressions"] >= 0).all()
        assert (each["dismissals"] >= 0).all()
        assert (each["rewards"][:, :2] >= 0).all()


def test_honest_rows_are_added_as_ever() -> None:
    """Contract: corrections and moves of what was counted pass, bit for bit."""
    rows = rows_of(300, 5)
    decay = Decay(HALF_LIFE_MS)
    back = rows[:200].copy()
    for name in ("impressions", "clicks", "conversions", "dismissals", "revenue_milli"):
        back[name] = -back[name]
    newest = int(decay.bucket_of(rows["ts_ms"].astype(np.int64)).max())
    first = take(NOTHING, rows, decay, newest)
    second = take(first.sums, back, decay, newest)
    assert (first.refused, second.refused) == ({}, {})
    assert second.sums.tobytes() == add(add(NOTHING, rows, decay), back, decay).tobytes()
