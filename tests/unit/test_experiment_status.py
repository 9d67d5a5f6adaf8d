"""What `tideline experiment status` says of an exported log."""

from __future__ import annotations

import pyarrow as pa
import pytest

from scripts.experiment import arm_rates, report
from udfs.core.errors import ConfigError


def log(users: int = 300) -> pa.Table:
    """Each user sees one entry and clicks every third; each sixth buys, and only the first half are past the window."""
    at = range(users)
    return pa.table(
        {
            "decision_id": [f"{user:016x}/1.1.1" for user in at],
            "experiment": ["spring"] * users,
            "arm": [("baseline", "wild")[user % 2] for user in at],
            "click": [int(user % 3 == 0) for user in at],
            "conversion": [int(user % 6 == 0 and user < users // 2) for user in at],
            "revenue": [0.5 * (user % 6 == 0) for user in at],
            "mature": [user < users // 2 for user in at],
        }
    )


def test_each_rate_is_told_of_all_and_of_mature_impressions() -> None:
    """Contract: what had no time to come lowers the one rate and not the other."""
    found = report(arm_rates(log(), "spring"), "baseline", -0.1)
    assert found.keys() == {"ctr", "cvr", "revenue", "ctr_mature", "cvr_mature", "revenue_mature"}
    assert (found["cvr"]["baseline"]["value"], found["cvr_mature"]["baseline"]["value"]) == (
        pytest.approx(25 / 150, abs=1e-6),
        pytest.approx(25 / 75, abs=1e-6),
    )
    assert [found[name]["wild"]["users"] for name in ("cvr", "cvr_mature")] == [150, 75]


def test_rates_are_unknown_while_nothing_is_mature() -> None:
    young = log().drop_columns("mature").append_column("mature", pa.array([False] * 300))
    found = report(arm_rates(young, "spring"), "baseline", -0.1)
    assert found["ctr_mature"]["wild"]["value"] is None
    assert found["ctr_mature"]["wild"]["verdict"] == "continue"


def test_an_experiment_the_log_does_not_have_is_refused_with_those_it_has() -> None:
    with pytest.raises(ConfigError, match="an experiment of this log: spring"):
        arm_rates(log(), "autumn")
