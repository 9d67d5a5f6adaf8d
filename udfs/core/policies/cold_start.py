"""The policy table as a ranker scores with it: rows of the catalogue's activities, seen or not."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from tideline.udfs.core.budgets.pacing import PRICE_UNIT
from tideline.udfs.core.budgets.standing import EVERY_ID, NO_STANDINGS, Standing
from tideline.udfs.core.catalogue.activity_features import FEATURES, features_of
from tideline.udfs.core.context import CONSTANT_X, DIM
from tideline.udfs.core.fixed_point import X_UNIT, in_units
from tideline.udfs.core.limits import OBJECTIVES
from tideline.udfs.core.policies.arm_key import PRIOR_ID
from tideline.udfs.core.policies.pair_row import COLD_PAIRS
from tideline.udfs.core.policies.policy_table import PAIRS, UPPER, SharedRow, stack

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.catalogue.catalogue import Catalogue
    from tideline.udfs.core.policies.pair_row import PairRow
    from tideline.udfs.core.policies.policy_table import Coefficients, PolicyRow, PolicyTable


_CLICKS = 5.0
CLICKS_ALONE = (1.0, 0.0, 0.0, 0.0)
"""Weights by which a score is a chance to be clicked."""
_FREE = Standing()
Weights = tuple[float, float, float, float]
"""Worth of a click, of a conversion and of a unit of revenue, and how much a unit of cost takes away."""


class Charged(StrEnum):
    """How much of what budgets and floors say scores are to have in them."""

    ALL = "all"
    PRICES = "prices"
    """What budgets charge, and not what floors add."""
    NOTHING = "nothing"
    CLICKS = "clicks"
    """Nothing, and clicks alone are worth something: one each."""

    def of(self, standings: Mapping[str, Standing]) -> Mapping[str, Standing]:
        """Return the part of some standings."""
        if self in (Charged.NOTHING, Charged.CLICKS):
            return NO_STANDINGS
        return standings if self is Charged.ALL else {name: each._replace(offset=0) for name, each in standings.items()}


def coefficients(
    table: PolicyTable,
    catalogue: Catalogue,
    encoder: int,
    weights: Weights,
    standings: Mapping[str, Standing] = NO_STANDINGS,
) -> Coefficients:
    """Return the coefficients of all activities of a catalogue, less what budgets charge and with what floors add.

    A price makes each unit of cost take away more. An offset is added to the score of everybody, by the number of a
    context that is the same for all: policies that do not read contexts have none.
    """
    rows = [table.row(encoder, activity.activity_id) for activity in catalogue.activities]
    shared = table.row(encoder, PRIOR_ID).pairs or COLD_PAIRS
    worths = worth(catalogue.activities, weights)
    offsets = np.zeros(len(rows))
    if standings:
        stands = [standings.get(each.activity_id, _FREE) for each in catalogue.activities]
        costs = [each.cost for each in catalogue.activities]
        worths[:, 1] -= np.array([each.price for each in stands]) * PRICE_UNIT * costs
        offsets = np.array([each.offset for each in stands]) / (CONSTANT_X * X_UNIT)
        if EVERY_ID in standings:
            scale = scale_of(weights, standings)
            worths[:, 0] += more_for_clicks(standings)
            worths /= scale  # and not the offsets: as by weights with so large a click
    known = stack(with_cold_start(rows, catalogue.activities), worths, shared)
    if offsets.any():
        theta = known.theta
        theta[:, 0] += np.rint(offsets)
        known = known._replace(theta=in_units(theta))
    return known._replace(total=np.full(len(rows), table.total(encoder)))


def offsets_of(activities: Sequence[Activity], standings: Mapping[str, Standing]) -> NDArray[np.float64]:
    """Return what floors add to the scores of each activity [K]."""
    found = np.zeros(len(activities))
    for at, activity in enumerate(activities if any(each.offset for each in standings.values()) else ()):
        found[at] = standings.get(activity.activity_id, _FREE).offset * PRICE_UNIT
    return found


def more_for_clicks(standings: Mapping[str, Standing]) -> float:
    """Return how much more than by the weights a click is worth, so that a share of the clicks is kept."""
    return standings.get(EVERY_ID, _FREE).price * PRICE_UNIT


def scale_of(weights: Weights, standings: Mapping[str, Standing]) -> float:
    """Return by what scores of these weights are divided where standings say that a click is worth more."""
    return scale_with(scaled(weights)[0], more_for_clicks(standings))


def scale_with(click: float, more: float) -> float:
    """Return by what scores are divided where a click is worth more: exploration is as wide as clicks are many."""
    return max(click + more, 1.0) if more else 1.0


def worth(activities: Sequence[Activity], weights: Weights) -> NDArray[np.float64]:
    """Return the weights of the objectives for each activity [K, objectives], with the scale of the weights taken out.

    So exploration, which is as wide as clicks are many, is not touched by weights that are all multiplied alike. Its
    cost is spent at each conversion, so the sums of cost are those of conversions times the cost as it is now.
    """
    click, conversion, revenue, cost = scaled(weights)
    found = np.empty((len(activities), len(OBJECTIVES)))
    found[:, 0], found[:, 2] = click, revenue
    found[:, 1] = [conversion - cost * activity.cost for activity in activities]
    return found


@lru_cache(maxsize=64)
def scaled(weights: Weights) -> Weights:
    """Return the weights over the largest of them, a conversion taken for five clicks: the default ones as they are."""
    click, conversion, revenue, cost = weights
    scale = max(abs(click), abs(conversion) / _CLICKS, abs(revenue), abs(cost)) or 1.0
    click, conversion, revenue, cost = (float(f"{weight / scale:.12g}") for weight in weights)
    return click, conversion, revenue, cost


def row_at(table: PolicyTable, encoder: int, activity: Activity, version: int) -> PolicyRow | None:
    """Return the row that an activity was scored with at a version of the table, None where it is no longer known."""
    row, total = table.row_at(encoder, activity.activity_id, version), table.total_at(encoder, version)
    if row is None or total is None:
        return None
    if row.shared is not None:
        (row,) = with_cold_start([row], [activity])
    return row if row.total == total else row._replace(total=total)


def pairs_at(table: PolicyTable, encoder: int, version: int) -> PairRow:
    """Return what all pairs shared at a version of the table; what is known at the start where it is no longer."""
    prior = table.row_at(encoder, PRIOR_ID, version)
    return COLD_PAIRS if prior is None or prior.pairs is None else prior.pairs


def with_cold_start(rows: Sequence[PolicyRow], activities: Sequence[Activity]) -> list[PolicyRow]:
    """Return the rows with that of each activity nobody has seen, a prior's, moved to where its features start it."""
    found = list(rows)
    priors: dict[int, list[int]] = {}
    for at, row in enumerate(rows):
        if row.shared is not None:
            priors.setdefault(id(row), []).append(at)
    for places in priors.values():
        row = rows[places[0]]
        if row.shared is not None:
            theta, inverse = _cold_parts(row.shared, np.stack([features_of(activities[at]) for at in places]))
            for at, its_theta, its_inverse in zip(places, theta, inverse, strict=True):
                found[at] = row._replace(theta=its_theta, inverse=row.inverse + its_inverse, shared=None)
    return found


def _cold_parts(shared: SharedRow, features: NDArray[np.int8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return theta [n, objectives, DIM] and the shared part of the inverse [n, PAIRS] of activities nobody has seen.

    In the units of a row, from whole numbers below 2^53: the same in any batch of activities, features [n, FEATURES].
    """
    e = features.astype(np.float64)
    beta = in_units(shared.theta.astype(np.float64)).reshape(len(OBJECTIVES), FEATURES, DIM)
    theta = np.tensordot(e, beta, axes=(1, 1)) * X_UNIT
    pairs = np.zeros((FEATURES * FEATURES, PAIRS))
    np.add.at(pairs, _places(), shared.inverse.astype(np.float64))
    products = (e[:, :, None] * e[:, None, :]).reshape(len(e), -1)
    return np.rint(theta).astype(np.int64), np.rint(products @ pairs * X_UNIT**2).astype(np.int64)


@lru_cache(maxsize=1)
def _places() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return to which product of features and which pair of x each number of a shared inverse belongs."""
    row, column = np.triu_indices(FEATURES * DIM)
    place = np.zeros((DIM, DIM), np.int64)
    place[UPPER] = np.arange(PAIRS)
    place = np.maximum(place, place.T)
    return row // DIM * FEATURES + column // DIM, place[row % DIM, column % DIM]
