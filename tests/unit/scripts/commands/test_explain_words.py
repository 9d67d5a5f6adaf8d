"""What `tideline explain` tells people."""

from __future__ import annotations

from typing import Any

import pytest

from tideline.scripts.commands.explain_words import describe

_AT_MS = 1_700_000_000_000


def _found(equal: bool | None, more: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    entry = {
        "position": 0, "activity_id": "tea\x1b[31m", "mean": 0.25, "parts": {"click": 0.2, "conversion": 0.05},
        "bonus": 0.03, "equal": equal, "why_not": "", "explored": False, "propensity": None, "rules": [],
        "feasible": None, "price": 0.0, "owed": 0.0, "ahead": None,
    }  # fmt: skip
    head = {"decision_id": "1.5.3", "user_id": "u42", "as_of_ms": _AT_MS, "policy": "pairs", "policy_version": 1_234}
    others: dict[str, Any] = {"runner_up": None, "kept_out": None, "events": None, "not_known": {}}
    entries = {"entries": [entry | changes], "encoder_version": 2, "eligible": 60, "slate": [], "equal": equal}
    return head | entries | others | (more or {})


def _told(equal: bool | None, more: dict[str, Any] | None = None, **changes: Any) -> str:
    return "\n".join(describe(_found(equal, more, **changes)))


def test_a_place_says_its_parts_and_what_put_it_there() -> None:
    """Contract: in words, and nothing that an id could do to a terminal."""
    more = {"explored": True, "propensity": 0.0125, "rules": ["list.kind"], "feasible": 4, "ahead": 0.5}
    told = _told(True, None, **more, price=0.125, owed=0.25)
    assert "\x1b" not in told
    assert "list 1.5.3 of u42 as of" in told
    assert "expected 0.250000 (click 0.200000, conversion 0.050000) + for not knowing it well 0.030000" in told
    for line in ("exploration put it here", "a chance of 0.0125", "list.kind left 4", "ahead of the next by 0.500000"):
        assert line in told
    assert "has to last: 0.125000 is taken off" in told
    assert "owed to be shown: 0.250000 is added" in told
    assert told.endswith("worked out again: equal, bit for bit")


@pytest.mark.parametrize(
    ("equal", "changes", "told"),
    [
        (False, {}, "the log has OTHER numbers"),
        (True, {"bonus": None}, "without limit, for nobody had seen it"),
        (None, {"mean": None, "why_not": "the policy draws its scores"}, "not known: the policy draws its scores"),
        (None, {"why_not": "what is left of it makes other numbers"}, "what is left of it makes other numbers"),
        (None, {"mean": None, "why_not": "x"}, "nothing of it can be worked out again"),
    ],
)
def test_what_is_not_so_is_said(equal: bool | None, changes: dict[str, Any], told: str) -> None:
    assert told in _told(equal, None, **changes)


def test_the_others_are_told_and_no_page_of_them() -> None:
    out = [{"activity_id": f"a{at}", "by": "list.kind", "ahead": None if at else 0.25} for at in range(12)]
    told = _told(True, {"runner_up": {"activity_id": "milk", "score": 0.1, "margin": 0.0625}, "kept_out": out})
    assert "next would have been milk, 0.062500 behind the last place" in told
    assert "a0 would have stood above the last place by 0.250000; kept out by: list.kind" in told
    assert "a1 would have stood above the last place without limit; kept out by: list.kind" in told
    assert ("a9 would" in told, "a10 would" in told, "and 2 more were kept out" in told) == (True, False, True)
    assert "not known is who came next: y" in _told(True, {"not_known": {"runner_up": "y"}})


def test_an_event_is_told_with_what_it_moved_most() -> None:
    """Contract: the largest first, nothing that four places do not show, and its time in words."""
    effects = {"tea": 0.03125, "milk": -0.25, "wine": 0.00001}
    event = {"event_id": "e", "type": "view", "ts_ms": _AT_MS - 7_300_000, "item_id": "i1", "category": "TEA"}
    told = _told(True, {"events": [event | {"effects": effects}]})
    assert "view of TEA i1, 2 hours before: milk -0.2500, tea +0.0312" in told
    assert "wine" not in told
    bare = event | {"item_id": None, "category": None, "ts_ms": _AT_MS - 1_000, "effects": {}}
    assert "view, 1 second before: nothing changed" in _told(True, {"events": [bare]})
