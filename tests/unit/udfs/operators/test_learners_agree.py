"""Everybody who learns publishes the same rows: live operator, off-policy evaluation, regret player and oracle."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.core_world import make_ranker
from tests.support.flink_states import MemoryContext
from tests.support.opened_learner import ACTIVITIES, CATEGORIES, COUNT, NAMES, Opened, Seen
from tests.support.oracle import Oracle
from tideline.scripts.benchmarks.offline.regret_player import Player
from tideline.udfs.core.catalogue.activity import encode_activity
from tideline.udfs.core.control.control import PublishPolicy
from tideline.udfs.core.evaluation.learned import every_row, learner_of, learning
from tideline.udfs.core.policies.arm_key import PRIOR_ID
from tideline.udfs.core.policies.by_name import make_policy
from tideline.udfs.core.policies.policy_table import PolicyRow, decode_row, encode_row
from tideline.udfs.core.rewards.feedback import Feedback, encode_feedback

if TYPE_CHECKING:
    from collections.abc import Iterable


def by_arm(rows: Iterable[tuple[str, PolicyRow]]) -> dict[str, bytes]:
    """Return the bytes of rows by arm, whatever the arms are called and whoever published them."""
    found = {}
    for name, row in rows:
        arm = name if name == PRIOR_ID else str(int(name.removeprefix("a")))
        found[arm] = encode_row(row._replace(epoch=0), arm)
    return found


def of_operator(policy: str, feedback: list[Feedback]) -> dict[str, bytes]:
    """Rows of the live operator, fed in parts and restored in the middle."""
    context = MemoryContext()
    operator = Opened(context, "--policy", policy)
    for each in ACTIVITIES:
        operator.note(each.activity_id, encode_activity(each))
    for part in range(0, COUNT, 50):
        if part == COUNT // 2:
            operator = Opened(context, "--policy", policy)
        operator.feed([encode_feedback(feedback[part + at : part + at + 10]) for at in range(0, 50, 10)])
    return by_arm(decode_row(value, 0) for value in operator.order(PublishPolicy("all")).values())


@pytest.mark.parametrize("policy", ["linucb", "linucb_hybrid", "linucb_hybrid:ridge=2,shared_ridge=0.5", "thompson"])
def test_all_who_learn_the_same_feedback_have_the_same_rows(policy: str) -> None:
    """Contract: live operator, off-policy evaluation, regret player and oracle, bit for bit, with features."""
    seen = Seen()
    wanted = of_operator(policy, seen.feedback())
    assert sorted(wanted) == [PRIOR_ID, *NAMES[:-1]]

    log = seen.log()
    evaluated = learner_of(make_policy(policy), log)
    evaluated.learn(NAMES, learning(log).rows(range(log.rows)))
    rows = by_arm([*zip(NAMES, every_row(evaluated, log), strict=True), *evaluated.publish(evaluated.every_arm())])
    assert {name: row for name, row in rows.items() if name != NAMES[-1]} == wanted

    player = Player(make_policy(policy), CATEGORIES, seed=1)
    for start in range(0, COUNT, 100):
        here = slice(start, start + 100)
        player.learn(seen.x[here], seen.arm[here], seen.click[here], start)
    assert by_arm(player.learner.publish(player.learner.every_arm())) == wanted

    ranker = make_ranker(ACTIVITIES)
    oracle = Oracle(replace(ranker.settings, policy=make_policy(policy)), ranker.encoder)
    oracle.set_activities(ACTIVITIES)
    oracle.take_feedback(seen.feedback())
    assert by_arm(decode_row(value, 0) for value in oracle.policy_values()) == wanted
