"""Nine depths of one discount compete by margin: what is lost of the best depth's in 20,000 impressions.

The margin of a sale is 10 - 20 d, how many buy at a depth d as each curve says. Shares are renewed every 200
impressions. Beside it: even shares, and depths that know nothing of each other.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tideline.scripts.benchmarks.progress import say
from tideline.udfs.core.variants.discount_depth import DRAWS, MAX_DEPTHS, depth_shares

SEEDS = 12
_FIRST_SEED = 1000
_DEPTHS = np.linspace(0, 0.4, MAX_DEPTHS)
_MARGINS = 10 - 20 * _DEPTHS
CURVES: dict[str, NDArray[np.float64]] = {
    "logistic": 1 / (1 + np.exp(4 - 6 * _DEPTHS)),
    "step": np.where(_DEPTHS < 0.19, 0.02, 0.06),
    "flat": np.full(MAX_DEPTHS, 0.03),
}
_STEPS, _STEP = 100, 200
_PRIOR_SHOWN = 30


def lost(curve: NDArray[np.float64], how: str, seed: int, steps: int = _STEPS) -> float:
    """Return the margin that is lost where shares are even, of independent depths or isotonic."""
    rng = np.random.default_rng(seed)
    shown, bought, missed = np.zeros(MAX_DEPTHS), np.zeros(MAX_DEPTHS), 0.0
    worth = _MARGINS * curve
    for step in range(steps):
        shares = np.full(MAX_DEPTHS, 1 / MAX_DEPTHS)
        if how == "isotonic":
            shares = depth_shares(shown, bought, _MARGINS, seed * steps + step)
        elif how == "independent":
            rates = rng.beta(1 + bought, _PRIOR_SHOWN + shown - bought, (DRAWS, MAX_DEPTHS))
            shares = np.bincount((rates * _MARGINS).argmax(axis=1), minlength=MAX_DEPTHS) / DRAWS
        counts = rng.multinomial(_STEP, shares)
        shown += counts
        bought += rng.binomial(counts, curve)
        missed += float(counts @ (worth.max() - worth))
    return missed


def measure(seeds: int = SEEDS, steps: int = _STEPS) -> dict[str, Any]:
    """Return the mean and the largest loss by curve, isotonic, and the means of the others."""
    found: dict[str, Any] = {}
    for name, curve in CURVES.items():
        every = range(_FIRST_SEED, _FIRST_SEED + seeds)
        of = {how: [lost(curve, how, seed, steps) for seed in every] for how in ("isotonic", "independent", "even")}
        found[name] = {
            "lost": float(np.mean(of["isotonic"])),
            "worst": max(of["isotonic"]),
            "independent": float(np.mean(of["independent"])),
            "even": float(np.mean(of["even"])),
        }
        say(f"discount, {name}: {found[name]}")
    return found
