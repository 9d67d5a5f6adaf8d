"""The ranking pass of a batch whose users are in different arms."""

from __future__ import annotations

import numpy as np

from tests.support.core_world import NOON_MS, activity, make_ranker
from tests.support.policy_rows import contexts, seeds_of
from tideline.udfs.core.control.control import SetExperiment, VariantSpec
from tideline.udfs.core.limits import HOLDOUT
from tideline.udfs.core.policies.base import Contexts
from tideline.udfs.core.ranking.list_form import ListForm
from tideline.udfs.core.ranking.list_rules import BAN, ListRule
from tideline.udfs.core.ranking.ranking import rank
from tideline.udfs.core.ranking.rule_tables import RULE_CLASSES
from tideline.udfs.core.serving.rank_arms import rank_arms

USERS = 60
NAMES = [f"a{at}" for at in range(8)]


def test_each_user_is_ranked_by_his_arm_wherever_he_stands_in_the_batch() -> None:
    """Contract: the lists of an arm are those of its policy alone; the holdout's are all exploration."""
    ranker = make_ranker([activity(name) for name in NAMES], exploration_permille=100)
    ranker = ranker.after(SetExperiment("e", (VariantSpec("popular", "popular", 500),), None), NOON_MS)
    arms = np.array([0, 1, HOLDOUT] * (USERS // 3))
    x, mask, seeds = contexts(USERS, 1), np.ones((USERS, len(NAMES)), np.bool_), seeds_of(USERS)
    together = rank_arms(ranker, arms, Contexts(x), mask, seeds)
    for arm, share in ((0, 0.1), (1, 0.1), (HOLDOUT, 1.0)):
        here = arms == arm
        policy = ranker.policy_of(arm)
        alone = rank(
            policy,
            ranker.known_by(policy),
            Contexts(x[here]),
            mask[here],
            seeds[here],
            ListForm(ranker.settings.list_size, share),
        )
        assert (together.order[here] == alone.order).all()
        assert (together.explored[here] == alone.explored).all()
    assert (together.explored[arms == HOLDOUT] > 0).all()


def test_every_arm_obeys_the_list_rules() -> None:
    """Contract: the baseline, another policy and the holdout; and without activities that share a value, they change
    no list that does not explore."""
    quota = ListRule("category", (0, BAN))
    offered = [activity(name, categories=(f"c{at // 2}",)) for at, name in enumerate(NAMES)]
    ranker = make_ranker(offered, exploration_permille=200, list_rules=(quota,))
    ranker = ranker.after(SetExperiment("e", (VariantSpec("popular", "popular", 500),), None), NOON_MS)
    arms = np.array([0, 1, HOLDOUT] * (USERS // 3))
    x, mask, seeds = contexts(USERS, 1), np.ones((USERS, len(NAMES)), np.bool_), seeds_of(USERS)
    found = rank_arms(ranker, arms, Contexts(x), mask, seeds)
    assert (np.diff(np.sort(found.order // 2, axis=1), axis=1) > 0).all()
    assert (found.feasible == [8, 6, 4, 2]).all()
    assert (found.acted == RULE_CLASSES["category"]).all()
    apart = [activity(name, categories=(name,)) for name in NAMES]
    plain, ruled = (make_ranker(apart, list_rules=rules) for rules in ((), (quota,)))
    everybody = np.zeros(USERS, np.int64)
    lists = [rank_arms(each, everybody, Contexts(x), mask, seeds) for each in (plain, ruled)]
    assert (lists[0].order == lists[1].order).all()
