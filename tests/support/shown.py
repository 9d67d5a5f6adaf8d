"""Parts of a log as the figures of a report take them."""

from __future__ import annotations

from typing import Any

import numpy as np

from tideline.scripts.analysis.figures import DecisionLog

ACTIONS = ("a", "b", "c", "d")


def shown(rows: list[dict[str, Any]]) -> DecisionLog:
    """Return a part of a log of these rows, with what a test does not care about filled in."""
    given = [{"user": 0, "list": at, "position": 0, "ts_ms": at, "action": 0, "click": 0, "explored": False,
              "predicted": 0.1, "reward": 0.0, "arm": 0} | row for at, row in enumerate(rows)]  # fmt: skip

    def column(name: str, kind: type) -> Any:
        return np.array([row[name] for row in given], kind)

    none = np.zeros(len(rows))
    return DecisionLog(
        user=column("user", np.int64), shown_list=column("list", np.int64), position=column("position", np.int64),
        ts_ms=column("ts_ms", np.int64), row=np.arange(len(rows)), action=column("action", np.int64),
        groups={"arm": column("arm", np.int64)},
        click=column("click", np.float64), conversion=none, revenue=none, explored=column("explored", np.bool_),
        propensity=none + np.nan, eligible=none.astype(np.int64) + 4, ruled=none > 0,
        mature=np.ones(len(rows), np.bool_), predicted=column("predicted", np.float64),
        reward=column("reward", np.float64),
    )  # fmt: skip
