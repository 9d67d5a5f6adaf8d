"""How much of what a visitor did was about what an activity is about, in exact arithmetic over all that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.scripts.benchmarks.offline.value.value_stage import Stage


def shares(stage: Stage, half_life: float) -> NDArray[np.float64]:
    """Return [V, K]: the share of each visitor's events in each activity's categories.

    An event weighs half of one that is `half_life` events newer; a visitor without events has 0 everywhere.
    """
    events = stage.world.events
    names = sorted({name for each in stage.world.activities for name in each.categories})
    column = {name: at for at, name in enumerate(names)}
    # The last one takes events in other categories, or in none.
    code = np.array([column.get(name, len(names)) for name in events.category_names.tolist()] + [len(names)])
    belongs = np.zeros((len(names) + 1, len(stage.world.activities)))
    for at, activity in enumerate(stage.world.activities):
        belongs[[column[name] for name in activity.categories], at] = 1.0
    return np.asarray(_decayed(stage, code[events.category], len(names) + 1, half_life) @ belongs)


def _decayed(stage: Stage, codes: NDArray[np.int64], size: int, half_life: float) -> NDArray[np.float64]:
    """Return the decayed shares [V, size] of events with each code."""
    found = np.zeros((stage.truth.visitor.size, size))
    order = np.lexsort((stage.end, stage.truth.visitor))
    mine, at, before = np.zeros(size), 0, -1
    for visit in order.tolist():
        first, end = int(stage.first[visit]), int(stage.end[visit])
        if stage.truth.visitor[visit] != before:
            mine, at, before = np.zeros(size), first, int(stage.truth.visitor[visit])
        ages = np.arange(end - at - 1, -1, -1)
        mine = mine * 2.0 ** (-(end - at) / half_life) + np.bincount(codes[at:end], 2.0 ** (-ages / half_life), size)
        at = end
        found[visit] = mine
    return np.asarray(found / np.maximum(found.sum(axis=1, keepdims=True), 1e-12))
