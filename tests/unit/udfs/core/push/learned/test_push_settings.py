"""How a deployment pushes, as an operator writes it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from tideline.schemas.errors import ConfigError
from tideline.udfs.core.push.learned.push_settings import PushSettings, read_push
from tideline.udfs.core.push.send_hours import allowed_until

LEAST: dict[str, Any] = {"week": 2, "zones": ["Europe/Berlin"]}
FULL: dict[str, Any] = {
    "week": 4,
    "zones": ["Europe/Berlin", "America/New_York"],
    "hours": [["mon", "08:00", "21:00"]],
    "kinds": ["coupon", "event"],
    "horizon_h": 24,
    "cost": 0.5,
    "unsubscribe": 30,
    "volume": 5000,
    "channels": {"web": 1, "app": 30},
}


def test_settings_are_read_from_json_or_a_table_and_written_as_they_are_given() -> None:
    """Contract: text and TOML mean the same; what is left out is careful: by day, of the kind push."""
    found = read_push(json.dumps(FULL))
    expected = PushSettings(
        4,
        ("Europe/Berlin", "America/New_York"),
        (("mon", "08:00", "21:00"),),
        ("coupon", "event"),
        24,
        0.5,
        30.0,
        5000,
        (("app", 30), ("web", 1)),
    )
    assert found == expected == read_push(FULL) == read_push(str(found))
    least = (2, ("Europe/Berlin",), (("all", "09:00", "20:00"),), ("push",), 72, 0.0, 0.0, 0)
    assert read_push(json.dumps(LEAST)) == PushSettings(*least) == read_push(LEAST | {"channels": {}})
    assert "channels" not in str(PushSettings(*least)), "as a job says it that was submitted before there were any"


def test_the_settings_say_when_for_what_and_about_which_activities() -> None:
    """Contract: clocks of who has none are those of all zones; a weight of activities' cost says nothing of a push."""
    found = read_push(json.dumps(FULL))
    assert found.clocks("UTC").zones == ("UTC",)
    assert found.clocks(None).zones == found.zones
    monday_noon = np.array([4 * 1440 + 12 * 60])  # 5 January 1970, 13:00 in Berlin and 7:00 in New York
    assert allowed_until(found.clocks("Europe/Berlin"), monday_noon)[0] > monday_noon[0]
    assert not allowed_until(found.clocks(None), monday_noon)[0]
    assert found.costs((1.0, 5.0, 0.25, 9.0)) == ((1.0, 5.0, 0.25), 0.5, 30.0)
    assert found.horizon_ms == 24 * 3_600_000
    assert [found.takes(kind) for kind in ("coupon", "push")] == [True, False]
    assert read_push(LEAST | {"kinds": []}).takes("banner")


@pytest.mark.parametrize(
    ("wrong", "key", "allowed"),
    [
        ("no json", "push", "a JSON table"),
        ([LEAST], "push", "a table with week and zones"),
        ({"week": 2}, "push", "a table with week and zones"),
        (LEAST | {"weeks": 2}, "push", "and perhaps hours, kinds"),
        (LEAST | {"week": 0}, "push.week", "whole numbers from 1 to 16"),
        (LEAST | {"week": 17}, "push.week", "whole numbers from 1 to 16"),
        (LEAST | {"week": True}, "push.week", "whole numbers from 1 to 16"),
        (LEAST | {"day": 1}, "push", "and perhaps hours, kinds"),
        (LEAST | {"zones": []}, "push.zones", "1 to 40 time zones such as Europe/Berlin"),
        (LEAST | {"zones": ["Berlin"]}, "push.zones", "1 to 40 time zones such as Europe/Berlin"),
        (LEAST | {"zones": ["UTC", "UTC"]}, "push.zones", "a list of texts, none twice"),
        (LEAST | {"hours": []}, "push.hours", '1 to 64 of ["mon", "09:00", "18:00"]'),
        (LEAST | {"hours": [["mon", "09:00"]]}, "push.hours", "day, from, to"),
        (LEAST | {"hours": [["day", "09:00", "10:00"]]}, "push.hours", "a day of mon"),
        (LEAST | {"kinds": ["letter"]}, "push.kinds", "some of campaign, coupon"),
        (LEAST | {"kinds": "push"}, "push.kinds", "a list of texts"),
        (LEAST | {"horizon_h": 169}, "push.horizon_h", "whole numbers from 1 to 168"),
        (LEAST | {"cost": -1}, "push.cost", "numbers from 0 to 1e+06"),
        (LEAST | {"cost": float("nan")}, "push.cost", "numbers from 0 to 1e+06"),
        (LEAST | {"unsubscribe": "1"}, "push.unsubscribe", "numbers from 0 to 1e+06"),
        (LEAST | {"channels": ["email"]}, "push.channels", "a table of shares by app, email"),
        (LEAST | {"channels": {"fax": 1}}, "push.channels.fax", "some of app, email, letter, messenger, sms, web"),
        (LEAST | {"channels": {"email": 0}}, "push.channels.email", "whole numbers from 1 to 1000"),
        (LEAST | {"channels": {"email": 0.5}}, "push.channels.email", "whole numbers from 1 to 1000"),
        (LEAST | {"volume": 1.5}, "push.volume", "whole numbers from 0 to 1000000000000"),
    ],
)
def test_what_cannot_be_used_is_refused_by_its_key(wrong: Any, key: str, allowed: str) -> None:
    """Contract: the error names the key, its value and what is allowed."""
    with pytest.raises(ConfigError) as refused:
        read_push(wrong)
    assert refused.value.key == key
    assert allowed in refused.value.allowed
