"""The log as estimators read it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.support.core_world import activity
from tideline.scripts.benchmarks.offline.ope_world import make_log
from tideline.udfs.core.ranking.list_rules import BAN, ListRule
from tideline.udfs.core.ranking.rule_tables import compiled


def test_arms_count_as_running_from_their_first_row_to_their_last() -> None:
    """Contract: where fewer arms were eligible than there are, those are open that the log shows around that time."""
    log = make_log(np.zeros((6, 1)), np.array([0, 0, 1, 0, 1, 1]), np.full(6, 0.5), np.zeros(6), arms=2)
    some = replace(log, eligible=np.array([1, 1, 2, 1, 1, 1]))
    found = some.open_arms(np.arange(6)).tolist()
    assert found == [[True, False], [True, False], [True, True], [True, True], [False, True], [False, True]]


def test_what_list_rules_ban_was_not_open() -> None:
    """Contract: given the entries above in the same list; where the shown arm was banned, a rule was relaxed."""
    shop = [activity(name, categories=(name[0],)) for name in ("a1", "a2", "a3", "b1", "b2")]
    action, position = np.array([0, 3, 1, 0, 1, 2]), np.array([0, 1, 2, 0, 1, 2])
    log = make_log(np.zeros((6, 1)), action, np.full(6, 0.5), np.zeros(6), arms=5)
    log = replace(log, lists=True, position=position, decision=np.array([0, 0, 0, 1, 1, 1]), eligible=np.full(6, 5))
    left = np.array([5, 4, 3, 5, 4, 3])
    assert log.remaining(np.arange(6)).tolist() == left.tolist()
    quota, relaxed = (compiled((ListRule("category", (0, 0, BAN), relax=relax),), shop) for relax in (False, True))
    ruled = replace(log, feasible=np.array([5, 4, 3, 5, 4, 2]), rules=quota)
    assert ruled.remaining(np.arange(6)).tolist() == [5, 4, 3, 5, 4, 2]
    assert ruled.open_arms(np.array([2, 1])).tolist() == [
        [False, True, True, False, True],
        [False, True, True, True, True],
    ]
    assert ruled.broken() == 1
    assert replace(ruled, action=np.array([0, 3, 1, 0, 1, 4])).broken() == 0
    assert replace(ruled, rules=relaxed).broken() == 0
    assert replace(ruled, rules=relaxed).open_arms(np.array([5])).tolist() == [[False, False, True, True, True]]
