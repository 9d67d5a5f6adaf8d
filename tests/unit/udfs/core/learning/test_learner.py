"""The learner core: what it keeps, what it publishes and when."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.core_world import activity
from tideline.udfs.core.budgets.ledger import decode_ledger
from tideline.udfs.core.catalogue.activity_features import FEATURES
from tideline.udfs.core.learning.learner import Kept, LearnedFeedback, Learner, LearnerSettings
from tideline.udfs.core.learning.learning import Decay
from tideline.udfs.core.policies.arm_key import PRIOR_ID, ArmKey
from tideline.udfs.core.policies.policy_table import encode_row
from tideline.udfs.core.policies.regression import Regression, Sharing
from tideline.udfs.core.rewards.feedback import ROWS

DAY_MS = 86_400_000
START_MS = 1_700_000_000_000
IDS = [f"a{number}" for number in range(8)]
SETTINGS = LearnerSettings(Regression(2.0, Sharing.HYBRID, 0.5), Decay(28 * DAY_MS), 7 * DAY_MS, 60_000)


def feedback(seed: int, day: int, encoder: int = 1, first: int = 0) -> NDArray[Any]:
    """Feedback of a day about the activities from the first one on."""
    random = np.random.default_rng(seed)
    rows = np.zeros(40, ROWS)
    rows["activity"], rows["encoder"] = random.integers(first, len(IDS), 40), encoder
    rows["x"] = random.integers(-30, 30, (40, 16))
    rows["x"][:, 0] = 90
    rows["ts_ms"] = START_MS + day * DAY_MS + random.integers(0, DAY_MS, 40)
    rows["impressions"], rows["clicks"] = 1, random.random(40) < 0.3
    return rows


class Store:
    """State bytes as whoever calls the learner keeps them."""

    def __init__(self) -> None:
        self.kept = Kept({}, {name: bytes([90, at, *[0] * (FEATURES - 2)]) for at, name in enumerate(IDS)})

    def put(self, learned: LearnedFeedback) -> None:
        sums = {**self.kept.sums, **learned.kept}
        for name in learned.removed:
            sums.pop(name, None)
        turn = self.kept.turn if learned.turn is None else learned.turn
        self.kept = self.kept._replace(sums=sums, newest_ms=learned.newest_ms, turn=turn)


def test_a_learner_restored_at_any_time_publishes_the_same_bytes() -> None:
    """Contract: what is kept is all there is, over new encoders, days, and names that are forgotten."""
    stores, learners = [Store(), Store()], [Learner(SETTINGS, Store().kept) for _ in range(2)]
    for step in range(12):
        rows = feedback(step, 5 * step, 1 + step // 8, first=step % 3)
        published = []
        for at, store in enumerate(stores):
            if at:
                learners[at] = Learner(SETTINGS, store.kept)
            learned = learners[at].learn(IDS, rows)
            store.put(learned)
            found = learners[at].publish(learned.arms, [Regression(1.0)])
            published.append([encode_row(row, name) for name, row in found])
        assert published[0] == published[1]
        assert stores[0].kept == stores[1].kept


def test_arms_are_published_where_they_changed_or_have_their_turn() -> None:
    """Contract: each encoder's prior is behind its rows, the order of names leaves no trace."""
    learner = Learner(SETTINGS._replace(publish_ms=0), Store().kept)
    assert learner.publish([]) == []
    rows = feedback(1, 0)
    learned = learner.learn(IDS, rows[rows["activity"] < 3])
    assert learned.arms == [ArmKey(1, "a0"), ArmKey(1, "a1"), ArmKey(1, "a2")]
    assert learned.turn is None
    assert [name for name, _ in learner.publish(reversed(learned.arms))] == ["a0", "a1", "a2", PRIOR_ID]
    again = learner.learn(IDS, rows[rows["activity"] == 4])
    assert again.arms == [ArmKey(1, "a4")]
    other = learner.learn(IDS, feedback(2, 0, encoder=2)[:1])
    assert {ArmKey(2, "a0"), ArmKey(2, "a1"), ArmKey(2, "a2"), ArmKey(2, "a4")} <= set(other.arms)
    assert learner.every_arm() == sorted(learner.sums)
    assert learner.take_up(9)[0] == ArmKey(9, PRIOR_ID)


@pytest.mark.parametrize("publish_ms", [60_000, 540_000])
def test_every_row_has_its_turn_within_nine_minutes_of_work(publish_ms: int) -> None:
    """Contract: arms that nothing changed come by in so many publications."""
    learner = Learner(SETTINGS._replace(publish_ms=publish_ms), Store().kept)
    named = set(learner.learn(IDS, feedback(1, 0)).arms)
    seen: set[ArmKey] = set()
    for _ in range(540_000 // publish_ms):
        seen |= set(learner.learn(IDS, feedback(1, 0)[:1]).arms)
    assert seen >= named


def test_others_ways_to_solve_come_behind_with_their_names() -> None:
    """Contract: a regression on trial leaves the deployment's rows as they are."""
    learner, how = Learner(SETTINGS, Store().kept), Regression(3.0, Sharing.NONE)
    names = learner.learn(IDS, feedback(1, 0)).arms
    alone, both = learner.publish(names), learner.publish(names, [how])
    assert [encode_row(row, name) for name, row in both[: len(alone)]] == [encode_row(row, name) for name, row in alone]
    assert {row.regression for _, row in both[len(alone) :]} == {how.name}


def test_feedback_of_who_is_not_to_be_learned_from_counts_for_budgets_alone() -> None:
    """Contract: the sums and the published rows are those without it, the ledger is that with it."""
    plain, both = Learner(SETTINGS), Learner(SETTINGS)
    for learner in (plain, both):
        learner.ledgers.note("a0", activity("a0", budget=100.0, cost=1.0))
    rows, others = feedback(1, 0), feedback(2, 0)
    others["unlearned"] = 1
    learned = [plain.learn(IDS, rows), both.learn(IDS, np.concatenate([rows, others]))]
    assert learned[0].kept == learned[1].kept
    assert plain.publish(learned[0].arms)[0][1].theta.tobytes() == both.publish(learned[1].arms)[0][1].theta.tobytes()
    ledgers = [decode_ledger(each.ledgers.kept["a0"])[0] for each in learned if each.ledgers]
    its = [np.count_nonzero(each["activity"] == 0) for each in (rows, others)]
    assert [int(each["impressions"].sum()) for each in ledgers] == [its[0], sum(its)]
    assert its[1] > 0


def test_a_learner_may_be_told_of_nobody_it_may_learn_from() -> None:
    """Contract: nothing is learned or published of it."""
    rows = feedback(1, 0)
    rows["unlearned"] = 1
    learned = Learner(SETTINGS).learn(IDS, rows)
    assert (learned.kept, learned.rows, learned.arms) == ({}, 0, [])
