"""LinUCB with a shared part (Li et al. 2010, algorithm 2), from the sums that the disjoint one has.

The shared features of context x and activity features e are all products, z = e (x) x, so the sums over z follow from
each activity's sums over x: Szz = sum e e' (x) S, B = e' (x) S, with S = sum x x' and b = sum r x. With A = l I + S,
l the ridge of the rest and l0 that of the shared part:

    A0 = l0 I + sum_a (e e') (x) (S - S A^-1 S),   b0 = sum_a e (x) (b - S A^-1 b),   beta = A0^-1 b0
    z'beta + x'theta = x'w,  w = A^-1 (b + l E beta),   s = x'(A^-1 + l^2 A^-1 P A^-1) x,   P = E A0^-1 E'

where E x = z. So an activity's mean is a ridge regression drawn to E beta, and mean and s are a vector and a matrix
over x alone: a row like any other. Equal to the joint ridge regression over (z, x of each activity).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.catalogue.activity_features import FEATURES
from tideline.udfs.core.context import DIM
from tideline.udfs.core.fixed_point import X_UNIT, packed_inverse
from tideline.udfs.core.learning.solving import Solved, fixed, positive, solve
from tideline.udfs.core.limits import OBJECTIVES
from tideline.udfs.core.policies.policy_table import SharedRow

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.udfs.core.learning.solving import Evidence
    from tideline.udfs.core.policies.regression import Regression


class Shared(NamedTuple):
    """The shared part: beta [objectives, FEATURES, DIM], and A0^-1 as [FEATURES, DIM, FEATURES, DIM]."""

    beta: NDArray[np.float64]
    inverse: NDArray[np.float64]

    def prior(self, features: NDArray[np.int8]) -> NDArray[np.float64]:
        """Return E beta [..., objectives, DIM], where an activity starts."""
        e = features[..., None, None] * X_UNIT
        return np.asarray(sum(e[..., at, :, :] * self.beta[:, at] for at in range(FEATURES)))

    def uncertainty(self, features: NDArray[np.int8]) -> NDArray[np.float64]:
        """Return P = E A0^-1 E' [..., DIM, DIM]."""
        e = features * X_UNIT
        outer = (e[..., :, None] * e[..., None, :])[..., None, None]
        places = [(one, other) for one in range(FEATURES) for other in range(FEATURES)]
        return np.asarray(sum(outer[..., i, j, :, :] * self.inverse[i, :, j] for i, j in places))


def solve_shared(found: Evidence, features: NDArray[np.int8], how: Regression) -> Shared:
    """Return the shared part of K activities, given in one order; what has no evidence adds nothing."""
    size = FEATURES * DIM
    design = how.shared_ridge * np.eye(size).reshape(FEATURES, DIM, FEATURES, DIM)
    e = features * X_UNIT
    inverse = np.linalg.inv(positive(found.design) + how.ridge * np.eye(DIM))
    # S - S A^-1 S = l S A^-1 = l (I - l A^-1), and b - S A^-1 b = l A^-1 b.
    left = how.ridge * (np.eye(DIM) - how.ridge * inverse)
    outer = (e[:, :, None] * e[:, None, :]).reshape(len(e), FEATURES**2)
    design += (outer.T @ left.reshape(len(e), DIM**2)).reshape(FEATURES, FEATURES, DIM, DIM).transpose(0, 2, 1, 3)
    moments = how.ridge * np.einsum("ai,aod->oid", e, np.einsum("aof,adf->aod", found.moments, inverse))
    factor = np.linalg.inv(np.linalg.cholesky(design.reshape(size, size)))
    whole = factor.T @ factor
    beta = (moments.reshape(-1, size) @ whole).reshape(-1, FEATURES, DIM)
    return Shared(beta, whole.reshape(FEATURES, DIM, FEATURES, DIM))


def solve_arm(found: Evidence, features: NDArray[np.int8], shared: Shared, how: Regression) -> Solved:
    """Return w and the matrix of s of K activities."""
    own = solve(found, how.ridge, shared.prior(features))
    uncertainty = own.inverse @ shared.uncertainty(features) @ own.inverse
    return own._replace(inverse=own.inverse + how.ridge**2 * (uncertainty + np.swapaxes(uncertainty, -1, -2)) / 2.0)


def shared_row(shared: Shared) -> SharedRow:
    """Return the shared part in fixed point, as it is published."""
    whole = shared.inverse.reshape(FEATURES * DIM, -1)
    return SharedRow(fixed(shared.beta).reshape(len(OBJECTIVES), -1), packed_inverse(whole))
