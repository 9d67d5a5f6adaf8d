"""The places of a token's list: who stood where, and how likely he was to stand there."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.core_world import KEYS, token_for
from tideline.schemas.errors import InvalidRecord, Reason
from tideline.udfs.core.limits import HOLDOUT
from tideline.udfs.core.lists.activity_tags import NO_TAG, activity_tag
from tideline.udfs.core.lists.decision_token import check_position, propensity, verify

NAMES = [f"a{number}" for number in range(10)]
TOKEN = token_for("ann", NAMES)
LEFT = np.array([[12, 11, 4, 3, 9, 8, 2, 5, 1, 1]])
RULED = token_for("ann", NAMES, feasible=LEFT, acted=np.array([5]))


def tag(name: str) -> bytes:
    return activity_tag(name, KEYS.secrets[KEYS.current])


def test_an_activity_stands_in_its_own_position_only() -> None:
    token = verify(TOKEN, "ann", KEYS)
    assert [check_position(token, tag(name), position) for position, name in enumerate(NAMES)] == list(range(10))
    assert check_position(token, tag("a4"), None) == 4
    for name, position in (("a4", 5), ("a4", 10), ("a4", 99), ("b", 0), ("b", None)):
        with pytest.raises(InvalidRecord) as caught:
            check_position(token, tag(name), position)
        assert caught.value.reason is Reason.FOREIGN_TOKEN


@pytest.mark.parametrize("position", [None, 1, 2, 3, 15])
def test_an_empty_place_matches_nothing(position: int | None) -> None:
    """Contract: a list that is shorter than its places gives nobody a place for an id of his own."""
    token = verify(token_for("ann", ["a0"], order=np.array([[0, -1, -1]])), "ann", KEYS)
    with pytest.raises(InvalidRecord) as caught:
        check_position(token, NO_TAG, position)
    assert caught.value.reason is Reason.FOREIGN_TOKEN


@pytest.mark.parametrize(
    ("position", "explored", "expected"),
    [
        (0, 0, 0.98 + 0.02 / 12),
        (0, 1, 0.02 / 12),
        (3, 0, 0.98 + 0.02 / 9),
        (3, 0b1000, 0.02 / 9),
        (3, 0b0100, 0.98 + 0.02 / 9),
    ],
)
def test_the_propensity_is_the_share_of_the_positions_rule(position: int, explored: int, expected: float) -> None:
    """Contract: (1 - e) + e/R for the best of the R that remain, e/R for any other."""
    token = verify(token_for("ann", NAMES, explored=np.array([explored])), "ann", KEYS)
    assert propensity(token, position) == pytest.approx(expected, rel=1e-15)


def test_the_propensity_of_a_ruled_place_is_of_those_the_rules_left() -> None:
    """Contract: (1 - e) + e/F and e/F, F as the token has it; the holdout's are all 1/F."""
    best = verify(RULED, "ann", KEYS)
    other = best._replace(explored=(1 << 10) - 1)
    for position, left in enumerate(LEFT[0].tolist()):
        total = propensity(best, position) + (left - 1) * propensity(other, position)
        assert total == pytest.approx(1.0, abs=1e-12)
        assert propensity(best._replace(arm=HOLDOUT), position) == 1 / left
    assert propensity(best, 2) == pytest.approx(0.98 + 0.02 / 4, rel=1e-15)


def test_the_propensities_of_a_position_add_up_to_one() -> None:
    best = verify(token_for("ann", NAMES), "ann", KEYS)
    other = best._replace(explored=(1 << 10) - 1)
    for position in range(10):
        total = propensity(best, position) + (12 - position - 1) * propensity(other, position)
        assert total == pytest.approx(1.0, abs=1e-12)
    assert propensity(best._replace(eligible=4), 3) == 1.0
