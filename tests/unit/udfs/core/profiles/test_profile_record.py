"""Profile records: what is taken, and what is refused with which words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tideline.schemas.errors import InvalidRecord, Reason
from tideline.schemas.registry import shipped
from tideline.udfs.core.profiles.profile_record import (
    LABELS,
    MAX_AHEAD_MS,
    Consent,
    OptOuts,
    Profile,
    decode_profile,
    encode_profile,
)

ROOT = Path(__file__).parents[5]
NOW_MS = 1_795_353_372_396
PROFILE = Profile(
    user_id="u-1",
    ts_ms=NOW_MS,
    labels={"country": "DE", "tier": "gold"},
    time_zone="Europe/Berlin",
    consent=Consent(personalise=True, learn=False, push=True),
    opt_outs=OptOuts(activities=("coupon-18",), groups=("wine",), kinds=("push",)),
)
EXAMPLES = ROOT / "schemas" / "examples" / "profiles"


def _json(**changes: Any) -> bytes:
    return json.dumps({"user_id": "u-1", "ts_ms": NOW_MS} | changes).encode()


def test_a_profile_comes_back_from_avro_and_from_json() -> None:
    """Contract: what is left out of JSON has its default: agreed to all but messages, opted out of nothing."""
    assert decode_profile(b"u-1", encode_profile(PROFILE), NOW_MS) == PROFILE
    assert decode_profile(b"u-1", _json(), NOW_MS) == Profile("u-1", NOW_MS)
    stated = _json(
        labels={"country": "DE", "tier": "gold"},
        time_zone="Europe/Berlin",
        consent={"learn": False, "push": True},
        opt_outs={"activities": ["coupon-18"], "groups": ["wine"], "kinds": ["push"]},
    )
    assert decode_profile(b"u-1", stated, NOW_MS) == PROFILE


def test_a_record_without_value_forgets() -> None:
    assert decode_profile(b"u-1", None, NOW_MS) is None


def test_the_golden_record_reads_as_what_it_was_written_from() -> None:
    """Contract: bytes of a running deployment stay readable."""
    golden = (ROOT / "tests" / "golden" / "profile_v1.bin").read_bytes()
    assert golden == encode_profile(PROFILE)
    assert decode_profile(b"u-1", golden, NOW_MS) == PROFILE


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"labels": {"contry": "DE"}}, f"labels.contry='DE'; allowed: only the labels {', '.join(LABELS)}"),
        ({"labels": {"country": "D E"}}, "labels.country='D E'; allowed: 1..64 of A-Z a-z 0-9"),
        ({"labels": {"tier": 3}}, "labels={'tier': 3}; allowed: at most 64 texts"),
        ({"time_zone": "Europe/Berlim"}, "time_zone='Europe/Berlim'; allowed: a time zone such as Europe/Berlin"),
        ({"consent": {"learn": "no"}}, "consent.learn='no'; allowed: true or false"),
        ({"consent": {"learning": False}}, "consent.learning=False; allowed: only the fields personalise, learn, push"),
        ({"opt_outs": {"kinds": ["coupons"]}}, "opt_outs.kinds='coupons'; allowed: campaign, coupon"),
        ({"opt_outs": {"groups": ["*"]}}, "opt_outs.groups='*'; allowed: 1..64"),
        (
            {"opt_outs": {"activities": [f"a{n}" for n in range(20)], "groups": [f"g{n}" for n in range(13)]}},
            "at most 32 names together",
        ),
        ({"ts_ms": NOW_MS // 1000}, "this looks like seconds"),
        ({"ts_ms": NOW_MS + MAX_AHEAD_MS + 1}, "at most 300000 ms after the record's Kafka timestamp"),
        ({"user": "u-1"}, "there is a field 'user'; allowed: only user_id, ts_ms"),
        ({"user_id": "u-2"}, "the record key is not the user_id"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_value_and_what_is_allowed(changes: dict[str, Any], words: str) -> None:
    """Contract: nothing of a refused record counts, and no word of it names the user."""
    with pytest.raises(InvalidRecord) as caught:
        decode_profile(b"u-1", _json(**changes), NOW_MS)
    assert caught.value.reason == Reason.BAD_PROFILE
    assert words in caught.value.detail
    assert "u-1" not in caught.value.detail


@pytest.mark.parametrize("key", [None, b"", b"\xff", b"u" * 257])
def test_a_record_of_nobody_is_refused(key: bytes | None) -> None:
    """Contract: also one that would forget."""
    for value in (_json(), None):
        with pytest.raises(InvalidRecord, match="bad_profile"):
            decode_profile(key, value, NOW_MS)


@pytest.mark.parametrize("path", sorted((EXAMPLES / "valid").glob("*.json")), ids=lambda path: path.stem)
def test_a_valid_example_is_taken_and_means_the_same_as_avro(path: Path) -> None:
    """Contract: the examples of docs and schemas are right."""
    example = json.loads(path.read_bytes())
    key = example["key"].encode()
    profile = decode_profile(key, json.dumps(example["value"]).encode(), example["record_ts_ms"])
    assert profile is not None
    assert decode_profile(key, encode_profile(profile), example["record_ts_ms"]) == profile


@pytest.mark.parametrize("path", sorted((EXAMPLES / "invalid").glob("*.json")), ids=lambda path: path.stem)
def test_an_invalid_example_is_refused_in_the_words_it_names(path: Path) -> None:
    """Contract: a shop can look its refusal up."""
    example = json.loads(path.read_bytes())
    with pytest.raises(InvalidRecord) as caught:
        decode_profile(example["key"].encode(), json.dumps(example["value"]).encode(), example["record_ts_ms"])
    assert (caught.value.reason, caught.value.detail) == (Reason.BAD_PROFILE, example["error"])


def test_the_schema_names_the_labels_that_there_are() -> None:
    """Contract: the alphabet is stated where shops look it up, and fits what is kept of a user."""
    (labels,) = (each["doc"] for each in shipped().current["profile"]["fields"] if each["name"] == "labels")
    assert f"Value by label: {', '.join(sorted(LABELS))}." in labels
    assert len(LABELS) <= 8
