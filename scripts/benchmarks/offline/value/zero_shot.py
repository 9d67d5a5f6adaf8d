"""`scripts/bench zeroshot`: is an activity that nobody has been shown listed to those who would want it?

Some activities at a time are withheld while the job's default policy learns from the first visits. Then they enter,
without an impression, and every later visitor is ranked. Of the visits whose ten best activities by the truth hold an
activity, counted is how many of the ranked lists of ten have it; beside it, the same where it was never withheld.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.models.encoder import Encoder
from tideline.scripts.benchmarks.offline.value.ours import DEFAULT, JobPolicy
from tideline.scripts.benchmarks.offline.value.value_play import NONE, best_first, play
from tideline.scripts.benchmarks.offline.value.value_stage import make_stage
from tideline.scripts.benchmarks.progress import say
from tideline.scripts.benchmarks.worlds.built_in_worlds import make

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tideline.scripts.benchmarks.offline.value.value_stage import Stage

LEARNED_SHARE = 0.6
PLACES = 10
GROUPS = 6
LEAST_VISITS = 200
"""Activities that fewer lists should have are left out."""
_AT_ONCE = 512


def measure(name: str, past_days: float | None, seed: int, encoder: Path) -> dict[str, Any]:
    """Return how often new and old activities are where the truth has them, in a built-in world.

    Raises:
        ModelError: the encoder cannot be loaded.
    """
    stage = make_stage(make(name, seed), Encoder.load(encoder, provider="cpu"), past_days)
    return {"world": name, "seed": seed, "past_days": past_days} | compare(stage, seed, LEAST_VISITS)


def compare(stage: Stage, seed: int, least: int) -> dict[str, Any]:
    """Return the mean rates over all activities that at least so many lists should have."""
    visits = np.arange(stage.truth.visitor.size)
    later = visits[visits >= LEARNED_SHARE * visits.size]
    wanted = _wanted(stage, later)
    some = np.flatnonzero(wanted.sum(axis=0) >= least)
    groups = np.array_split(np.random.default_rng(seed).permutation(some), min(GROUPS, some.size))
    known = _listed(stage, later, np.zeros(0, np.int64), seed)
    old = [_rate(known, wanted, each) for group in groups for each in group.tolist()]
    new: list[float] = []
    for at, group in enumerate(groups, 1):
        say(f"zeroshot: {at} of {len(groups)}")
        listed = _listed(stage, later, group, seed)
        new += [_rate(listed, wanted, each) for each in group.tolist()]
    mean_old, mean_new = float(np.mean(old)), float(np.mean(new))
    ratio = mean_new / mean_old if mean_old else 0.0
    return {"activities": some.size, "old": round(mean_old, 3), "new": round(mean_new, 3), "ratio": round(ratio, 3)}


def _wanted(stage: Stage, visits: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return [visits, K]: the activity is among the ten with the most clicks, by the truth."""
    click, may = stage.truth.response_at(visits).click[stage.truth.visitor[visits]], stage.open[visits]
    best = best_first(click, may, PLACES)
    found = np.zeros((visits.size, may.shape[1] + 1), np.bool_)
    np.put_along_axis(found, best, values=True, axis=1)  # NONE, -1, is the column to spare
    return found[:, :-1]


def _listed(stage: Stage, later: NDArray[np.int64], withheld: NDArray[np.int64], seed: int) -> NDArray[np.bool_]:
    """Return [later, K]: who lists what, after a policy has learned from what was before without the withheld."""
    may = stage.open.copy()
    may[:, withheld] = False
    first = tuple(each for each in stage.truth.slices if each[-1] < later[0])
    policy = JobPolicy(replace(stage, open=may), seed, DEFAULT)
    play(stage.truth._replace(slices=first), policy, seed)
    found = np.zeros((later.size, may.shape[1] + 1), np.bool_)
    for start in range(0, later.size, _AT_ONCE):
        visits = later[start : start + _AT_ONCE]
        nothing = np.zeros((visits.size, may.shape[1]), np.int64)
        order = policy.ranked(visits, nothing, stage.open[visits], PLACES)
        np.put_along_axis(found[start : start + _AT_ONCE], order, values=True, axis=1)
    return found[:, :NONE]


def _rate(listed: NDArray[np.bool_], wanted: NDArray[np.bool_], activity: int) -> float:
    return float(listed[wanted[:, activity], activity].mean())
