"""The list of an erased user."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema

from tideline.schemas.registry import SCHEMAS_PATH
from tideline.scripts.simulation.lists import parse_list
from tideline.udfs.core.lists.erased_list import erased_list
from tideline.udfs.core.lists.list_version import ListVersion, parse_version

_GOLDEN = Path(__file__).parents[4] / "golden" / "erased_list_v1.bin"
_VERSION = ListVersion(3, 1_700_000_000_000, 42)


def test_its_bytes_stay_as_they_are() -> None:
    """Contract: frontends and the script in Redis read these bytes, of this build and of former ones."""
    assert erased_list(_VERSION) == _GOLDEN.read_bytes()


def test_readers_take_it_for_an_empty_list() -> None:
    """Contract: it fits the schema, has a version as every list, and nothing to show or to send back."""
    payload = erased_list(_VERSION)
    jsonschema.validate(json.loads(payload), json.loads((SCHEMAS_PATH / "ranked_list.schema.json").read_bytes()))

    assert parse_version(payload) == _VERSION
    assert parse_list(payload).activities == ()
    assert parse_list(payload).token == ""


def test_it_is_of_the_moment_up_to_which_he_was_erased() -> None:
    """Contract: so whatever he does later makes a newer list, and nothing of before does."""
    assert json.loads(erased_list(_VERSION))["x"] == _VERSION.as_of_ms
