"""Contract: a command ends with a status that says what happened, and without a traceback."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.doc_pages import ROOT
from tideline.schemas.errors import ConfigError
from tideline.scripts.commands.exits import Exit, ends_well, failed, tell
from tideline.scripts.commands.tideline import main
from tideline.scripts.parsers.verbs import BY_NAME

_TIDELINE = [sys.executable, "-m", "tideline.scripts.commands.tideline"]


def test_each_status_has_its_meaning() -> None:
    assert {int(each): each.meaning for each in Exit}[3] == "the data cannot say"
    assert ends_well(lambda: Exit.CANNOT_SAY, "any") == 3


def test_a_command_that_is_interrupted_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    assert ends_well(interrupted, "ope") == 130
    assert capsys.readouterr().err == "ope: interrupted\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_real_command_in_one_line(number: signal.Signals) -> None:
    """Contract: exit status 130 and a line on standard error, also where a shell's `&` has SIGINT ignored."""
    code = (
        "import sys, time\n"
        "from tideline.scripts.commands.exits import ends_well, heed_signals\nheed_signals()\n"
        "def wait():\n    print('waits', flush=True)\n    time.sleep(60)\n"
        "sys.exit(ends_well(wait, 'verb'))\n"
    )
    ignored = ["/bin/sh", "-c", 'trap "" INT; exec "$0" -c "$1"', sys.executable, code]
    process = subprocess.Popen(ignored, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "waits\n"
    process.send_signal(number)
    _, told = process.communicate(timeout=30)

    assert (process.returncode, told) == (130, "verb: interrupted\n")


@pytest.mark.parametrize(
    "argv", [["model", "list"], ["--help"], ["control", "--help"], ["completion", "bash"]], ids=" ".join
)
def test_a_reader_that_goes_away_is_no_traceback(argv: list[str]) -> None:
    """Contract: `tideline ... | head -1` prints a line and nothing on standard error; the status is 141."""
    process = subprocess.Popen([*_TIDELINE, *argv], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    told = process.stderr.read()
    process.stderr.close()
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)

    assert (process.returncode, told) == (141, "")


@pytest.mark.parametrize(
    ("argv", "status", "told"),
    [
        ("config >&-", 1, "bootstrap=None"),
        ("ope --log - --policy uniform <&-", 1, "it is empty"),
        ("config 2>&-", 1, ""),
    ],
)
def test_a_stream_that_a_shell_has_closed_is_that_of_nobody(argv: str, status: int, told: str) -> None:
    """Contract: `<&-`, `>&-` and `2>&-` end a command as /dev/null in their place would."""
    done = subprocess.run(
        ["/bin/sh", "-c", f"exec {' '.join(_TIDELINE)} {argv}"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "Traceback" in done.stderr, told in done.stderr) == (status, False, True)


_FAILING = {
    "stack": ["status", "--name", "absent"],
    "topics": ["--bootstrap", "h:1", "--config", "absent.json"],
    "doctor": ["--stack", "absent"],
    "probe": ["--once", "--stack", "absent"],
    "push": ["status", "--stack", "absent"],
    "push_sender": ["--to-log", "sent.jsonl", "--stack", "absent"],
    "console": ["--stack", "absent"],
    "config": ["--config", "absent.toml"],
    "submit": ["live", "--stack", "absent"],
    "backfill": ["--stack", "absent"],
    "control": ["republish", "id=1", "--stack", "absent"],
    "erase": ["u1", "--stack", "absent"],
    "person": ["u1", "--export", "new", "--stack", "absent"],
    "diff": ["monday", "--stack", "absent"],
    "promote": ["monday", "--stack", "absent"],
    "rollback": ["monday", "--stack", "absent"],
    "drop": ["monday", "--stack", "absent"],
    "explain": ["u1", "--stack", "absent"],
    "archive": ["--stack", "absent", "--to", "here"],
    "package": ["--out", "/proc/absent/here"],
    "list": ["u1", "--stack", "absent"],
    "activity": ["show", "--stack", "absent"],
    "variants": ["status", "c08-0042", "--log", "absent.parquet"],
    "send": ["u1", "--category", "CHEESE", "--stack", "absent"],
    "report": ["--log", "absent.parquet"],
    "export": ["--stack", "absent", "--out", "x.parquet"],
    "ope": ["--log", "absent.parquet", "--policy", "uniform"],
    "pareto": ["--log", "absent.parquet", "--policy", "linucb", "--objective", "revenue"],
    "experiment": ["status", "--id", "spring", "--log", "absent.parquet"],
    "model": ["rollback", "--registry", "absent"],
    "replay": ["--name", "x", "--from", "0", "--to", "1", "--stack", "absent"],
    "bench": ["encoder", "--model", "absent"],
}
"""What fails of each verb, without anything running. Of the others: a demo and tests start what they need."""
_CANNOT_FAIL = {"completion", "demo", "test"}
_WRONG = {"list": [], "test": ["no-layer"], "demo": ["--no-such"]}
"""Command lines that are wrong, where an unknown order or option is not."""


def test_every_verb_is_asked_for_its_statuses() -> None:
    assert _FAILING.keys() | _CANNOT_FAIL == BY_NAME.keys()


@pytest.mark.parametrize("verb", _FAILING)
def test_what_fails_ends_with_1_and_one_line(
    verb: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Contract: exit status 1, nothing on standard output, and a last line that names the verb."""
    monkeypatch.chdir(tmp_path)
    assert main([verb, *_FAILING[verb]]) == Exit.FAILED
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines()[-1].startswith(verb)


@pytest.mark.parametrize("verb", BY_NAME)
def test_a_wrong_command_line_ends_with_2_and_usage(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: exit status 2 and usage on standard error, before anything is done."""
    with pytest.raises(SystemExit) as ended:
        main([verb, *_WRONG.get(verb, ["--no-such", "-x", "y"])])
    assert ended.value.code == Exit.USAGE
    assert capsys.readouterr().err.startswith("usage: tideline ")


def test_what_is_said_is_json_where_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Contract: one object a line, with the level; what a command prints as its result stays as it is."""
    failed("probe", ConfigError("--listen", "x:1", "an address\nof here"))
    assert capsys.readouterr().err == "probe: --listen='x:1' cannot be used; allowed: an address\nof here\n"
    monkeypatch.setenv("TIDELINE_LOG", "json")
    failed("probe", ConfigError("--listen", "x:1", "an address\nof here"))
    tell("console", "stopped")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(each["level"], each["logger"]) for each in lines] == [
        ("ERROR", "tideline.probe"),
        ("INFO", "tideline.console"),
    ]
    assert lines[0]["message"].startswith("--listen='x:1' cannot be used")


def test_a_full_disk_is_told_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: where the files of a command go that it does not keep is named; of other errors nothing is added."""
    assert failed("report", OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))) == Exit.FAILED
    assert "No space left on device; make room, or let TMPDIR name a folder" in capsys.readouterr().err
    failed("report", OSError(errno.EACCES, os.strerror(errno.EACCES)))
    assert "TMPDIR" not in capsys.readouterr().err
