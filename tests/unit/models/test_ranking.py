"""Every item ranked for every target."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.sequences import drawn
from tideline.models import ranking
from tideline.models.baselines.markov import Markov
from tideline.models.baselines.popularity import Popularity
from tideline.models.data import recoded
from tideline.models.ranking import Baseline, rank_baselines, rank_log_scores
from tideline.models.task import make_task

TRAIN = drawn(seed=1, number=40, names=12, longest=9)
TEST = drawn(seed=2, number=30, names=12, longest=9)


@pytest.mark.parametrize("mask_seen", [False, True])
def test_ranks_do_not_depend_on_blocks_and_workers(monkeypatch: pytest.MonkeyPatch, mask_seen: bool) -> None:
    """Contract: memory and cores change the time only."""
    task = make_task(TRAIN, TEST, "all", "item")
    fitted: dict[str, Baseline] = {"pop": Popularity(TRAIN), "markov": Markov(TRAIN)}
    whole = rank_baselines(task, 12, fitted, mask_seen=mask_seen, workers=1)
    monkeypatch.setattr(ranking, "BLOCK_SCORES", 12 * 7)
    parts = rank_baselines(task, 12, fitted, mask_seen=mask_seen, workers=2)
    for name in fitted:
        for key in ("above", "ties", "log_p"):
            assert (getattr(whole[name].ranks, key) == getattr(parts[name].ranks, key)).all()
        assert whole[name].coverage.value == parts[name].coverage.value
        assert (whole[name].coverage.lost(task.sequences) == parts[name].coverage.lost(task.sequences)).all()


def test_a_model_of_log_probabilities_is_ranked_like_the_same_baseline() -> None:
    task = make_task(TRAIN, TEST, "all", "item")
    markov = Markov(TRAIN)
    expected = rank_baselines(task, 12, {"markov": markov}, mask_seen=False, workers=1)["markov"].ranks

    def log_scores(rows: NDArray[np.int64]) -> NDArray[np.float32]:
        return np.log(markov.scores(recoded(task.events, TRAIN), rows)).astype(np.float32)

    found = rank_log_scores(task, 12, log_scores, mask_seen=False).ranks
    assert found.above.tolist() == expected.above.tolist()
    assert found.log_p == pytest.approx(expected.log_p, rel=1e-5)
