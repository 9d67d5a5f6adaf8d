"""Estimators of the reward of a whole list. Rows as in a Log with lists: by decision, positions 0, 1, 2, ...

All return one number per decision, whose mean is the estimate. `conditional` weights are those of an entry given the
entries above it, `marginal` those of an entry in its position whatever is above.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def cumulative(conditional: NDArray[np.float64], position: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the product of the weights of an entry and all above it [N]."""
    found = conditional.copy()
    for at in range(1, int(position.max(initial=0)) + 1):
        rows = np.flatnonzero(position == at)
        found[rows] *= found[rows - 1]
    return found


def by_list(values: NDArray[np.float64], decision: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the sum over each decision's rows."""
    return np.bincount(decision, values).astype(np.float64, copy=False)


def independent_ips(
    marginal: NDArray[np.float64], reward: NDArray[np.float64], decision: NDArray[np.int64]
) -> NDArray[np.float64]:
    """sum_k w_k r_k: an entry's reward depends on itself and its position alone (Li et al. 2018)."""
    return by_list(marginal * reward, decision)


def rips(
    cumulated: NDArray[np.float64], reward: NDArray[np.float64], decision: NDArray[np.int64]
) -> NDArray[np.float64]:
    """sum_k (prod_{j<=k} w_j) r_k: it depends on itself and the entries above, a cascade (McInerney et al. 2020)."""
    return by_list(cumulated * reward, decision)


def cascade_dr(
    cumulated: NDArray[np.float64],
    reward: NDArray[np.float64],
    modelled: NDArray[np.float64],
    expected: NDArray[np.float64],
    decision: NDArray[np.int64],
    position: NDArray[np.int64],
) -> NDArray[np.float64]:
    """sum_k W_k (r_k - q_k) + W_{k-1} E[q_k], W = prod w (Kiyohara et al. 2022, equation 6).

    `modelled` q_k is the modelled sum of rewards from the entry on, `expected` E[q_k] its mean over the target's choice
    at that position given the entries above.
    """
    before = np.ones_like(cumulated)
    rows = np.flatnonzero(position > 0)
    before[rows] = cumulated[rows - 1]
    return by_list(cumulated * (reward - modelled) + before * expected, decision)


def pseudo_inverse_weights(
    at_position: NDArray[np.float64],
    anywhere: NDArray[np.float64],
    length: NDArray[np.int64],
    eligible: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Weight of a list whose reward is a sum of unknown effects of entries (Swaminathan et al. 2017, equation 3).

    For logging that draws `length` of `eligible` arms at random without repetition the pseudo-inverse of
    Gamma = I (x) I / m + (J - I) (x) (J - I) / (m (m - 1)) has three eigenspaces, so with l = length, m = eligible,
    A = sum_k q(k, s_k), B = (sum_{a in s} q(a) - l^2/m) / l:
    w = 1 + m (m - 1) / (m - l) B + (m - 1) (A - l/m - B), the middle term gone where l = m.

    Args:
        at_position: A, the target's probabilities of the shown arms in their positions, summed over each list.
        anywhere: sum_{a in s} q(a), its probabilities of showing these arms in any of the positions.
        length: Entries shown of each list.
        eligible: Arms each list was drawn from.
    """
    size, arms = length.astype(np.float64), eligible.astype(np.float64)
    shared = (anywhere - size * size / arms) / size
    whole = arms > size
    spread = np.where(whole, arms * (arms - 1.0) / np.where(whole, arms - size, 1.0), 0.0) * shared
    weight: NDArray[np.float64] = 1.0 + spread + (arms - 1.0) * (at_position - size / arms - shared)
    return weight
