"""The policy topic as a table: which row counts, and which one counted."""

from __future__ import annotations

import numpy as np
import pytest

from tideline.schemas.errors import InvalidRecord, Reason
from tideline.schemas.records import POLICY
from tideline.udfs.core.policies import policy_table
from tideline.udfs.core.policies.arm_key import PRIOR_ID
from tideline.udfs.core.policies.policy_table import PolicyRow, PolicyTable, cold_row, decode_row, encode_row


def row(version: int, encoder: int = 3) -> PolicyRow:
    return cold_row()._replace(version=version, encoder=encoder, impressions=float(version))


def table(*records: tuple[str, int]) -> PolicyTable:
    made = PolicyTable()
    for name, version in records:
        assert made.apply(name, row(version))
    return made


def test_a_row_comes_back_with_its_offset_as_version() -> None:
    rng = np.random.default_rng(1)
    sent = PolicyRow(-1, 9, 1.5, 2.25, (3.0, 0.5, -0.25), rng.integers(-(2**32), 2**32, (3, 16)),
                     rng.integers(-(2**31), 2**31, 136), 7.5, (1.0, 0.0, 2.25))  # fmt: skip
    name, found = decode_row(encode_row(sent, "a"), 77)
    assert (name, *found[:5]) == ("a", 77, *sent[1:5])
    assert found[7:] == sent[7:]
    assert (found.theta == sent.theta).all()
    assert (found.inverse == sent.inverse).all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"dim": 8},
        {"theta": bytes(8)},
        {"theta": b"x"},
        {"inverse": bytes(4 * 135)},
        {"rewards": [1.0]},
        {"carried_rewards": [1.0]},
    ],
)
def test_a_row_of_another_shape_is_refused(wrong: dict[str, object]) -> None:
    """Contract: a record of another build is refused with what is allowed, never read as something else."""
    record = POLICY.decode(encode_row(cold_row(), "a"))
    with pytest.raises(InvalidRecord, match=r"allowed: \(16, 384, 544, 3, 3, 3\)") as caught:
        decode_row(POLICY.encode(record | wrong), 1)
    assert caught.value.reason is Reason.BAD_FIELD


def test_records_are_applied_once_and_in_order() -> None:
    made = table(("a", 4))
    assert not made.apply("a", row(4))
    assert not made.apply("b", row(3))
    assert made.version == 4
    assert made.row(3, "b").version == -1


def test_an_activity_without_a_row_has_its_encoders_prior() -> None:
    """Contract: nothing learned from one encoder's contexts counts for another."""
    made = table((PRIOR_ID, 1), ("a", 2))
    assert [made.row(3, name).version for name in ("a", "b")] == [2, 1]
    assert made.row(4, "a").version == -1


@pytest.mark.parametrize(
    ("name", "version", "counted"),
    [("a", 1, 0), ("a", 2, 2), ("a", 6, 2), ("a", 7, 7), ("a", 99, 7), ("b", 99, 5), ("b", 4, 0), ("a", -1, -1)],
)
def test_the_row_that_counted_at_a_version(name: str, version: int, counted: int) -> None:
    """Contract: the newest not after it; before an activity's first row the prior of then, before that the cold row."""
    made = table((PRIOR_ID, 0), ("a", 2), (PRIOR_ID, 5), ("a", 7))
    found = made.row_at(3, name, version)
    assert found is not None
    assert found.version == counted


def test_a_row_that_was_dropped_is_not_made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: of all activities together only so many former rows are kept; an older one is told to be unknown."""
    monkeypatch.setattr(policy_table, "_FORMER_ROWS", 64)
    made = table((PRIOR_ID, 0), ("b", 1), *[("a", version) for version in range(2, 68)], ("b", 68))
    assert [made.row_at(3, "a", version) is None for version in (2, 3, 67)] == [True, True, False]
    assert [made.row_at(3, "b", version) is None for version in (0, 1, 68)] == [False, False, False]
    assert made.row_at(3, "a", 4) is not None


def test_a_year_of_renewals_keeps_nothing_more() -> None:
    """Contract: a row that says again what is known costs no memory, and what it said first still counts from then."""
    rows = {name: cold_row()._replace(encoder=3, impressions=5.0) for name in ("a", "b", PRIOR_ID)}
    made = PolicyTable()
    for version in range(3_000):
        name = ("a", "b", PRIOR_ID)[version % 3]
        assert made.apply(name, rows[name]._replace(version=version, total=float(version), epoch=version))
    assert made.version == 2_999
    assert not made._former
    assert [found and found.version for found in (made.row_at(3, "a", at) for at in (0, 7, 2_999))] == [0, 0, 0]
    assert [made.total_at(3, 2_999), made.total(3)] == [2_999.0, 2_999.0]


def test_former_rows_of_ten_thousand_activities_take_a_bounded_share() -> None:
    """Contract: 10,000 activities that change ten times leave no more former rows than fit."""
    made = PolicyTable()
    for version in range(100_000):
        assert made.apply(f"a{version % 10_000}", row(version))
    assert sum(map(len, made._former.values())) == policy_table._FORMER_ROWS
    assert made.row_at(3, "a0", 90_000) is not None
    assert made.row_at(3, "a0", 0) is None
