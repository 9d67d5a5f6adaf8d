"""Each baseline against its formula, written as slow loops over small random data."""

import itertools
from collections import Counter
from math import log, sqrt

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.sequences import drawn, sequences
from tideline.models.baselines import item_knn, markov, ngram, sparse, vsknn
from tideline.models.baselines.item_knn import ItemKnn
from tideline.models.baselines.markov import Markov
from tideline.models.baselines.ngram import Ngram
from tideline.models.baselines.popularity import Popularity, shares
from tideline.models.baselines.session_popularity import SessionPopularity
from tideline.models.baselines.vsknn import VectorSessionKnn
from tideline.models.data import Sequences, owners

ITEMS = 12
START = -2
TRAIN = drawn(seed=1, number=40, names=ITEMS, longest=9)
TEST = drawn(seed=2, number=25, names=ITEMS, longest=70, unknown=0.15)
ROWS = np.setdiff1d(np.arange(TEST.item.size), TEST.starts[:-1])[::7]


def lists(data: Sequences) -> list[list[int]]:
    return [part.tolist() for part in np.split(data.item, data.starts[1:-1])]


def before(row: int) -> list[int]:
    items: list[int] = TEST.item[TEST.starts[owners(TEST)[row]] : row].tolist()
    return items


def events() -> Counter[int]:
    return Counter(item for each in lists(TRAIN) for item in each)


def test_popularity_is_the_share_of_events_with_one_added_to_each_item() -> None:
    counts = events()
    expected = [(counts[j] + 1) / (counts.total() + ITEMS) for j in range(ITEMS)]
    assert Popularity(TRAIN).scores(TEST, ROWS) == pytest.approx(np.tile(expected, (ROWS.size, 1)))


def test_session_popularity_orders_by_count_then_by_popularity() -> None:
    share = shares(TRAIN)
    for row, scores in zip(ROWS.tolist(), SessionPopularity(TRAIN).scores(TEST, ROWS), strict=True):
        counts = Counter(before(row))
        expected = np.lexsort((share, np.array([counts[j] for j in range(ITEMS)])))
        assert expected.tolist() == np.argsort(scores, kind="stable").tolist()


def test_markov_is_the_decayed_mean_of_smoothed_transitions() -> None:
    share = shares(TRAIN)
    moves = Counter(pair for each in lists(TRAIN) for pair in itertools.pairwise(each))
    leaving = Counter(item for each in lists(TRAIN) for item in each[:-1])
    for row, scores in zip(ROWS.tolist(), Markov(TRAIN).scores(TEST, ROWS), strict=True):
        total, mixed = 0.0, np.zeros(ITEMS)
        for age, i in enumerate(before(row)[::-1][: markov.BACK]):
            if i >= 0:
                weight = markov.DECAY**age
                total += weight
                for j in range(ITEMS):
                    mixed[j] += weight * (moves[i, j] + markov.PRIOR * share[j]) / (leaving[i] + markov.PRIOR)
        assert scores == pytest.approx(mixed / total if total else share)
        assert scores.sum() == pytest.approx(1.0)


def cosines() -> NDArray[np.float64]:
    sets = [set(each) for each in lists(TRAIN)]
    support = [sum(j in each for each in sets) for j in range(ITEMS)]
    similar = np.zeros((ITEMS, ITEMS))
    for i in range(ITEMS):
        for j in set(range(ITEMS)) - {i}:
            together = sum(i in each and j in each for each in sets)
            similar[i, j] = together / sqrt((support[i] + item_knn.DAMPING) * (support[j] + item_knn.DAMPING))
    return similar


def test_item_knn_sums_damped_cosines_of_the_last_items() -> None:
    similar, share = cosines(), shares(TRAIN)
    for row, scores in zip(ROWS.tolist(), ItemKnn(TRAIN).scores(TEST, ROWS), strict=True):
        recent = enumerate(before(row)[::-1][: item_knn.BACK])
        expected = sum((item_knn.DECAY**age * similar[i] for age, i in recent if i >= 0), np.zeros(ITEMS))
        assert scores == pytest.approx(expected + item_knn.WITHOUT_EVIDENCE * share, rel=1e-9)


def test_item_knn_keeps_the_most_similar_items(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(item_knn, "NEIGHBOURS", 3)
    kept, similar = item_knn.similarities(TRAIN), cosines()
    assert np.diff(kept.starts).tolist() == [min(3, np.count_nonzero(row)) for row in similar]
    for i in range(ITEMS):
        part = slice(kept.starts[i], kept.starts[i + 1])
        assert np.sort(kept.values[part]) == pytest.approx(np.sort(similar[i])[ITEMS - kept.values[part].size :])
        assert kept.values[part] == pytest.approx(similar[i, kept.columns[part]])


def slow_vsknn(context: list[int], neighbours: int, sample: int, idf_weight: float) -> NDArray[np.float64]:
    """session-rec's steps, one after the other, for one sequence."""
    sets = [set(each) for each in lists(TRAIN)]
    support = Counter(item for each in sets for item in each)
    ends = TRAIN.ts_ms[TRAIN.starts[1:] - 1]
    recent = context[-vsknn.BACK :]
    weight = {i: position / len(recent) for position, i in enumerate(recent, 1) if i >= 0}
    candidates = sorted((s for s in range(len(sets)) if sets[s] & set(weight)), key=lambda s: -ends[s])[:sample]
    similarity = {s: sum(weight[i] for i in sets[s] & set(weight)) for s in candidates}
    scores = vsknn.WITHOUT_EVIDENCE * shares(TRAIN)
    for s in sorted(candidates, key=lambda s: (-round(similarity[s], 9), -ends[s]))[:neighbours]:
        step = next(step for step, i in enumerate(reversed(recent), 1) if i in sets[s])
        for j in sets[s]:
            scores[j] += similarity[s] / step * (1 + idf_weight * log(len(sets) / support[j]))
    return scores


@pytest.mark.parametrize(("neighbours", "sample", "idf_weight"), [(100, 1_000, 0.0), (5, 12, 0.0), (5, 12, 2.0)])
def test_vsknn_is_that_of_its_steps_done_slowly(neighbours: int, sample: int, idf_weight: float) -> None:
    model = VectorSessionKnn(TRAIN, neighbours, sample, idf_weight)
    found = model.scores(TEST, ROWS)
    for row, scores in zip(ROWS.tolist(), found, strict=True):
        assert scores == pytest.approx(slow_vsknn(before(row), neighbours, sample, idf_weight))
    assert (found == model.scores(TEST, ROWS)).all()


@pytest.mark.parametrize("order", [0, 1, 3])
def test_ngram_is_the_recursive_formula_of_witten_and_bell(order: int) -> None:
    after: dict[tuple[int, ...], Counter[int]] = {}
    for each in lists(TRAIN):
        opened = [START, *each]
        for at in range(1, len(opened)):
            for length in range(min(order, at) + 1):
                after.setdefault(tuple(opened[at - length : at]), Counter())[opened[at]] += 1

    def p(item: int, context: tuple[int, ...]) -> float:
        shorter = p(item, context[1:]) if context else 1 / ITEMS
        if context not in after:
            return shorter
        counts = after[context]
        return (counts[item] + len(counts) * shorter) / (counts.total() + len(counts))

    for row, scores in zip(ROWS.tolist(), Ngram(TRAIN, order).scores(TEST, ROWS), strict=True):
        context = tuple([START, *before(row)][-order:]) if order else ()
        if -1 in context:
            context = context[len(context) - context[::-1].index(-1) :]
        assert scores == pytest.approx([p(j, context) for j in range(ITEMS)])
        assert scores.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("entries", [1, 7, 2_000_000])
def test_sums_of_sparse_rows_are_those_of_the_dense_matrix(monkeypatch: pytest.MonkeyPatch, entries: int) -> None:
    monkeypatch.setattr(sparse, "_ENTRIES", entries)
    rng = np.random.default_rng(4)
    rows, columns = rng.integers(0, 6, 30), rng.integers(0, 9, 30)
    dense = np.zeros((6, 9))
    np.add.at(dense, (rows, columns), 1.0)
    chosen, weights, into = rng.integers(0, 6, 20), rng.random(20), rng.integers(0, 4, 20)
    expected = np.zeros((4, 9))
    for k in range(20):
        expected[into[k]] += weights[k] * dense[chosen[k]]
    matrix = sparse.pair_counts(rows, columns, 6, 9)
    assert sparse.weighted_sums(matrix, chosen, weights, into, (4, 9)) == pytest.approx(expected)
    assert matrix.totals() == pytest.approx(dense.sum(axis=1))


@pytest.mark.parametrize("model", [Popularity, SessionPopularity, ItemKnn, Markov, VectorSessionKnn, Ngram])
def test_one_item_of_one_sequence_is_enough_to_fit(model: type) -> None:
    scores = model(sequences([[0]], 1)).scores(sequences([[-1, 0, 0]], 1), np.array([1, 2]))
    assert scores.shape == (2, 1)
    assert np.isfinite(scores).all()


def test_the_default_order_of_the_ngram_is_three() -> None:
    assert ngram.ORDER == 3
