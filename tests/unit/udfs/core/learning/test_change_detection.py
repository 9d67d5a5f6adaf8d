"""Change: the past fades where clicks are foretold better without it, and only there."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tideline.udfs.core.context import DIM
from tideline.udfs.core.learning.change_detection import HALVINGS, LIMIT, Changes, changes
from tideline.udfs.core.learning.learning import BUCKETS_PER_HALF_LIFE, NO_SUMS, Decay, add, merge
from tideline.udfs.core.learning.publication import publication
from tideline.udfs.core.learning.solving import RIDGE
from tideline.udfs.core.policies.arm_key import ArmKey
from tideline.udfs.core.rewards.feedback import ROWS

BUCKET_MS = 1_000
FADING = Decay(BUCKET_MS * BUCKETS_PER_HALF_LIFE)
BUCKETS = 20
EACH = 600
NEWEST = BUCKETS - 1


def shown(rng: np.random.Generator, each: int, factor: float = 1.0, since: int = BUCKETS) -> NDArray[Any]:
    """Feedback of an activity, `each` impressions a bucket; from one on its click rate is `factor` of what it was."""
    rows = np.zeros(each * BUCKETS, ROWS)
    bucket = np.repeat(np.arange(BUCKETS), each)
    rows["x"] = (rng.normal(size=(rows.size, DIM)) * 22).clip(-127, 127).astype(np.int8)
    rows["x"][:, 0] = 90
    rate = 0.05 * np.exp(rows["x"][:, 1] / 44.0) * np.where(bucket >= since, factor, 1.0)
    rows["ts_ms"], rows["impressions"], rows["clicks"] = bucket * BUCKET_MS, 1, rng.random(rows.size) < rate
    return rows


@cache
def sums_of(seed: int, changed: int, factor: float = 1.0, each: int = EACH) -> dict[ArmKey, NDArray[Any]]:
    """Sums of five activities, the first `changed` of which change a half-life before the end."""
    rng = np.random.default_rng(seed)
    return {
        ArmKey(3, f"a{number}"): add(
            NO_SUMS, shown(rng, each, factor if number < changed else 1.0, BUCKETS - 4), FADING
        )
        for number in range(5)
    }


def test_a_steady_past_is_not_forgotten() -> None:
    """Contract: without a change at most exp(-3) of histories fade, one in twenty."""
    found = [changes(sums_of(seed, 0, each=100), FADING, NEWEST) for seed in range(20)]
    assert sum(each.everywhere for each in found) <= 1
    assert sum(bool(each.arms) for each in found) <= 1


def test_few_clicks_in_many_contexts_are_no_change() -> None:
    """Contract: what fades is drawn more strongly to nothing; where that alone foretells better, the past stays."""
    some = 60
    for seed in range(10):
        rng = np.random.default_rng(seed)
        sums = {ArmKey(3, f"a{number:02}"): add(NO_SUMS, shown(rng, 12), FADING) for number in range(some)}
        found = changes(sums, FADING, NEWEST)
        assert (found.everywhere, list(found.arms)) == (0, [])


def test_rows_of_a_steady_past_are_those_without_forgetting() -> None:
    """Contract: where nothing changes a half-life costs nothing."""
    sums = {name: each.copy() for name, each in sums_of(1, 0).items()}
    fading = publication(sums, sorted(sums), FADING, NEWEST)
    whole = publication(sums, sorted(sums), Decay(0), NEWEST)
    for (name, found), (same, wanted) in zip(fading, whole, strict=True):
        assert name == same
        assert (found.impressions, found.rewards) == (wanted.impressions, wanted.rewards)
        assert (found.theta == wanted.theta).all()
        assert (found.inverse == wanted.inverse).all()


def test_all_that_is_known_fades_when_everything_changed() -> None:
    """Contract: with 40 % of the clicks everywhere for a half-life, evidence is weighed by age, and what is carried."""
    for seed in range(5):
        sums = sums_of(seed, 5, 0.4)
        found = changes(sums, FADING, NEWEST)
        assert found.everywhere in HALVINGS
        rows = dict(publication(sums, sorted(sums), FADING, NEWEST))
        faded = EACH * (2.0 ** (-np.arange(BUCKETS) * found.everywhere / BUCKETS_PER_HALF_LIFE)).sum()
        assert rows["a4"].impressions == pytest.approx(faded)
        swapped = dict(publication(sums, [ArmKey(9, "a4")], FADING, NEWEST))
        assert swapped["a4"].carried_impressions == pytest.approx(faded)


def test_only_the_activity_that_changed_fades() -> None:
    """Contract: one of five that earns a tenth of what it did loses its past, the others keep theirs."""
    for seed in range(5):
        sums = sums_of(seed, 1, 0.1)
        found = changes(sums, FADING, NEWEST)
        assert (found.everywhere, list(found.arms)) == (0, [ArmKey(3, "a0")])
        rows = dict(publication(sums, sorted(sums), FADING, NEWEST))
        assert rows["a0"].impressions < 0.4 * rows["a1"].impressions == 0.4 * EACH * BUCKETS


@pytest.mark.parametrize(("since", "halvings"), [(NEWEST - 2, 4), (NEWEST - 13, 1)])
def test_what_changed_of_late_fades_fast_and_long_after_it_slowly(since: int, halvings: int) -> None:
    """Contract: fast while nearly all that is known is of the time before a change, the faster the less is after it."""
    for seed in range(3):
        rng = np.random.default_rng(seed)
        sums = {ArmKey(3, f"a{number}"): add(NO_SUMS, shown(rng, EACH, 0.2, since), FADING) for number in range(5)}
        found = changes(sums, FADING, NEWEST)
        assert found.everywhere == halvings
    fading = Decay(FADING.half_life_ms, halvings)
    assert found.weighing() == found.weighing(ArmKey(3, "a0")) == fading
    assert fading.weights(np.array([NEWEST - 1]), NEWEST).item() == 2.0 ** (-halvings / BUCKETS_PER_HALF_LIFE)


def test_arms_that_changed_alone_fade_as_fast_as_tells_each_best() -> None:
    """Contract: without a change of all, an arm is weighed as its own clicks say, whatever the others do."""
    how = Changes(FADING, 0, {ArmKey(3, "a"): 4, ArmKey(3, "b"): 1})
    assert [how.weighing(ArmKey(3, name)).halvings for name in "abc"] == [4, 1, 0]
    assert not how.weighing().fading


def test_the_ratio_is_that_of_the_predictions_made_row_by_row() -> None:
    """Contract: the limit is crossed exactly where a second implementation, on the rows themselves, says so."""
    seen = set()
    for factor in (1.0, 0.7, 0.5, 0.4, 0.3, 0.2):
        for seed in range(3):
            rows = shown(np.random.default_rng(seed), 120, factor, BUCKETS - 4)
            ratio, fastest = max((_by_rows(rows, each), each) for each in HALVINGS)
            found = changes({ArmKey(3, "a"): add(NO_SUMS, rows, FADING)}, FADING, NEWEST)
            assert found.arms == ({ArmKey(3, "a"): fastest} if ratio > LIMIT + np.log(len(HALVINGS)) else {})
            seen.add(bool(found.arms))
    assert seen == {False, True}


def _by_rows(rows: NDArray[Any], halvings: int) -> float:
    """The log likelihood ratio of normal errors, a click predicted by least squares on the rows before its bucket.

    Fading over the better of the whole past and the whole past that weighs as little.
    """
    x, clicks, bucket = rows["x"] / 127.0, rows["clicks"].astype(float), rows["ts_ms"] // BUCKET_MS
    variance = (clicks.sum() + 1) / (rows.size + 2)
    mistakes = np.zeros(3)
    for now in range(BUCKETS - BUCKETS_PER_HALF_LIFE, BUCKETS):
        here, before = bucket == now, bucket < now
        ages = 2.0 ** ((bucket[before] - now) * halvings / BUCKETS_PER_HALF_LIFE)
        for way, weights in enumerate((np.ones(ages.size), np.full(ages.size, ages.mean()), ages)):
            root = np.sqrt(weights)
            design = np.concatenate([x[before] * root[:, None], np.sqrt(RIDGE) * np.eye(DIM)])
            target = np.concatenate([clicks[before] * root, np.zeros(DIM)])
            theta = np.linalg.lstsq(design, target, rcond=None)[0]
            mistakes[way] += ((clicks[here] - x[here] @ theta) ** 2).sum()
    return float((mistakes[:2].min() - mistakes[2]) / (2.0 * variance))


def test_order_and_sharding_leave_no_trace() -> None:
    """Contract: the same sums, however they came about, fade alike."""
    sums = sums_of(4, 1, 0.1)
    rng = np.random.default_rng(4)
    pieces = {name: [each[at : at + 1] for at in rng.permutation(each.size)] for name, each in sums.items()}
    again = {name: merge(parts) for name, parts in reversed(pieces.items())}
    assert changes(again, FADING, NEWEST) == changes(sums, FADING, NEWEST)


@pytest.mark.parametrize("decay", [Decay(0), FADING])
def test_nothing_known_is_nothing_changed(decay: Decay) -> None:
    """Contract: no sums, or none of late, cannot tell of a change; nor does a job that never forgets ask."""
    old = {name: each[: BUCKETS // 2] for name, each in sums_of(5, 5, 0.1).items()}
    for sums in ({}, {ArmKey(3, "a"): NO_SUMS}, old):
        found = changes(sums, decay, NEWEST)
        assert not found.everywhere
        assert not found.arms
    assert not changes(sums_of(5, 5, 0.1), Decay(0), 0).everywhere
