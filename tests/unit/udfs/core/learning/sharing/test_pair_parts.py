"""What all pairs share, out of the sums of all activities under all encoders."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.feedback_rows import FADING, NEVER, NOTHING, rows_of
from tideline.udfs.core.context import DIM
from tideline.udfs.core.fixed_point import INVERSE_UNIT, THETA_UNIT
from tideline.udfs.core.learning.knowledge import Knowledge
from tideline.udfs.core.learning.learning import add
from tideline.udfs.core.learning.publication import every_arm, publication, published
from tideline.udfs.core.pairs.pair_numbers import PAIR_DIM, pair_numbers
from tideline.udfs.core.pairs.pair_solving import SHARED, SHARED_CONSTANT
from tideline.udfs.core.policies.arm_key import PRIOR_ID, ArmKey
from tideline.udfs.core.policies.policy_table import PolicyRow
from tideline.udfs.core.policies.regression import Regression, Sharing

PAIRS = Regression(sharing=Sharing.PAIRS)
ARMS = [ArmKey(3, name) for name in "abcd"]


def fed(arm: int, rows: int = 150) -> NDArray[Any]:
    """Whole impressions of an activity, some of them clicked."""
    found = rows_of(rows, arm)
    found["encoder"], found["impressions"], found["examination_discount"] = 3, 1, 0
    found["clicks"] = np.random.default_rng(arm).random(rows) < 0.1 * (arm + 1)
    found["conversions"] = found["revenue_milli"] = 0
    return found


def solved(arms: list[ArmKey], sums: dict[ArmKey, NDArray[Any]]) -> dict[str, PolicyRow]:
    return dict(publication(sums, arms, NEVER, 0, PAIRS))


def joint(parts: list[NDArray[Any]], held: tuple[float, float]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Theta and inverse of one ridge regression over (z, x of each part), from the rows themselves."""
    rows = np.concatenate(parts)
    z, x = pair_numbers(rows["pair"]) / 127, rows["x"] / 127
    design = np.zeros((rows.size, PAIR_DIM + len(parts) * DIM))
    design[:, :PAIR_DIM] = z
    owner = np.repeat(np.arange(len(parts)), [part.size for part in parts])
    for row, part in enumerate(owner.tolist()):
        design[row, PAIR_DIM + part * DIM :][:DIM] = x[row]
    own = [held[0], *[held[1]] * (DIM - 1)]
    ridge = np.diag([SHARED_CONSTANT, *[SHARED] * (PAIR_DIM - 1), *own * len(parts)])
    inverse = np.linalg.inv(ridge + design.T @ design)
    return inverse @ design.T @ rows["clicks"], inverse


def test_published_rows_are_one_regression_over_all_rows() -> None:
    """Contract: what is shared and each rest, in fixed point, as least squares on the feedback itself has them."""
    parts = [fed(at) for at in range(4)]
    rows = solved(ARMS, {arm: add(NOTHING, part, NEVER) for arm, part in zip(ARMS, parts, strict=True)})
    prior = rows[PRIOR_ID]
    assert prior.pairs is not None
    corner = (prior.inverse * INVERSE_UNIT)[[0, DIM]]
    held = (1 / float(corner[0]), 1 / float(corner[1]))
    theta, inverse = joint(parts, (round(held[0]), round(held[1])))
    assert prior.pairs.theta * THETA_UNIT == pytest.approx(theta[:PAIR_DIM], abs=1e-6)
    diagonal = np.cumsum([0, *range(PAIR_DIM, 1, -1)])
    assert (prior.pairs.inverse * INVERSE_UNIT)[diagonal] == pytest.approx(np.diag(inverse)[:PAIR_DIM], abs=1e-6)
    for at, arm in enumerate(ARMS):
        mine = theta[PAIR_DIM + at * DIM :][:DIM]
        assert rows[arm.activity_id].theta[0] * THETA_UNIT == pytest.approx(mine, abs=1e-6)


def test_what_is_shared_is_known_under_a_new_encoder_at_once() -> None:
    """Contract: numbers of pairs are the same under all encoders; contexts of two never meet."""
    sums = {ArmKey(3, "a"): add(NOTHING, fed(1), NEVER), ArmKey(3, "b"): add(NOTHING, fed(2), NEVER)}
    old = solved(ARMS[:2], sums)[PRIOR_ID].pairs
    new = solved(every_arm(4, sums), sums)
    assert old is not None
    assert old.says_the_same(new[PRIOR_ID].pairs)
    assert not new["a"].theta[0][1:].any()


def test_under_a_new_encoder_an_activity_keeps_what_pairs_do_not_foretell() -> None:
    """Contract: carried clicks beyond those expected of pairs, as at most 200 impressions of a stranger. By hand."""
    rows = fed(1, 400)
    sums = {ArmKey(3, "a"): add(NOTHING, rows, NEVER), ArmKey(3, "b"): add(NOTHING, fed(0, 400), NEVER)}
    new = solved(every_arm(4, sums), sums)
    prior = new[PRIOR_ID]
    assert prior.pairs is not None
    foretold = (pair_numbers(rows["pair"]) / 127 @ (prior.pairs.theta * THETA_UNIT)).sum()
    left, s = (rows["clicks"].sum() - foretold) / 400, 90 / 127
    level = 1 / float(prior.inverse[0] * INVERSE_UNIT)
    assert new["a"].theta[0][0] * THETA_UNIT == pytest.approx(200 * s * left / (level + 200 * s * s), abs=1e-5)


def test_what_is_kept_gives_the_bytes_of_solving_anew() -> None:
    """Contract: parts of arms that did not change are those of a learner that was just restored."""
    known = Knowledge({}, FADING)
    for at in range(6):
        name = "ab"[at % 2]
        known.learn([name], fed(at, 60))
        kept = published(known, [ArmKey(3, name)], PAIRS)
        anew = published(Knowledge(known.sums, FADING, known.newest), [ArmKey(3, name)], PAIRS)
        assert [(name, row.theta.tobytes(), row.inverse.tobytes()) for name, row in kept] == [
            (name, row.theta.tobytes(), row.inverse.tobytes()) for name, row in anew
        ]
        assert kept[-1][1].pairs is not None
        assert kept[-1][1].pairs.says_the_same(anew[-1][1].pairs)


def test_deleted_activities_still_say_what_is_shared() -> None:
    """Contract: what is known of them, together, stays in what all pairs share; a row without a click too."""
    known = Knowledge({}, NEVER)
    for at, name in enumerate("abc"):
        known.learn([name], fed(at, 200))
    later = fed(0, 20)
    later["ts_ms"] += 100 * NEVER.unit_ms
    known.learn(["a"], later)
    known.retire({"a"}, 0)
    assert list(known.sums) == [ARMS[0]]
    row = dict(published(known, ARMS[:1], PAIRS))[PRIOR_ID]
    alone = dict(publication(known.sums, ARMS[:1], NEVER, 0, PAIRS))[PRIOR_ID]
    assert row.pairs is not None
    assert not row.pairs.says_the_same(alone.pairs)
