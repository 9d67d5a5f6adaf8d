"""A publication of the policy: the rows of some activities and the prior of those nobody has seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from udfs.core.learning import Forgetting, forget, policy_row, prior_row, solve, solve_prior
from udfs.core.policy_table import PRIOR_ID, PolicyRow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray


def publication(
    sums: Mapping[str, NDArray[Any]], names: Sequence[str], forgetting: Forgetting, newest: int
) -> list[tuple[str, PolicyRow]]:
    """Return (activity id, row) for the sums named "encoder|activity", each encoder's prior first.

    `sums` holds all there is: the prior and the total are taken over every activity of the encoder.
    """
    sums = {name: forget(each, newest) for name, each in sums.items()}
    rows: list[tuple[str, PolicyRow]] = []
    for encoder in sorted({_encoder_of(name) for name in names}):
        prior = solve_prior([sums[name] for name in sorted(sums) if _encoder_of(name) == encoder], forgetting, newest)
        rows.append((PRIOR_ID, prior_row(prior, encoder)))
        for name in names:
            if _encoder_of(name) == encoder:
                solved = solve(sums[name], forgetting, newest, prior.theta)
                rows.append((name.split("|", 1)[1], policy_row(solved, encoder, prior.impressions)))
    return rows


def _encoder_of(name: str) -> int:
    return int(name.split("|", 1)[0])
