import json
import re
from typing import Any

import pytest

from tideline.schemas.errors import InvalidRecord, Reason
from tideline.schemas.records import ACTIVITY, CONTROL, DECISION, POLICY, Origin, RecordCodec, dead_letter_headers
from tideline.schemas.registry import SCHEMAS_PATH, shipped

_POLICY = {
    "activity_id": "a-1",
    "encoder_version": 1,
    "dim": 2,
    "impressions": 12.5,
    "total_impressions": 1_000.25,
    "rewards": [1.0, 0.25],
    "theta": bytes(32),
    "inverse": b"\x00\xff" * 6,
    "carried_impressions": 3.5,
    "carried_rewards": [0.5, 0.0],
    "shared_theta": b"\x01",
    "shared_inverse": b"",
    "regression": "hybrid:ridge=10.0,shared_ridge=0.25",
    "epoch": 1_764_000_000_000,
    "by_click": [1.0, 0.125],
    "pair_theta": bytes(64),
    "pair_inverse": b"\x01",
    "pair_noise": 0.25,
}
_DECISION = {
    "user_id": "u-1",
    "decision_id": "1.1700000000000.42.3",
    "placement": "cart",
    "activity_id": "a-1",
    "position": 0,
    "shown_ms": 1_700_000_000_500,
    "generation": 1,
    "as_of_ms": 1_700_000_000_000,
    "seq": 42,
    "encoder_version": 1,
    "policy_version": 7,
    "eligible": 12,
    "explored": True,
    "propensity": 0.0125,
    "mean": 0.5,
    "bonus": None,
    "x": b"\x7f\x80",
    "slate": ["a-1", None],
    "policy": "linucb",
    "constraints": ["cap"],
    "experiment": "spring",
    "arm": "wild",
    "shadow_mean": 0.25,
    "shadow_bonus": None,
    "pair": 2**24 - 1,
    "feasible": 9,
    "variant": "red",
    "variant_share": 0.5,
}


@pytest.mark.parametrize(("codec", "record"), [(POLICY, _POLICY), (DECISION, _DECISION)], ids=["policy", "decision"])
def test_a_record_comes_back_as_it_was_written(codec: RecordCodec, record: dict[str, Any]) -> None:
    """Contract: what the learner and the decision log write is read back equal, floats bit for bit."""
    assert codec.decode(codec.encode(record)) == record


@pytest.mark.parametrize("wrong", [{"dims": 7}, {"dim": "seven"}], ids=["unknown field", "wrong type"])
def test_a_record_that_does_not_fit_its_schema_is_not_written(wrong: dict[str, Any]) -> None:
    """Contract: a mistake of ours is an error where it is made, not a default in the topic."""
    with pytest.raises((ValueError, TypeError)):
        POLICY.encode({**_POLICY, **wrong})


def test_the_schema_id_tells_the_records_apart() -> None:
    headers = {codec.header for codec in (ACTIVITY, CONTROL, POLICY, DECISION)}
    assert len(headers) == 4
    with pytest.raises(InvalidRecord) as caught:
        DECISION.decode(POLICY.encode(_POLICY))
    assert caught.value.reason is Reason.UNKNOWN_SCHEMA


def test_dead_letter_headers_are_the_fields_of_their_schema() -> None:
    """Contract: reason and origin of a refused record, as text, in the documented order."""
    error = InvalidRecord(Reason.BAD_FIELD, "price=-1; allowed: 0..1e+09, für alle")
    headers = dead_letter_headers(error, Origin("clickstream", 3, 17, 1_700_000_000_000), "rank", "1a2b")
    assert [name for name, _ in headers] == [each["name"] for each in shipped().current["dead_letter"]["fields"]]
    assert dict(headers) == {
        "reason": b"bad_field",
        "error": "price=-1; allowed: 0..1e+09, für alle".encode(),
        "source_topic": b"clickstream",
        "source_partition": b"3",
        "source_offset": b"17",
        "source_timestamp_ms": b"1700000000000",
        "job": b"rank",
        "build": b"1a2b",
    }


def test_the_example_list_has_the_documented_fields() -> None:
    """Contract: the frontend's one format; ids in it are those that activities may have."""
    schema = json.loads((SCHEMAS_PATH / "ranked_list.schema.json").read_bytes())
    example = json.loads((SCHEMAS_PATH / "examples" / "ranked_list.json").read_bytes())
    assert set(schema["required"]) <= set(example) <= set(schema["properties"])
    assert len(example["i"]) == len(example["e"])
    pattern = schema["properties"]["i"]["items"]["pattern"]
    assert all(re.search(pattern, activity_id) for activity_id in example["i"])
