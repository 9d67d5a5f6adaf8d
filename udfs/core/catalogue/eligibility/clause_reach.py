"""How many of some users a rule reaches, and which of its clauses keeps how many of the others out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.catalogue.eligibility.predicates import Asked, Predicates

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tideline.udfs.core.catalogue.eligibility.rule_form import Clause


class ClauseReach(NamedTuple):
    """How many users meet a clause, and how many only it keeps out: they meet all others."""

    meet: int
    alone: int


class Reach(NamedTuple):
    """Of so many users so many meet every clause."""

    users: int
    reached: int
    clauses: tuple[ClauseReach, ...]


def reach_of(clauses: Sequence[Clause], groups: Mapping[str, Sequence[str]], asked: Asked) -> Reach:
    """Return how many of the users meet the clauses; `groups` has the ids of the activities of each group."""
    users = asked.rows.size
    different = list(dict.fromkeys(literal.predicate for clause in clauses for literal in clause))
    if not (different and users):
        return Reach(users, users, tuple(ClauseReach(users, 0) for _ in clauses))
    holds = dict(zip(different, Predicates.of(different, groups).answers(asked), strict=True))
    met = np.array(
        [np.logical_or.reduce([holds[predicate] == stated for predicate, stated in clause]) for clause in clauses]
    )
    missed = np.count_nonzero(~met, axis=0)
    return Reach(
        users,
        int(np.count_nonzero(missed == 0)),
        tuple(ClauseReach(int(each.sum()), int(np.count_nonzero(~each & (missed == 1)))) for each in met),
    )
