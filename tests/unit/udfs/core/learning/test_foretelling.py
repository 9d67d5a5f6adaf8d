"""What is kept of how clicks are foretold, against all of it solved anew."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.feedback_rows import FADING, HALF_LIFE_MS, rows_of
from tideline.udfs.core.learning.foretelling import Foretelling
from tideline.udfs.core.learning.learning import BUCKETS_PER_HALF_LIFE, NO_SUMS, add
from tideline.udfs.core.policies.arm_key import ArmKey

ARMS = [ArmKey(3, f"a{at}") for at in range(6)]
BUCKET_MS = HALF_LIFE_MS // BUCKETS_PER_HALF_LIFE
FIRST = 1_700_000_000_000 // BUCKET_MS


def feedback(seed: int, bucket: int, count: int = 60) -> NDArray[Any]:
    rows = rows_of(count, seed)
    rows["ts_ms"] = (FIRST + bucket) * BUCKET_MS
    return rows


@pytest.mark.parametrize("buckets", [1, 2, 3, 9])
def test_what_is_kept_says_what_all_solved_anew_says(buckets: int) -> None:
    """Contract: to the bit, while newest buckets grow, where one begins, and where an older one has changed."""
    sums = {
        arm: add(NO_SUMS, np.concatenate([feedback(10 * at + each, each) for each in range(buckets)]), FADING)
        for at, arm in enumerate(ARMS)
    }
    kept, newest = Foretelling(FADING), FIRST + buckets
    seen = set()
    for step in range(12):
        arm = ARMS[step % 5]
        if step == 7:
            sums[arm] = add(sums[arm], feedback(step, 0), FADING)
            kept.solve_again(arm)
        elif step == 9:
            sums[arm] = add(sums[arm], feedback(step, buckets), FADING)
            kept.solve_again(arm)
        else:
            sums[arm] = add(sums[arm], feedback(step, int(sums[arm]["bucket"][-1]) - FIRST), FADING)
        kept.compare(ARMS if step % 3 == 0 else [arm], sums, newest)
        anew = Foretelling(FADING)
        anew.compare(ARMS, sums, newest)
        assert kept.ratios == anew.ratios
        seen.add(anew.ratios[arm])
    assert len(seen) > 5 or buckets < 3


def test_of_an_arm_that_was_dropped_nothing_is_said() -> None:
    kept = Foretelling(FADING)
    sums = {arm: add(NO_SUMS, feedback(1, 0), FADING) for arm in ARMS[:2]}
    kept.compare(ARMS[:2], sums, FIRST)
    kept.drop(ARMS[0])
    kept.drop(ARMS[5])
    assert list(kept.ratios) == ARMS[1:2]
    kept.begin_anew()
    assert not kept.ratios


def test_of_an_arm_whose_last_buckets_were_taken_back_nothing_is_said() -> None:
    """Contract: what is said is a function of the sums alone, so one that was restored says the same."""
    kept, newest = Foretelling(FADING), FIRST + BUCKETS_PER_HALF_LIFE + 3
    before = add(NO_SUMS, feedback(1, 0), FADING)
    kept.compare(ARMS[:1], {ARMS[0]: add(before, feedback(2, newest - FIRST), FADING)}, newest)
    assert kept.ratios
    kept.solve_again(ARMS[0])
    kept.compare(ARMS[:1], {ARMS[0]: before}, newest)
    assert not kept.ratios
