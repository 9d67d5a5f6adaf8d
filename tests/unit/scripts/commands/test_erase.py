"""What is told of an erasure; the rest runs on a stack (tests/integration/test_erase.py)."""

from __future__ import annotations

import json

import pytest

from tests.support.core_world import NOON_MS
from tideline.scripts.commands.erase import Ordered, in_words, main, report
from tideline.scripts.commands.person_records import Told

_DAY_MS = 86_400_000
ORDERED = Ordered(NOON_MS, "01ab", Told(9, ["t1", "t2"], 3))


def test_a_report_says_what_goes_when_and_names_nobody() -> None:
    """Contract: the topics' own retention after the erasure; JSON keys as the help has them."""
    found = report(ORDERED, 1.23456)
    assert found == {
        "user_hash": "01ab",
        "erased_ms": NOON_MS,
        "events": 9,
        "lists_taken_back": 2,
        "seconds": 1.235,
        "archived": None,
        "gone_by_ms": {
            "clickstream": NOON_MS + 28 * _DAY_MS,
            "decisions": NOON_MS + 30 * _DAY_MS,
            "dead_letters": NOON_MS + 14 * _DAY_MS,
            "push": NOON_MS + 30 * _DAY_MS,
        },
    }
    json.dumps(found)


def test_people_read_whether_it_is_done() -> None:
    done, ordered = (in_words(report(ORDERED, seconds)) for seconds in (1.0, None))
    assert done[0].endswith("done after 1.0 s: state and lists are gone")
    assert "--wait" in ordered[0]
    assert done[1:] == ordered[1:]
    assert "2 lists of 9 events" in done[2]
    assert "archive: 1,200 records are gone" in in_words(report(ORDERED, None, 1_200))


def test_without_the_job_s_secrets_nothing_is_sent(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Contract: before any broker is asked, the message names the variable."""
    for name in ("TIDELINE_TOKEN_KEYS", "TIDELINE_TOKEN_KEYS_FILE"):
        monkeypatch.delenv(name, raising=False)
    assert main(["u1", "--bootstrap", "absent:1"]) == 1
    assert "TIDELINE_TOKEN_KEYS" in capsys.readouterr().err
