"""The log as estimators read it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tideline.scripts.benchmarks.offline.ope_world import make_log


def test_arms_count_as_running_from_their_first_row_to_their_last() -> None:
    """Contract: where fewer arms were eligible than there are, those are open that the log shows around that time."""
    log = make_log(np.zeros((6, 1)), np.array([0, 0, 1, 0, 1, 1]), np.full(6, 0.5), np.zeros(6), arms=2)
    some = replace(log, eligible=np.array([1, 1, 2, 1, 1, 1]))
    found = some.open_arms(np.arange(6)).tolist()
    assert found == [[True, False], [True, False], [True, True], [True, True], [False, True], [False, True]]
