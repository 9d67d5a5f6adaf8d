"""The figures of a report that are of a whole log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.support.shown import ACTIONS, shown
from tideline.scripts.analysis.figures import drift, exploration, places

if TYPE_CHECKING:
    from tideline.scripts.analysis.figures import DecisionLog


def test_drift_is_alarmed_only_when_the_newest_time_differs() -> None:
    rng = np.random.default_rng(2)

    def newly(newest: float) -> list[DecisionLog]:
        rates = np.where(np.arange(20_000) > 18_000, newest, 0.05)
        clicks = rng.random(20_000) < rates
        return [shown([{"user": at % 997, "click": float(c), "predicted": 0.05, "reward": float(c)}
                    for at, c in enumerate(clicks.tolist())])]  # fmt: skip

    assert not drift(newly(0.05))["alarm"]
    assert drift(newly(0.15))["alarm"]


def test_places_are_not_told_from_lists_in_which_a_rule_had_a_say() -> None:
    """Contract: the order of two neighbours decides what may follow them, so their swaps say nothing of places."""
    rng = np.random.default_rng(3)
    given = [{"list": at // 2, "user": at // 2, "position": at % 2, "action": at % 2 ^ int(at % 4 > 1),
              "click": int(rng.random() < 0.3)} for at in range(4_000)]  # fmt: skip
    free = shown(given)._replace(eligible=np.full(4_000, 3), propensity=np.tile([1 / 3, 1 / 2], 2_000))
    swaps = [
        places([free._replace(ruled=np.full(4_000, ruled > 0))])["places"][0]["swaps_with_next"] for ruled in (0, 1)
    ]
    assert swaps[0] > 0 == swaps[1]


def test_exploration_names_what_was_hardly_shown() -> None:
    found = exploration([shown([{"action": at % 2, "explored": at < 30} for at in range(300)])], ACTIONS)
    assert (found["explored_share"], found["cold"]) == (0.1, ["c", "d"])
    assert found["selection_entropy"] == pytest.approx(np.log(2), abs=1e-4)
