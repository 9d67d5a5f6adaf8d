"""Fixed point of scores: contexts, coefficients and inverse matrices as whole numbers whose sums are exact.

x is int8, theta in units of 2**-24 (a large one in a power of two of them), the inverse design matrix in units of
2**-28, so every sum in a score is a sum of whole numbers below 2**53, exact in float64 whatever the order, batch or
BLAS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

THETA_UNIT = 2.0**-24
INVERSE_UNIT = 2.0**-28
X_UNIT = 1.0 / 127.0
_EXACT_BITS = 41
"""127 * 16 times a weighted theta of so many bits stays below 2**53."""


def packed_inverse(inverse: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return a symmetric matrix as its upper triangle in INVERSE_UNIT, off-diagonals doubled.

    >>> (packed_inverse(np.array([[1.0, 0.5], [0.5, 2.0]])) * INVERSE_UNIT).tolist()
    [1.0, 1.0, 2.0]
    """
    doubled = 2.0 * inverse - np.diag(np.diag(inverse))
    found: NDArray[np.int64] = np.rint(doubled[np.triu_indices(len(inverse))] / INVERSE_UNIT).astype(np.int64)
    return found


def in_units(theta: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each last axis in whole units, or where it is too large for that in the next power of two of them.

    So the sum of its products with a context is exact, of any currency and weight.

    >>> in_units(np.array([[3.4, -7.6], [2.0**42 + 1, 3.0]])).tolist()  # the second row in steps of four
    [[3.0, -8.0], [4398046511104.0, 4.0]]
    """
    whole = np.rint(theta)
    _, bits = np.frexp(np.abs(whole).max(axis=-1, keepdims=True, initial=0.0))
    unit = np.ldexp(1.0, np.maximum(bits - _EXACT_BITS, 0))
    found: NDArray[np.float64] = np.rint(whole / unit) * unit
    return found
