"""Which way to hold rests is the likeliest, of all ways at once."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.udfs.core.pairs.test_pair_solving import KINDS, drawn, evidence
from tideline.udfs.core.context import DIM
from tideline.udfs.core.pairs.holding import PairEvidence, likeliest
from tideline.udfs.core.pairs.pair_numbers import PAIR_DIM
from tideline.udfs.core.pairs.pair_solving import GRID, SHARED, SHARED_CONSTANT, held_by


@pytest.mark.parametrize("scale", [1.0, 30.0, 1e4])
@pytest.mark.parametrize("seed", range(4))
def test_the_likeliest_way_is_the_one_that_solving_for_each_way_finds(seed: int, scale: float) -> None:
    """Contract: of all ways, each with the regression solved for it, the one of most marginal likelihood."""
    random = np.random.default_rng(seed)
    kind, v = drawn(60 * (1 + seed), seed)
    rates = 0.1 + v[:, PAIR_DIM:] @ random.normal(size=DIM) * 10.0 ** random.uniform(-3, 0)
    clicks = (random.random(len(v)) < rates).astype(float)
    found = PairEvidence(*(scale * each for each in evidence(kind, v, clicks)))
    expected = max(GRID, key=lambda held: joint_likelihood(found, held, 0.1))
    assert held_by(found, 99.0, 0.1) == expected
    shared = np.diag([SHARED_CONSTANT, *[SHARED] * (PAIR_DIM - 1)])
    assert expected in likeliest(found, GRID, shared, 0.1)
    assert len(likeliest(found, GRID, shared, 0.1)) < 3


@pytest.mark.parametrize("scale", [0.0, 1e9])
def test_ways_that_evidence_or_rounding_does_not_tell_apart_are_all_told(scale: float) -> None:
    found = PairEvidence(*(scale * each for each in evidence(*drawn(60, 1), np.zeros(60))))
    assert list(likeliest(found, GRID, np.eye(PAIR_DIM), 0.1)) == list(GRID)


def joint_likelihood(found: PairEvidence, held: tuple[float, float], noise2: float) -> float:
    """Of one regression over (z, x of each activity), whole; but for what is the same for all ways."""
    size = PAIR_DIM + KINDS * DIM
    own = [held[0], *[held[1]] * (DIM - 1)]
    ridge = np.array([SHARED_CONSTANT, *[SHARED] * (PAIR_DIM - 1), *own * KINDS])
    design, moments = np.diag(ridge), np.zeros(size)
    design[:PAIR_DIM, :PAIR_DIM] += found.zz.sum(axis=0)
    moments[:PAIR_DIM] = found.bz.sum(axis=0)
    for each in range(KINDS):
        here = slice(PAIR_DIM + each * DIM, PAIR_DIM + (each + 1) * DIM)
        design[here, here] += found.xx[each]
        design[:PAIR_DIM, here] += found.zx[each]
        design[here, :PAIR_DIM] += found.zx[each].T
        moments[here] = found.bx[each]
    explained = float(moments @ np.linalg.solve(design, moments))
    log_sizes = float(np.linalg.slogdet(design)[1] - np.log(ridge).sum())
    return 0.5 * (explained / noise2 - log_sizes)
