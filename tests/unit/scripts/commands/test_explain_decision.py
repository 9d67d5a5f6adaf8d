"""What `tideline explain` tells people."""

from __future__ import annotations

from typing import Any

import pytest

from tideline.scripts.commands.explain_decision import describe


def _found(equal: bool | None, **changes: Any) -> dict[str, Any]:
    entry = {
        "position": 0, "activity_id": "tea\x1b[31m", "mean": 0.25, "parts": {"click": 0.2, "conversion": 0.05},
        "bonus": 0.03, "equal": equal, "why_not": "", "explored": False, "propensity": None, "rules": [],
        "feasible": None, "ahead": None,
    }  # fmt: skip
    head = {"decision_id": "1.5.3", "as_of_ms": 1_700_000_000_000, "policy": "pairs", "policy_version": 1_234}
    return head | {"encoder_version": 2, "eligible": 60, "slate": [], "equal": equal, "entries": [entry | changes]}


def test_a_place_says_its_parts_and_what_put_it_there() -> None:
    """Contract: in words, and nothing that an id could do to a terminal."""
    more = {"explored": True, "propensity": 0.0125, "rules": ["list.kind"], "feasible": 4, "ahead": 0.5}
    told = "\n".join(describe(_found(True, **more)))
    assert "\x1b" not in told
    assert "expected 0.250000 (click 0.200000, conversion 0.050000) + for not knowing it well 0.030000" in told
    for line in ("exploration put it here", "a chance of 0.0125", "list.kind left 4", "ahead of the next by 0.500000"):
        assert line in told
    assert told.endswith("worked out again: equal, bit for bit")


@pytest.mark.parametrize(
    ("equal", "changes", "told"),
    [
        (False, {}, "the log has OTHER numbers"),
        (True, {"bonus": None}, "without limit, for nobody had seen it"),
        (None, {"mean": None, "why_not": "the policy draws its scores"}, "not known: the policy draws its scores"),
        (None, {"mean": None, "why_not": "x"}, "nothing of it can be worked out again"),
    ],
)
def test_what_is_not_so_is_said(equal: bool | None, changes: dict[str, Any], told: str) -> None:
    assert told in "\n".join(describe(_found(equal, **changes)))
