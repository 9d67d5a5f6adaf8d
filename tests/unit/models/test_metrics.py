from itertools import pairwise, permutations
from math import log2

import numpy as np
import pytest

from tideline.models.metrics import CUTS, Coverage, Ranks, per_target, ranks, top_items


def by_hand(scores: list[float], target: int, metric: str, k: int) -> float:
    """The metric's mean over every order of the items that their scores allow."""
    values = []
    for order in permutations(range(len(scores))):
        if all(scores[a] >= scores[b] for a, b in pairwise(order)):
            rank = order.index(target) + 1
            gain = {"hr": 1.0, "ndcg": 1 / log2(rank + 1), "mrr": 1 / rank}[metric]
            values.append(gain if rank <= k else 0.0)
    return sum(values) / len(values)


@pytest.mark.parametrize("metric", ["hr", "ndcg", "mrr"])
@pytest.mark.parametrize(
    "scores",
    [
        [0.7, 0.1, 0.3, 0.2, 0.9, 0.4, 0.5],
        [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0],
        [2.0, 2.0, 1.0, 1.0, 1.0, 0.0, 0.0],
        [3.0, 2.0, 1.0, 1.0, 1.0, 1.0, 0.5],
    ],
)
def test_a_metric_is_its_mean_over_all_orders_of_tied_items(scores: list[float], metric: str) -> None:
    """Contract: exact expectation under ties, by brute force over permutations."""
    every = np.arange(len(scores))
    above, ties = ranks(np.tile(scores, (every.size, 1)), every)
    found = per_target(Ranks(above, ties, np.full(every.size, np.nan)))[f"{metric}@5"]
    assert found == pytest.approx([by_hand(scores, target, metric, 5) for target in every])


def test_long_tie_blocks_reach_every_cut() -> None:
    above, ties = np.array([3, 0, 18, 25]), np.array([9, 39_999, 5, 0])
    found = per_target(Ranks(above, ties, np.zeros(4)))
    for k in CUTS:
        for metric, gain in (("hr", lambda r: 1.0), ("ndcg", lambda r: 1 / log2(r + 1)), ("mrr", lambda r: 1 / r)):
            expected = [
                sum(gain(rank) for rank in range(a + 1, a + t + 2) if rank <= k) / (t + 1)
                for a, t in zip(above.tolist(), ties.tolist(), strict=True)
            ]
            assert found[f"{metric}@{k}"] == pytest.approx(expected)
    assert found["recall@20"] == pytest.approx(found["hr@20"])
    assert found["precision@20"] == pytest.approx(found["hr@20"] / 20)


def test_unknown_and_masked_targets_are_missed_even_when_few_items_are_ranked() -> None:
    scores = np.array([[0.5, 0.2, 0.1], [0.5, -np.inf, 0.1], [0.5, 0.2, 0.1]])
    above, ties = ranks(scores, np.array([-1, 1, 2]))
    found = per_target(Ranks(above, ties, np.log([np.nan, np.nan, 0.25])))
    assert found["hr@20"].tolist() == [0.0, 0.0, 1.0]
    assert found["mrr@20"] == pytest.approx([0.0, 0.0, 1 / 3])
    assert np.isnan(found["log_loss"]).tolist() == [True, True, False]
    assert found["log_loss"][2] == pytest.approx(np.log(4))


@pytest.mark.parametrize("size", [7, 30, 159, 160, 1_000])
def test_the_best_items_are_those_of_a_full_sort_with_ties_to_the_lower_item(size: int) -> None:
    rng = np.random.default_rng(size)
    scores = rng.integers(0, 30, (50, size)).astype(np.float64)
    scores[rng.random(scores.shape) < 0.3] = -np.inf
    scores[:10] = np.where(rng.random((10, size)) < 0.9, -np.inf, 1.0)
    row, item = top_items(scores)
    for each in range(50):
        best = np.lexsort((np.arange(size), -scores[each]))[:20]
        assert item[row == each].tolist() == [i for i in best if scores[each, i] > -np.inf]


def test_coverage_counts_items_once_and_knows_what_each_sequence_adds() -> None:
    scores = np.full((4, 50), -np.inf)
    for row, items in enumerate(([0, 1], [1, 2], [3], [2])):
        scores[row, items] = 1.0
    sequence = np.array([0, 1, 1, 2])
    whole = Coverage.of(scores, sequence)
    assert whole.value == pytest.approx(4 / 50)
    assert whole.lost(3) == pytest.approx([1 / 50, 1 / 50, 0.0])
    parts = Coverage.of(scores[:2], sequence[:2]) | Coverage.of(scores[2:], sequence[2:])
    assert (parts.value, parts.lost(3).tolist()) == (whole.value, whole.lost(3).tolist())
