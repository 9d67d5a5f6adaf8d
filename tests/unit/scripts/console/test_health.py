"""Contract: the first sentence says in words whether lists are fresh, and never that they are where nobody knows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.console_world import metrics_page
from tideline.scripts.console.health import health, points
from tideline.scripts.console.looks import Counting, Looks
from tideline.scripts.console.pseudonyms import Pseudonyms
from tideline.scripts.console.sources import CheckpointsSeen, JobSeen, LetterSeen, Pages, RedisSeen

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOW_MS = 1_800_000_000_000
_LETTER = LetterSeen(
    "bad_json", "key u42: no object", "clickstream", 2, 17, _NOW_MS, b"u42", b'{"user_id":"u42"\x1b[31m'
)


def _looks(*seen: Mapping[str, float]) -> Looks:
    looks, counting = Looks(), Counting("tideline")
    for at, counters in enumerate(seen):
        looks.counted.append(counting.take(Pages({"tm": metrics_page(**counters)}), _NOW_MS + 2_000 * at))
    looks.job = looks.job.again(JobSeen("RUNNING", True), _NOW_MS)
    looks.redis = looks.redis.again(RedisSeen(1, 0), _NOW_MS)
    return looks


def _sentence(looks: Looks) -> str:
    return str(health(looks, Pseudonyms(False), _NOW_MS)["sentence"])


def _lists(count: int, **within: int) -> dict[str, float]:
    limits = dict.fromkeys((25, 100, 400, 1_000, 5_000), 0) | {int(name[1:]): value for name, value in within.items()}
    return {"records": 2.0 * count, "lists": count, "list_ms": count} | {
        f"list_ms_le_{limit}": value for limit, value in limits.items()
    }


_NONE = _lists(0)


def test_fresh_lists_are_told_with_the_time_that_99_of_100_took() -> None:
    looks = _looks(_NONE, _lists(1_000, _25=10, _100=700, _400=995, _1000=999, _5000=1_000))
    assert _sentence(looks) == "Lists are fresh: 99 of 100 were readable within 400 ms of their event (1,000 lists)."


def test_late_lists_are_told_by_how_many_were_on_time() -> None:
    looks = _looks(_NONE, _lists(1_000, _100=500, _400=600, _1000=700, _5000=1_000))
    assert _sentence(looks) == "Lists are late: only 70 of 100 were readable within 1 s of their event."


@pytest.mark.parametrize(
    ("seen", "begins"),
    [
        ([], "Whether lists are fresh is not known yet"),
        ([_NONE], "Whether lists are fresh is not known yet"),
        ([_NONE, _NONE], "Nobody did anything in the last minute"),
        ([_NONE, _NONE | {"records": 12}], "12 events came in the last minute, and none of them changed a list"),
        ([_NONE, _NONE | {"records": 12, "lists": 3}], "Lists are not fresh: they are ranked"),
    ],
)
def test_what_is_not_seen_is_not_called_fresh(seen: list[dict[str, float]], begins: str) -> None:
    assert _sentence(_looks(*seen)).startswith(begins)


def test_a_job_that_does_not_run_comes_before_what_was_counted() -> None:
    """Contract: also while the last minute's lists were fresh."""
    looks = _looks(_NONE, _lists(10, _25=10, _100=10, _400=10, _1000=10, _5000=10))
    looks.job = looks.job.again(JobSeen("RESTARTING", root_cause="lost"), _NOW_MS)
    found = health(looks, Pseudonyms(False), _NOW_MS)
    assert (found["sentence"], found["state"]) == ("Lists are not made: the job is RESTARTING.", "bad")
    assert (found["sentence_state"], found["beside"]) == ("bad", "Wrong: job; see below what to do.")
    looks.job = looks.job.again(JobSeen(""), _NOW_MS)
    assert _sentence(looks) == "Lists are not made: the job is not there."
    looks.job = looks.job.again(JobSeen("RUNNING", True), _NOW_MS)
    looks.redis = looks.redis.failed("away", _NOW_MS)
    assert _sentence(looks) == "Lists cannot be read: Redis does not answer."


def test_what_is_wrong_beside_fresh_lists_is_named_under_them() -> None:
    """Contract: the first sentence is about lists, and is not red for something else."""
    looks = _looks(_NONE, _lists(10, _25=10, _100=10, _400=10, _1000=10, _5000=10))
    old = CheckpointsSeen(1, 0, _NOW_MS - 900_000)
    looks.job = looks.job.again(JobSeen("RUNNING", True, old), _NOW_MS)
    found = health(looks, Pseudonyms(False), _NOW_MS)
    assert (found["sentence_state"], found["state"]) == ("good", "bad")
    assert found["beside"] == "Wrong: checkpoints; see below what to do."


def test_processes_that_show_nothing_leave_it_unknown() -> None:
    looks = _looks(_NONE)
    looks.counted.append(Counting("tideline").take(Pages({"tm": ""}), _NOW_MS + 2_000))
    assert _sentence(looks).startswith("Whether lists are fresh is not known: not every process")


def test_a_refused_record_is_told_with_its_reason_and_names_nobody() -> None:
    """Contract: whose record it is stands in its bytes, so they are shown only where ids are."""
    looks = _looks(_NONE, _NONE | {"dead_letter_bad_json": 3, "dead_letter_late_not_known": 1})
    looks.letters = looks.letters.again([_LETTER], _NOW_MS)
    told = health(looks, Pseudonyms(False), _NOW_MS)["refused"]
    assert [(each["reason"], each["count"]) for each in told["by_reason"]] == [("bad_json", 3)]
    assert "u42" not in json.dumps(told)
    assert told["letters"][0]["means"].startswith("The value starts like JSON")


def test_with_ids_the_record_is_there_as_text_and_in_hexadecimal() -> None:
    looks = _looks()
    looks.letters = looks.letters.again(
        [_LETTER, _LETTER._replace(reason="of_tomorrow", value=b"\xff" * 9_999)], _NOW_MS
    )
    first, second = health(looks, Pseudonyms(True), _NOW_MS)["refused"]["letters"]
    assert (first["key"], first["text"], first["hex"][:9]) == ("u42", r"{\"user_id\":\"u42\"\u001b[31m", "7b22 7573")
    assert (second["bytes"], second["means"]) == (9_999, "")
    assert len(second["hex"]) < 3_000


def test_what_was_seen_is_json_without_numbers_that_are_none() -> None:
    looks = _looks(_NONE, _NONE | {"encoder_version": float("nan"), "activities": float("inf")})
    json.dumps(health(looks, Pseudonyms(False), _NOW_MS), allow_nan=False)


def test_a_point_of_a_chart_is_what_grew_a_second() -> None:
    looks = _looks(_NONE, _lists(10, _1000=9), _lists(10, _1000=9))
    assert [(each["events"], each["lists"], each["on_time"]) for each in points(looks)] == [(10, 5, 0.9), (0, 0, None)]
