"""How deep a discount is to be: depths compete by margin, and a deeper one never makes fewer buy.

Rates of each depth are drawn from their posteriors and made rising (isotonic, weighted by what each was shown); how
often a depth has the best margin is its share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_DEPTHS = 9
DRAWS = 64
_PRIOR_BUYS, _PRIOR_SHOWN = 1.0, 31.0


def isotonic(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rising numbers nearest to some, by weighted squares (pool adjacent violators), for each row.

    >>> isotonic(np.array([[3.0, 1.0, 2.0]]), np.ones(3)).tolist()
    [[2.0, 2.0, 2.0]]
    """
    found = np.empty_like(values)
    for number, row in enumerate(values.tolist()):
        blocks: list[tuple[float, float, int]] = []
        for value, weight in zip(row, weights.tolist(), strict=True):
            block = (value, weight, 1)
            while blocks and blocks[-1][0] > block[0]:
                former = blocks.pop()
                weight_of_both = former[1] + block[1]
                mean = (former[0] * former[1] + block[0] * block[1]) / weight_of_both
                block = (mean, weight_of_both, former[2] + block[2])
            blocks.append(block)
        found[number] = np.concatenate([np.full(count, value) for value, _, count in blocks])
    return found


def depth_shares(
    shown: NDArray[np.float64], bought: NDArray[np.float64], margins: NDArray[np.float64], seed: int
) -> NDArray[np.float64]:
    """Return how often each depth, by rising depth, has the best margin among draws that the seed makes."""
    rng = np.random.default_rng(seed)
    rates = rng.beta(_PRIOR_BUYS + bought, _PRIOR_SHOWN - 1.0 + shown - bought, (DRAWS, shown.size))
    best = (isotonic(rates, shown + _PRIOR_SHOWN) * margins).argmax(axis=1)
    found: NDArray[np.float64] = np.bincount(best, minlength=shown.size) / DRAWS
    return found
