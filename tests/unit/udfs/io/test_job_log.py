"""What the job's Python says on the console: one record a line, whoever speaks and whatever is said."""

from __future__ import annotations

import io
import json
import logging
import threading
from typing import TYPE_CHECKING

import pytest

from tideline.udfs.io import job_log
from tideline.udfs.io.job_log import JsonLine, speak_as

if TYPE_CHECKING:
    from collections.abc import Iterator

JSON = {"TIDELINE_LOG": "json"}


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """A process in which nothing has been said yet; loggers are afterwards as they were."""
    root, own = logging.getLogger(), logging.getLogger("tideline")
    handlers, level = root.handlers[:], own.level
    root.handlers[:] = []
    monkeypatch.setattr(job_log, "_who", {})
    yield io.StringIO()
    root.handlers[:] = handlers
    own.setLevel(level)


def lines(console: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in console.getvalue().splitlines()]


def test_a_record_is_one_line_of_json_that_says_who_speaks(console: io.StringIO) -> None:
    """Contract: operator and subtask of the thread; time in UTC with milliseconds; levels as Java calls them."""
    speak_as("interest_rank", 3, JSON, console)
    log = logging.getLogger("tideline.udfs.operators.ranker_feed")
    log.info("encoder %s in use", "demo-1")
    log.warning("record at offset %d refused", 7)
    log.debug("nobody reads this")
    first, second = lines(console)
    assert first == {
        "time": first["time"],
        "level": "INFO",
        "logger": "tideline.udfs.operators.ranker_feed",
        "thread": threading.current_thread().name,
        "message": "encoder demo-1 in use",
        "operator": "interest_rank",
        "subtask": 3,
    }
    record = logging.makeLogRecord({"created": 1_700_000_000.25, "msecs": 250.0, "msg": "x"})
    assert json.loads(JsonLine().format(record))["time"] == "2023-11-14T22:13:20.250Z"
    assert (second["level"], second["message"]) == ("WARN", "record at offset 7 refused")


def test_two_operators_of_a_process_are_told_apart_and_speak_once(console: io.StringIO) -> None:
    """Contract: each opens the console, none twice; who is no operator has no name."""
    speak_as("interest_rank", 0, JSON, console)

    def learner() -> None:
        speak_as("learner", 0, JSON, console)
        _say("from the learner")

    other, stranger = threading.Thread(target=learner), threading.Thread(target=_say, args=["from nobody"])
    for each in (other, stranger):
        each.start()
        each.join()
    _say("from the ranker")
    assert [(line["message"], line.get("operator")) for line in lines(console)] == [
        ("from the learner", "learner"),
        ("from nobody", None),
        ("from the ranker", "interest_rank"),
    ]


def _say(what: str) -> None:
    logging.getLogger("tideline.x").info(what)


def _fail(what: str) -> None:
    raise ValueError(what)


@pytest.mark.parametrize("said", ["a\nb", "\u2028", '"}\n{"level": "ERROR"', "\x00\x1b[31m", "\ud800", "ü" * 10_000])
def test_whatever_is_said_stays_on_its_line(console: io.StringIO, said: str) -> None:
    """Contract: nobody makes a line of his own, in the message nor in what was raised."""
    logging.getLogger().handlers[:] = []  # pytest's own would report half a character, which xdist cannot send
    speak_as("learner", 0, JSON, console)
    try:
        _fail(said)
    except ValueError:
        logging.getLogger("tideline.x").exception("it said %s", said)
    assert console.getvalue().count("\n") == 1
    (line,) = lines(console)
    assert line["message"] == f"it said {said}".replace("\ud800", "?")
    assert "ValueError" in str(line["error"])


def test_libraries_are_heard_when_something_is_wrong(console: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: whatever level their loggers have."""
    speak_as("learner", 0, JSON, console)
    monkeypatch.setattr(logging.getLogger("kafka"), "level", logging.DEBUG)
    logging.getLogger("kafka.conn").info("connected")
    logging.getLogger("kafka.conn").warning("no answer")
    assert [line["message"] for line in lines(console)] == ["no answer"]


@pytest.mark.parametrize("chosen", [{}, {"TIDELINE_LOG": "text"}])
def test_without_a_word_it_is_text(console: io.StringIO, chosen: dict[str, str]) -> None:
    speak_as("learner", 0, chosen, console)
    logging.getLogger("tideline.x").info("hello")
    assert console.getvalue().endswith(" INFO  tideline.x - hello\n")
