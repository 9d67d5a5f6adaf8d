"""The ranking pass of a batch whose users are in different arms of an experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tideline.udfs.core.limits import HOLDOUT
from tideline.udfs.core.ranking.list_form import ListForm
from tideline.udfs.core.ranking.ranking import Ranked, rank, rank_scores

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.udfs.core.policies.base import Contexts, Policy
    from tideline.udfs.core.policies.cold_start import Weights
    from tideline.udfs.core.policies.policy_table import Coefficients
    from tideline.udfs.core.ranking.placed import Placed
    from tideline.udfs.core.ranking.rule_tables import RuleTables
    from tideline.udfs.core.serving.ranker_state import RankerState


_KEPT_AT_MOST = 1 << 22
"""Scores of one arm that are kept; a batch with more, of many users who were waited for, is scored list by list."""


class Scored:
    """Scores of a batch's users from which more than one of their lists is made; most of a list's cost is its scores.

    Only those of policies whose scores are of user and activity alone: neither drawn nor by how many are eligible.
    """

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._found: dict[object, NDArray[np.float64]] = {}

    def scores(self, of: object, policy: Policy, rows: Coefficients, asked: Contexts) -> NDArray[np.float64]:
        """Return the scores [U, K] that go by `of`, for the caller to keep."""
        known = self._found.get(of)
        if known is None:
            nobody = np.zeros(len(asked.x), np.uint64)
            mean, bonus = policy.score(asked, rows, nobody.astype(np.int64), nobody)
            known = mean + bonus
            if known.size <= _KEPT_AT_MOST:
                self._found[of] = known
        return known.copy()


def rank_arms(
    ranker: RankerState,
    arms: NDArray[np.int64],
    contexts: Contexts,
    mask: NDArray[np.bool_],
    seeds: NDArray[np.uint64],
    placed: Placed | None = None,
    scored: Scored | None = None,
) -> Ranked:
    """Rank U users by the policies of their arms [U]; the holdout is all exploration. See `ranking.rank`.

    The lists are those of a placement, None: the default ones. `scored` keeps scores for further lists of these users.
    """
    size, permille, rules, weights = _asked(ranker, placed)
    parts = []
    present = np.unique(arms).tolist()
    for arm in present:
        here = slice(None) if len(present) == 1 else arms == arm
        form = ListForm(size, 1.0 if arm == HOLDOUT else permille / 1000, rules)
        policy = ranker.policy_of(arm)
        rows, asked = ranker.known_by(policy, weights=weights), contexts.part(here)
        if scored is None or policy.randomised or policy.reads_eligible:
            parts.append(rank(policy, rows, asked, mask[here], seeds[here], form))
        else:
            scores = scored.scores((arm, weights), policy, rows, asked)
            parts.append(rank_scores(scores, mask[here], seeds[here], form))
    if len(parts) == 1:
        return parts[0]
    place = np.argsort(np.argsort(arms, kind="stable"), kind="stable")
    return Ranked(*(np.concatenate(columns)[place] for columns in zip(*parts, strict=True)))


def _asked(ranker: RankerState, placed: Placed | None) -> tuple[int, int, RuleTables, Weights | None]:
    """Return size, exploration, rules and weights of lists; weights None: those of the default list."""
    permille = ranker.exploration_permille(placed)
    if placed is None:
        return ranker.settings.list_size, permille, ranker.offers.rules, None
    return placed.placement.size, permille, placed.rules, placed.placement.weights
