"""What `tideline ope` takes."""

from __future__ import annotations

import pytest

from tests.support.command_lines import refused, taken
from tideline.udfs.core.limits import MAX_POSITIONS


def test_places_are_numbers_by_commas() -> None:
    given = taken("ope", "--log d.parquet --policy uniform --places 1,0.8,0.01")
    assert (given.places, given.exploration, given.reward) == ([1.0, 0.8, 0.01], 0.02, "reward")
    assert taken("ope", "--log d.parquet --policy uniform").places == []


@pytest.mark.parametrize("places", ["", "1,", "1,much", "1.1", "0", "nan", ",".join(["1"] * (MAX_POSITIONS + 1))])
def test_what_is_no_weight_of_a_place_is_refused(places: str) -> None:
    said = refused("ope", f"--log d.parquet --policy uniform --places={places}")
    assert f"{places!r}; allowed: 1 to {MAX_POSITIONS} numbers from 0.01 to 1" in said


@pytest.mark.parametrize("share", ["-0.1", "1.5", "nan", "some"])
def test_a_share_is_from_0_to_1(share: str) -> None:
    said = refused("ope", f"--log d.parquet --policy uniform --exploration={share}")
    assert f"{share!r}; allowed: numbers from 0 to 1" in said


def test_a_log_and_a_policy_are_needed() -> None:
    assert "--log, --policy" in refused("ope", "--json")
