"""How a command ends: the exit statuses, and an end without a traceback for Ctrl-C and a reader that goes away."""

from __future__ import annotations

import errno
import logging
import os
import signal
import sys
from enum import IntEnum
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Any, TextIO, cast

from tideline.schemas.errors import TidelineError, TooFew
from tideline.udfs.io.job_log import spoken

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType


class Exit(IntEnum):
    """What the exit status of a command says."""

    meaning: str

    def __new__(cls, number: int, meaning: str) -> Exit:
        """Make a status with its meaning."""
        found = int.__new__(cls, number)
        found._value_ = number
        found.meaning = meaning
        return found

    DONE = 0, "done"
    FAILED = 1, "failed, or what was checked is not so"
    USAGE = 2, "the command line is wrong and nothing was done"
    CANNOT_SAY = 3, "the data cannot say"
    INTERRUPTED = 130, "interrupted"
    UNREAD = 141, "whoever read the output went away"


def tell(name: str, message: str, level: int = logging.INFO) -> None:
    """Say something on standard error, in the form that TIDELINE_LOG asks for."""
    print(spoken(name, message, level), file=sys.stderr, flush=True)


def failed(name: str, error: Exception) -> Exit:
    """Say on standard error why a command failed, and return its status: too few data are no failure."""
    full = isinstance(error, OSError) and error.errno == errno.ENOSPC
    where = f"let TMPDIR name a folder that has it (now {gettempdir()}; an export works beside its file)"
    room = f"; make room, or {where}" if full else ""
    tell(name, f"{error}{room}", logging.ERROR)
    return Exit.CANNOT_SAY if isinstance(error, TooFew) else Exit.FAILED


class Unread(BaseException):
    """Whoever read standard output went away; like an interrupt it is no error that a command would tell of."""


class _Output:
    """Standard output that tells a reader who went away from every other OSError."""

    def __init__(self, under: TextIO) -> None:
        self._under = under

    def write(self, text: str) -> int:
        try:
            return self._under.write(text)
        except BrokenPipeError as error:
            raise Unread from error

    def flush(self) -> None:
        try:
            self._under.flush()
        except BrokenPipeError as error:
            raise Unread from error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._under, name)


def heed_signals() -> None:
    """Let SIGTERM, a closed terminal's SIGHUP, and SIGINT even where `&` has it ignored, end it as Ctrl-C does."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as under nohup
        signal.signal(signal.SIGHUP, _interrupt)


def open_what_is_closed() -> None:
    """Let standard input, output and error that a shell has closed be those of nobody."""
    if sys.stdin is None:
        sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115 - for as long as the process
    if sys.stdout is None:
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for as long as the process
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for as long as the process


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def ends_well(run: Callable[[], int], name: str) -> int:
    """Return what `run` returns: a word and no traceback where it is interrupted or refused, or where nobody reads."""
    output = sys.stdout
    sys.stdout = cast("TextIO", _Output(output))
    try:
        status = run()
        sys.stdout.flush()
    except KeyboardInterrupt:
        tell(name, "interrupted")
        return Exit.INTERRUPTED
    except Unread:
        # what is still buffered has no reader either: the interpreter flushes it into nothing
        os.dup2(os.open(os.devnull, os.O_WRONLY), output.fileno())
        return Exit.UNREAD
    except (OSError, TidelineError) as error:
        return failed(name, error)
    finally:
        sys.stdout = output
    return status
