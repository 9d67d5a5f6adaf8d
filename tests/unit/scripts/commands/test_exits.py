"""Contract: a command ends with a status that says what happened, and without a traceback."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from tests.support.doc_pages import ROOT
from tideline.scripts.commands.exits import Exit, ends_well

_TIDELINE = [sys.executable, "-m", "tideline.scripts.commands.tideline"]


def test_each_status_has_its_meaning() -> None:
    assert {int(each): each.meaning for each in Exit}[3] == "the data cannot say"
    assert ends_well(lambda: Exit.CANNOT_SAY, "any") == 3


def test_a_command_that_is_interrupted_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    assert ends_well(interrupted, "ope") == 130
    assert capsys.readouterr().err == "ope: interrupted\n"


def test_ctrl_c_ends_a_real_command_in_one_line() -> None:
    """Contract: exit status 130 and a line on standard error; SIGINT is what Ctrl-C sends."""
    code = (
        "import sys, time\n"
        "from tideline.scripts.commands.exits import ends_well\n"
        "def wait():\n    print('waits', flush=True)\n    time.sleep(60)\n"
        "sys.exit(ends_well(wait, 'verb'))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "waits\n"
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)

    assert (process.returncode, told) == (130, "verb: interrupted\n")


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    """Contract: `tideline ... | head -1` prints a line and nothing on standard error; the status is 141."""
    process = subprocess.Popen(
        [*_TIDELINE, "model", "list"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    told = process.stderr.read()
    process.stderr.close()
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)

    assert (process.returncode, told) == (141, "")
