"""Files of activities: what the job would take, and what is told of the rest."""

from __future__ import annotations

import json

import pytest

from tests.support.wrong_activities import GOOD, WRONG_FILES, WrongFile, text_of
from tideline.udfs.core.catalogue.activity import decode_activity
from tideline.udfs.core.catalogue.activity_file import read_activities


@pytest.mark.parametrize("wrong", WRONG_FILES, ids=lambda wrong: wrong.name)
def test_a_wrong_file_is_told_with_line_key_value_and_what_is_allowed(wrong: WrongFile) -> None:
    """Contract: and nothing else of it is complained of."""
    (told,) = read_activities(wrong.text).wrong

    assert (told.line, told.key) == (wrong.line, wrong.key)
    assert wrong.allowed in told.allowed
    if wrong.value is None:
        assert told.value is None
        assert wrong.allowed in str(told)
    else:
        assert (told.value or "").startswith(wrong.value)
        assert f"{wrong.key}={told.value}; allowed: " in str(told)


def test_there_are_as_many_wrong_files_as_were_asked_for() -> None:
    """Contract: 40 ways at least, no two of them one file."""
    assert len({wrong.text for wrong in WRONG_FILES}) == len(WRONG_FILES) >= 40


def test_an_activity_is_read_as_the_job_reads_it_from_its_topic() -> None:
    """Contract: one in many lines, several in an array, one a line."""
    other = GOOD | {"activity_id": "b"}
    expected = [decode_activity(each["activity_id"].encode(), json.dumps(each).encode()) for each in (GOOD, other)]
    lines = {
        text_of(GOOD) + text_of(other): [1, 14],
        f"[{json.dumps(GOOD)},\n{json.dumps(other)}]": [1, 2],
        f"{json.dumps(GOOD)}{json.dumps(other)}": [1, 1],
        f"{json.dumps(GOOD)}\n\n{json.dumps(other)}\n": [1, 3],
    }
    for text, begins in lines.items():
        read = read_activities(text)
        assert ([each.line for each in read.placed.values()], read.activities, read.wrong) == (begins, expected, ())


def test_everything_that_is_wrong_is_told_at_once() -> None:
    """Contract: one complaint for each activity, up to where the file is no JSON."""
    text = f"[{json.dumps(GOOD | {'kind': 'x'})},\n{json.dumps(GOOD)},\n{json.dumps(GOOD | {'cost': -1})},\n?"

    read = read_activities(text)

    assert [(each.line, each.key) for each in read.wrong] == [(1, "kind"), (3, "cost"), (4, None)]
    assert [each.line for each in read.placed.values()] == [2]


def test_half_a_letter_is_refused_as_text_that_is_none() -> None:
    (told,) = read_activities(json.dumps(GOOD | {"title": "\ud800"})).wrong

    assert "bad_json" in told.allowed
