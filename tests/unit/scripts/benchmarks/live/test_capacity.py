"""The table of a former run, and what is no such run; a run itself needs a stack."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tideline.schemas.errors import ConfigError
from tideline.scripts.benchmarks.live.capacity import planned
from tideline.scripts.benchmarks.live.capacity_model import Costs, table

if TYPE_CHECKING:
    from pathlib import Path

COSTS = Costs(90.0, 0.03, 46.0, 3.3, 13.0, 6.0, 5_000.0, 1_400.0, 500.0, 250.0, 100.0)


def test_a_table_is_printed_again_by_the_costs_of_a_run(tmp_path: Path) -> None:
    """Contract: what else the run has printed is not asked for, and what it prints can be given again."""
    file = tmp_path / "costs.json"
    file.write_text(json.dumps({"costs": COSTS._asdict(), "events": 7}))
    found = planned(file)
    assert found["markdown"] == table(COSTS)
    assert [each["events_per_s"] for each in found["needs"]] == [10_000, 100_000, 1_000_000]
    assert found["flat"] is None
    assert not found["scaling"]
    assert not found["cores"]
    file.write_text(json.dumps(found))
    assert planned(file) == found


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"costs": 1}', '{"costs": {}}', json.dumps({"costs": COSTS._asdict() | {"redis_us": "much"}})],
)
def test_a_file_without_costs_is_refused_with_what_is_wanted(tmp_path: Path, text: str) -> None:
    file = tmp_path / "costs.json"
    file.write_text(text)
    with pytest.raises(ConfigError, match="allowed: an object with costs, an object of the numbers taskmanager_us"):
        planned(file)
