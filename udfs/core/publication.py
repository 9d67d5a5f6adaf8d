"""A publication of the policy: the rows of some activities and the prior of those nobody has seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from udfs.core.learning import NO_SUMS, Forgetting, count, forget, policy_row, prior_row, solve, solve_prior
from udfs.core.policy_table import PRIOR_ID, PolicyRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    Sums = Mapping[str, NDArray[Any]]


def publication(sums: Sums, names: Sequence[str], forgetting: Forgetting, newest: int) -> list[tuple[str, PolicyRow]]:
    """Return (activity id, row) for the names "encoder|activity", each encoder's prior behind its activities.

    `sums` holds all there is, by such names: prior and total are taken over every activity, and what an activity
    earned under other encoders is carried into its row. A name without sums gets a row of what is carried. Who reads
    an encoder's prior has all rows that were published with it.
    """
    sums = {name: forget(each, newest) for name, each in sums.items()}
    rows: list[tuple[str, PolicyRow]] = []
    for encoder in sorted({encoder_of(name) for name in names}):
        activities = [activity_of(name) for name in names if encoder_of(name) == encoder]
        rows += _rows_of_encoder(encoder, activities, sums, forgetting, newest)
    return rows


def every_name(encoder: int, names: Iterable[str]) -> list[str]:
    """Return the name under an encoder of every activity that is named under any, and of the prior."""
    return [f"{encoder}|{activity}" for activity in sorted({PRIOR_ID} | {activity_of(name) for name in names})]


def encoder_of(name: str) -> int:
    """Return the encoder version in a name "encoder|activity"."""
    return int(name.split("|", 1)[0])


def activity_of(name: str) -> str:
    """Return the activity id in a name "encoder|activity"."""
    return name.split("|", 1)[1]


def _rows_of_encoder(
    encoder: int, activities: Sequence[str], sums: Sums, forgetting: Forgetting, newest: int
) -> list[tuple[str, PolicyRow]]:
    own = [sums[name] for name in sorted(sums) if encoder_of(name) == encoder]
    others: dict[str, list[NDArray[Any]]] = {}
    for name, each in sums.items():
        if encoder_of(name) != encoder:
            others.setdefault(activity_of(name), []).append(each)
    carried = count((each for parts in others.values() for each in parts), forgetting, newest)
    prior = solve_prior(own, forgetting, newest, carried)
    last = prior_row(prior, encoder)
    rows = []
    for activity in activities:
        if activity != PRIOR_ID:
            its_own = sums.get(f"{encoder}|{activity}", NO_SUMS)
            its_carried = count(others.get(activity, ()), forgetting, newest)
            solved = solve(its_own, forgetting, newest, prior.theta, its_carried)
            rows.append((activity, policy_row(solved, encoder, last.total)))
    return [*rows, (PRIOR_ID, last)]
