import json
import shutil
from pathlib import Path

import pytest

from tideline.schemas.registry import SCHEMAS_PATH, load, shipped

_IDS_EVER_GIVEN = {
    1: "clickstream_v1",
    2: "activity_v1",
    3: "control_v1",
    4: "policy_v1",
    5: "decision_v1",
    6: "dead_letter_v1",
    7: "policy_v2",
    8: "decision_v2",
    9: "policy_v3",
    10: "policy_v4",
    11: "policy_v5",
    12: "decision_v3",
    13: "policy_v6",
    14: "decision_v4",
    15: "ledger_v1",
    16: "activity_v2",
    17: "activity_v3",
    18: "profile_v1",
    19: "rule_costs_v1",
    20: "activity_v4",
    21: "ledger_v2",
    22: "activity_v5",
    23: "decision_v5",
    24: "ledger_v3",
    25: "decision_v6",
    26: "clickstream_v2",
    27: "erasure_v1",
    28: "push_v1",
    29: "rule_costs_v2",
    30: "clickstream_v3",
    31: "push_effects_v1",
    32: "push_v2",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    target = tmp_path / "schemas"
    shutil.copytree(SCHEMAS_PATH, target, ignore=shutil.ignore_patterns("*.py", "__pycache__", "examples"))
    return target


def test_a_schema_id_means_for_ever_what_it_meant_first() -> None:
    """Contract: ids are never reused; records with them stay in Kafka. Add lines here, change none."""
    given = {schema_id: f"{kept.name}_v{kept.version}" for schema_id, kept in shipped().kept.items()}
    assert given == _IDS_EVER_GIVEN


def test_a_kept_file_without_an_id_is_refused(folder: Path) -> None:
    shutil.copy(folder / "policy.avsc", folder / "versions" / "policy_v9.avsc")
    with pytest.raises(ValueError, match=r"policy_v9\.avsc"):
        load(folder)


def test_two_ids_for_one_file_are_refused(folder: Path) -> None:
    path = folder / "versions" / "ids.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), "7": "policy_v1.avsc"}))
    with pytest.raises(ValueError, match="each of"):
        load(folder)


def test_a_kept_file_with_an_odd_name_is_refused(folder: Path) -> None:
    (folder / "versions" / "policy_v1.avsc").rename(folder / "versions" / "policy-1.avsc")
    path = folder / "versions" / "ids.json"
    path.write_text(path.read_text().replace("policy_v1", "policy-1"))
    with pytest.raises(ValueError, match="<record>_v<number>"):
        load(folder)
