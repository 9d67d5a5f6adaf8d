import math

import numpy as np
import pytest

from tests.support.sequences import sequences
from tideline.models.config import Config
from tideline.models.cooccurrence import first_vectors, neighbours
from tideline.models.objective import TrainingSet
from tideline.models.sequences import event_inputs
from tideline.models.split import Split
from tideline.udfs.core.users.features import Vocabulary


def lesson_of(items: list[list[int]], held_out: set[int] = frozenset()) -> tuple[TrainingSet, int]:  # type: ignore[assignment]
    data = sequences(items, 12)
    vocabulary = Vocabulary.of(data.item_names.tolist(), 1, [])
    valid = np.array([row in held_out for row in range(data.item.size)])
    inputs = event_inputs(data, vocabulary)
    training_set = TrainingSet(Config(), data.starts, data.ts_ms, inputs, Split(valid, ""), 1, "cpu")
    return training_set, vocabulary.item_indices


def counted(training_set: TrainingSet) -> dict[tuple[int, int], float]:
    """Weighted neighbours by plain loops."""
    found: dict[tuple[int, int], float] = {}
    for start, end in zip(training_set.starts[:-1], training_set.starts[1:], strict=True):
        rows = range(start, end)
        for a in rows:
            for b in rows:
                pair = int(training_set.inputs.item[a]), int(training_set.inputs.item[b])
                if 1 <= abs(a - b) <= 5 and 0 not in pair and not training_set.held_out.valid[[a, b]].any():
                    found[pair] = found.get(pair, 0.0) + 1.0 / abs(a - b)
    return found


def test_neighbours_are_all_pairs_up_to_five_events_apart_that_are_not_held_out() -> None:
    rng = np.random.default_rng(2)
    items = [rng.integers(-1, 12, length).tolist() for length in (1, 2, 3, 9, 20)]
    training_set, size = lesson_of(items, held_out={4, 9})
    row, column, weight = neighbours(training_set, size)
    found = {(int(i), int(j)): float(w) for i, j, w in zip(row, column, weight, strict=True)}
    assert found == pytest.approx(counted(training_set))


def test_vectors_are_the_truncated_svd_of_the_mutual_information() -> None:
    """Contract: the formula, written out, and numpy's exact decomposition, of four groups that are not mixed."""
    rng = np.random.default_rng(3)
    groups = [[0, 1], [2, 3, 4], [5, 6, 7], [8, 9, 10, 11]]
    training_set, size = lesson_of([rng.choice(groups[at % 4], 9).tolist() for at in range(200)])
    pairs = counted(training_set)
    total = np.zeros(size)
    for (i, _), weight in pairs.items():
        total[i] += weight
    smoothed = total**0.75 / (total**0.75).sum()
    matrix = np.zeros((size, size))
    for (i, j), weight in pairs.items():
        matrix[i, j] = max(math.log(weight / (total[i] * smoothed[j])), 0.0)
    u, s, _ = np.linalg.svd(matrix)
    wanted = (u * np.sqrt(s))[:, :4]
    has, vectors = first_vectors(training_set, size, 4)
    wanted = wanted[has]
    wanted *= 4**-0.5 / np.abs(wanted @ wanted.T).max() ** 0.5
    found = vectors.numpy() * 4**-0.5 / np.abs(vectors.numpy() @ vectors.numpy().T).max() ** 0.5
    assert found @ found.T == pytest.approx(wanted @ wanted.T, abs=1e-3)
    assert float(vectors.std()) == pytest.approx(4**-0.5)


def test_without_enough_neighbours_there_are_no_vectors() -> None:
    for items in ([[1]], [[-1, -1], [2]], [[1, 2], [2, 1]]):
        training_set, size = lesson_of(items)
        has, vectors = first_vectors(training_set, size, 8)
        assert (has.size, tuple(vectors.shape)) == (0, (0, 8))
