"""The learner of the simulated year."""

from __future__ import annotations

import numpy as np

from tideline.scripts.benchmarks.year.year_learner import YearLearner
from tideline.scripts.benchmarks.year.year_world import DAY_MS, START_MS
from tideline.udfs.core.context import CONSTANT_X, DIM
from tideline.udfs.core.policies.by_name import make_policy
from tideline.udfs.core.policies.policy_table import decode_row
from tideline.udfs.core.rewards.feedback import Feedback, encode_feedback

X = bytes([CONSTANT_X] + [0] * (DIM - 1))


def test_what_it_learned_is_in_its_state_and_in_its_topic() -> None:
    """Contract: after a restore from bytes it knows the same; its rows are decoded as the job's are."""
    learner = YearLearner(make_policy("linucb"), 28 * DAY_MS, 7 * DAY_MS)
    shown = [Feedback("a", 1, START_MS, X, impressions=1, clicks=at % 2) for at in range(6)]
    records, seconds = learner.learn([encode_feedback(shown)])
    assert seconds >= 0.0
    rows = dict(decode_row(value, offset) for offset, value in records if value is not None)
    assert (rows["a"].impressions, rows["a"].rewards[0]) == (6.0, 3.0)
    assert learner.size() > 0
    before = learner.decoded()
    learner.restore(28 * DAY_MS)
    assert all(np.array_equal(before[name], sums) for name, sums in learner.decoded().items())
