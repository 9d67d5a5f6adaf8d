"""What `tideline pareto` takes."""

from __future__ import annotations

import pytest

from tests.support.command_lines import refused, taken
from tideline.scripts.analysis.pareto_front import Objective
from tideline.scripts.parsers.pareto_parser import OBJECTIVES

LINE = "--log d.parquet --policy linucb --objective"


def test_a_log_a_policy_and_an_objective_are_enough() -> None:
    given = taken("pareto", f"{LINE} margin --places 1,0.5")
    assert (given.objective, given.margin_share, given.least) == ("margin", 1.0, 0.98)
    assert (given.places, given.exploration) == ([1.0, 0.5], 0.02)


def test_objectives_are_those_that_are_judged() -> None:
    """Contract: the parser, which imports nothing heavy, names each."""
    assert tuple(map(str, Objective)) == OBJECTIVES
    assert "revenue" in refused("pareto", f"{LINE} clicks")


@pytest.mark.parametrize("share", ["-0.1", "1.5", "nan"])
@pytest.mark.parametrize("option", ["--least", "--margin-share"])
def test_a_share_is_from_0_to_1(option: str, share: str) -> None:
    assert f"{share!r}; allowed: numbers from 0 to 1" in refused("pareto", f"{LINE} revenue {option}={share}")
