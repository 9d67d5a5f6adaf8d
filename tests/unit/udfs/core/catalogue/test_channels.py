"""Channels as a marketer shares messages out among them."""

from __future__ import annotations

import json

import pytest

from tests.support.wrong_activities import GOOD
from tideline.schemas.errors import InvalidRecord
from tideline.udfs.core.catalogue.activity import Activity, decode_activity
from tideline.udfs.core.catalogue.channels import channels_among


def read(**parameters: float) -> Activity:
    value = json.dumps({**GOOD, "parameters": parameters}).encode()
    found = decode_activity(str(GOOD["activity_id"]).encode(), value)
    assert found is not None
    return found


def test_an_activity_names_channels_among_its_parameters() -> None:
    """Contract: in the order of CHANNELS, whatever else there is; who names none leaves it open."""
    found = read(push_channel_sms=1.0, push_channel_app=0.5, push_most=3.0, discount=10.0)
    assert list(channels_among(found.parameters).items()) == [("app", 0.5), ("sms", 1.0)]
    assert channels_among(read(push_most=3.0).parameters) == {}


@pytest.mark.parametrize(
    ("name", "share", "said"),
    [
        ("push_channel_fax", 1.0, r"parameters.push_channel_fax=1.0; allowed: push_channel_ and one of app, email"),
        ("push_channel_", 1.0, "parameters.push_channel_=1.0; allowed: push_channel_ and one of app"),
        ("push_channel_email", -1.0, "parameters.push_channel_email=-1.0; allowed: 0 to 1e"),
        ("push_channel_email", 2e6, "parameters.push_channel_email=2000000.0; allowed: 0 to 1e"),
    ],
)
def test_a_channel_that_there_is_not_is_refused_by_its_name(name: str, share: float, said: str) -> None:
    """Contract: naming the parameter, its value and what is allowed."""
    with pytest.raises(InvalidRecord, match=said):
        read(**{name: share})
