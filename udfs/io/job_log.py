"""What Python code has to say, the job's on the console of its TaskManager: text, or one JSON object a line.

Flink's own lines come from log4j (flink-conf/log4j-console.properties) and have the same form. TIDELINE_LOG=json in the
environment of Flink's processes chooses JSON for both. No line names a user or holds a secret: nothing is logged of
what an event, a state or an option with a secret says.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

LOG_FORM = "TIDELINE_LOG"
_OWN = "tideline"
_TEXT = "%(asctime)s %(levelname)-5s %(name)s - %(message)s"
_who: dict[tuple[int | None, str | None], tuple[str, int]] = {}
"""Operator and subtask by thread: its number, which another has once it is over, and its name.

Not a thread's own variables: the JVM's threads come into Python anew each time.
"""


class JsonLine(logging.Formatter):
    """A record as one line of JSON: time (UTC), level, logger, thread, message, operator, subtask, error.

    operator and subtask are of the thread that speaks, and left out where it is none of the job's; error is the
    traceback of what was raised, left out where nothing was.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        at_s = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, object] = {
            "time": f"{at_s}.{int(record.msecs):03d}Z",
            "level": {"WARNING": "WARN", "CRITICAL": "FATAL"}.get(record.levelname, record.levelname),  # as Java's are
            "logger": record.name,
            "thread": record.threadName,
            "message": record.getMessage(),
        }
        who = _who.get((record.thread, record.threadName))
        if who is not None:
            line["operator"], line["subtask"] = who
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(_plain(line))  # ASCII alone: no other end of a line is in it


def _plain(line: dict[str, object]) -> dict[str, object]:
    """Half characters, which no JSON may hold, become question marks."""
    return {
        key: each.encode("utf-8", "replace").decode() if isinstance(each, str) else each for key, each in line.items()
    }


def speak_as(operator: str, subtask: int, environ: Mapping[str, str] = os.environ, to: TextIO | None = None) -> None:
    """Let this thread's lines say which operator and subtask it is; the first call of a process opens the console."""
    _who[threading.get_ident(), threading.current_thread().name] = (operator, subtask)
    open_console(environ, to)


def open_console(environ: Mapping[str, str] = os.environ, to: TextIO | None = None) -> None:
    """Let what is logged be written, once a process: of our own INFO and above, of libraries WARNING and above."""
    root = logging.getLogger()
    if any(each.get_name() == _OWN for each in root.handlers):
        return
    handler = logging.StreamHandler(to or sys.stderr)
    handler.set_name(_OWN)
    handler.setFormatter(JsonLine() if environ.get(LOG_FORM) == "json" else logging.Formatter(_TEXT))
    handler.addFilter(_is_heard)  # PyFlink lets INFO of everybody through
    root.addHandler(handler)
    logging.getLogger(_OWN).setLevel(logging.INFO)


def spoken(name: str, message: str, level: int, environ: Mapping[str, str] = os.environ) -> str:
    """Return a line of a command for people, `name: message`, or where JSON is asked for what a logger would say.

    >>> spoken("probe", "all is well", logging.INFO, {})
    'probe: all is well'
    """
    if environ.get(LOG_FORM) != "json":
        return f"{name}: {message}"
    said = {"name": f"{_OWN}.{name}", "msg": message, "levelno": level, "levelname": logging.getLevelName(level)}
    return JsonLine().format(logging.makeLogRecord(said | {"threadName": threading.current_thread().name}))


def _is_heard(record: logging.LogRecord) -> bool:
    return record.levelno >= (logging.INFO if record.name.partition(".")[0] == _OWN else logging.WARNING)
