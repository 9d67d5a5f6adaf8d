"""The command that exports the log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tideline.schemas.records import DECISION
from tideline.scripts.commands import tideline
from tideline.scripts.commands.export_log import decisions_of
from tideline.udfs.core.policies.policy_start import TopicRecord

Captured = pytest.CaptureFixture[str]


def test_an_export_that_cannot_be_written_is_refused_before_the_work(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "file").write_text("")
    for out in (tmp_path, tmp_path / "file" / "log.parquet"):
        assert tideline.main(["export", "--bootstrap", "h:1", "--out", str(out)]) == 1
        said = capsys.readouterr().err
        assert str(tmp_path) in said
        assert said.count("\n") == 1


def test_what_is_no_decision_is_counted_and_ends_nothing() -> None:
    """Contract: garbage, another schema, a context cut short and an id without its placement are left out."""
    good = [DECISION.encode(_decision(f"u{at}")) for at in range(3)]
    placed = DECISION.encode(_decision("v", placement="home", decision_id="1.2.3.1"))
    bad = [
        b"",
        b"{}",
        good[0][:-1],
        b"\x00" * 40,
        DECISION.encode(_decision("x", x=b"short")),
        DECISION.encode(_decision("y", placement="home", decision_id="1.2.home")),
    ]
    records = [TopicRecord(at, b"", value, 0) for at, value in enumerate([*good, *bad, placed])]
    table, refused = decisions_of([*records, TopicRecord(99, b"", None, 0)])
    assert table["user_id"].to_pylist() == ["u0", "u1", "u2", "v"]
    assert refused == len(bad)
    assert decisions_of([])[0].num_rows == 0


def _decision(user: str, **more: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "position": 1,
        "shown_ms": 2,
        "generation": 3,
        "as_of_ms": 4,
        "seq": 5,
        "encoder_version": 6,
    }
    plain |= {"policy_version": 7, "eligible": 8, "explored": True, "x": b"x" * 16, "policy": "ucb"}
    return plain | {"user_id": user, "decision_id": "1.2.3", "activity_id": "a"} | more
