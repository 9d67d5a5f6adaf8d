"""Session neighbours against their steps done slowly."""

from collections import Counter
from math import log

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.baseline_data import ROWS, TEST, TRAIN, before, lists
from tideline.models.baselines import vsknn
from tideline.models.baselines.popularity import shares
from tideline.models.baselines.vsknn import VectorSessionKnn


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
