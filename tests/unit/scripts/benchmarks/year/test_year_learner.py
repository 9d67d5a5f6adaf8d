"""The learner of the simulated year."""

from __future__ import annotations

import numpy as np

from tests.unit.scripts.benchmarks.year.test_year_shop import running
from tideline.scripts.benchmarks.year.year_learner import YearLearner
from tideline.scripts.benchmarks.year.year_world import DAY_MS, START_MS
from tideline.udfs.core.budgets.standing import decode_standing
from tideline.udfs.core.context import CONSTANT_X, DIM
from tideline.udfs.core.policies.arm_key import LedgerKey
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
    rows = dict(decode_row(value, offset) for offset, _, value in records)
    assert (rows["a"].impressions, rows["a"].rewards[0]) == (6.0, 3.0)
    assert learner.size() > 0
    before = learner.decoded()
    learner.restore(28 * DAY_MS)
    assert all(np.array_equal(before[name], sums) for name, sums in learner.decoded().items())


def test_its_ledgers_and_standings_are_in_its_state_and_in_its_topic() -> None:
    """Contract: a total cap that is reached is told, before a restore and after it."""
    learner = YearLearner(make_policy("linucb"), 28 * DAY_MS, 7 * DAY_MS)
    (record,) = learner.note("a", running("a", total_cap=5))
    assert decode_standing(record.value, record.offset)[1].stopped is False
    learner.learn([encode_feedback([Feedback("a", 1, START_MS, X, impressions=1) for _ in range(5)])])
    assert learner.ledger_of("a")["impressions"] == 5
    for _ in range(2):
        assert decode_standing(learner.topic[LedgerKey("a").value].value, 0)[1].stopped is True
        learner.restore(28 * DAY_MS)
        learner.learn([encode_feedback([Feedback("a", 1, START_MS, X, clicks=1)])])
    assert learner.note("a", running("a", total_cap=5)) == []
