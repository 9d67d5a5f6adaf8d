"""The ranking pass of a batch whose users are in different arms of an experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tideline.udfs.core.limits import HOLDOUT
from tideline.udfs.core.ranking.list_form import ListForm
from tideline.udfs.core.ranking.ranking import Ranked, rank

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.udfs.core.policies.base import Contexts
    from tideline.udfs.core.policies.cold_start import Weights
    from tideline.udfs.core.ranking.placed import Placed
    from tideline.udfs.core.ranking.rule_tables import RuleTable
    from tideline.udfs.core.serving.ranker_state import RankerState


def rank_arms(
    ranker: RankerState,
    arms: NDArray[np.int64],
    contexts: Contexts,
    mask: NDArray[np.bool_],
    seeds: NDArray[np.uint64],
    placed: Placed | None = None,
) -> Ranked:
    """Rank U users by the policies of their arms [U]; the holdout is all exploration. See `ranking.rank`.

    The lists are those of a placement, None: the default ones.
    """
    size, permille, rules, weights = _asked(ranker, placed)
    parts = []
    present = np.unique(arms).tolist()
    for arm in present:
        here = slice(None) if len(present) == 1 else arms == arm
        share = 1.0 if arm == HOLDOUT else permille / 1000
        policy = ranker.policy_of(arm)
        parts.append(
            rank(
                policy,
                ranker.known_by(policy, weights=weights),
                contexts.part(here),
                mask[here],
                seeds[here],
                ListForm(size, share, rules),
            )
        )
    if len(parts) == 1:
        return parts[0]
    place = np.argsort(np.argsort(arms, kind="stable"), kind="stable")
    return Ranked(*(np.concatenate(columns)[place] for columns in zip(*parts, strict=True)))


def _asked(ranker: RankerState, placed: Placed | None) -> tuple[int, int, tuple[RuleTable, ...], Weights | None]:
    """Return size, exploration, rules and weights of lists; weights None: those of the default list."""
    permille = ranker.exploration_permille(placed)
    if placed is None:
        return ranker.settings.list_size, permille, ranker.offers.rules, None
    return placed.placement.size, permille, placed.rules, placed.placement.weights
