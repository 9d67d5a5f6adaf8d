"""The page Experiments: policies side by side, as a log of decisions has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.models.tables import Table
from tideline.schemas.errors import ConfigError
from tideline.scripts.commands.experiment import arm_rates, report
from tideline.udfs.core.experiments.lift import LEAST_USERS, Verdict

if TYPE_CHECKING:
    from pathlib import Path

AGAINST, GUARD = "baseline", -0.1
_IN_WORDS = {
    Verdict.BETTER: "earns more, whenever one looks",
    Verdict.WORSE: "earns less, whenever one looks",
    Verdict.GUARD: f"earns over {-GUARD:.0%} less: end it",
    Verdict.CONTINUE: "the data cannot say yet",
}


def experiments(log: Path) -> dict[str, Any]:
    """Return each experiment of a log with rates and lift of its arms, or word for word why it cannot be judged.

    Raises:
        ConfigError: there is no log yet, or it cannot be read.
    """
    if not log.exists():
        raise ConfigError("log", None, "a log: read what was shown first")
    names = np.unique(Table(log, "--log").texts("experiment", empty="")).tolist()
    return {"against": AGAINST, "experiments": [_told(log, name) for name in names if name]}


def _told(log: Path, name: str) -> dict[str, Any]:
    try:
        metrics = report(arm_rates(log, name), AGAINST, GUARD)
    except ConfigError as error:
        return {"id": name, "metrics": {}, "refused": str(error)}
    for arms in metrics.values():
        few = min(entry["users"] for entry in arms.values()) < LEAST_USERS
        for entry in arms.values():
            if "verdict" in entry:
                needed = f"; it takes {LEAST_USERS} users in each arm at least" if few else ""
                entry["says"] = _IN_WORDS[Verdict(entry["verdict"])] + needed
    return {"id": name, "metrics": metrics, "refused": None}
