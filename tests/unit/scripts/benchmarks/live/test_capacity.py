"""The table of a former run, and what is no such run; a run itself needs a stack."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tideline.schemas.errors import ConfigError
from tideline.scripts.benchmarks.live.capacity import Found, figures, planned
from tideline.scripts.benchmarks.live.capacity_model import Costs, table
from tideline.scripts.benchmarks.live.scaling import SMALL, Scaled

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


def test_flat_is_of_medians_by_taskmanagers_and_small_batches_are_no_part_of_it() -> None:
    """Contract: medians of 100, 110 and 130 us spread by 1.3, of 105, 120 and 160 with idle seconds by 1.524."""
    each = {"1": [(99, 105), (101, 105)], "2": [(110, 120)], "4": [(130, 160)], SMALL: [(200, 300)]}
    runs = {
        way: [Scaled(us, gross, 9_000.0, 15.0, 8.0, 800.0, 0.05, 11.0, {"learner": 3.0}) for us, gross in costs]
        for way, costs in each.items()
    }
    found = figures(COSTS, Found(runs, {"lost": 0}, {"redis": 1.0}, {}, {"redis": 2.0}, {"jvm": 9.0, "rank": 4.0}, 5))
    assert (found["flat"], found["flat_gross"], found["python_us"]) == (1.3, 1.524, 4.0)
    assert found["by_round"] == {"1": [99, 101], "2": [110], "4": [130], SMALL: [200]}
    assert found["scaling"][SMALL]["us_per_event"] == 200
    assert found["activities"] == {"200": {"redis": 1.0}, "10000": {"redis": 2.0}}
    assert found["cores"].keys() == {"taskmanagers", "others"}


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"costs": 1}', '{"costs": {}}', json.dumps({"costs": COSTS._asdict() | {"redis_us": "much"}})],
)
def test_a_file_without_costs_is_refused_with_what_is_wanted(tmp_path: Path, text: str) -> None:
    file = tmp_path / "costs.json"
    file.write_text(text)
    with pytest.raises(ConfigError, match="allowed: an object with costs, an object of the numbers taskmanager_us"):
        planned(file)
