"""Contract: what Flink's processes say on their console is one JSON object a line where it is asked for, else text.

flink-conf/log4j-console.properties is read by Flink's own log4j; a JDK is on every machine that runs this layer.
"""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.waiting import PATIENCE_S
from tideline.scripts.localstack.paths import FLINK_CONF, FLINK_HOME, java

if TYPE_CHECKING:
    from pathlib import Path

_PROGRAM = r"""
import org.apache.logging.log4j.*;

public class Says {
  public static void main(String[] args) {
    Logger log = LogManager.getLogger("org.apache.flink.Says");
    ThreadContext.put("flink-job-id", "5f");
    log.info("a\nb {} \"}\u2028{{", "ü");
    ThreadContext.clearAll();
    log.warn("it failed", new IllegalStateException("one\ntwo"));
    log.debug("nobody reads this");
    LogManager.getLogger("org.apache.kafka.clients.Configuration").info("nor this");
  }
}
"""


def _said(folder: Path, form: str | None) -> bytes:
    """Return what a program with Flink's log4j and our settings writes to its console."""
    (folder / "Says.java").write_text(_PROGRAM, encoding="utf-8")
    environ = {key: value for key, value in os.environ.items() if key != "TIDELINE_LOG"}
    done = subprocess.run(
        [java(), "-Dfile.encoding=UTF-8", f"-Dlog.file={folder / 'says.log'}",
         f"-Dlog4j.configurationFile=file:{FLINK_CONF / 'log4j-console.properties'}",
         "-classpath", os.pathsep.join(map(str, sorted((FLINK_HOME / "lib").glob("log4j-*.jar")))),
         str(folder / "Says.java")],
        capture_output=True, check=True, timeout=PATIENCE_S,
        env=environ | ({} if form is None else {"TIDELINE_LOG": form}),
    )  # fmt: skip
    assert b"ERROR" not in done.stderr, done.stderr
    return done.stdout


def test_with_json_a_record_is_one_line(tmp_path: Path) -> None:
    """Contract: the keys of docs/operate.md; whatever is said or raised stays on its line."""
    lines = [json.loads(line) for line in _said(tmp_path, "json").splitlines()]
    assert [set(line) for line in lines] == [
        {"time", "level", "logger", "thread", "job", "message"},
        {"time", "level", "logger", "thread", "message", "error"},
    ]
    info, warn = lines
    assert (info["level"], info["job"], info["message"]) == ("INFO", "5f", 'a\nb ü "}\u2028{{')
    assert info["time"][10] + info["time"][-1] == "TZ"
    assert (warn["level"], warn["logger"]) == ("WARN", "org.apache.flink.Says")
    assert "IllegalStateException: one\ntwo" in warn["error"]
    assert "at Says.main" in warn["error"]


@pytest.mark.parametrize("form", [None, "text"])
def test_without_a_word_it_is_text(tmp_path: Path, form: str | None) -> None:
    first, *_ = _said(tmp_path, form).decode().splitlines()
    assert first.endswith("INFO  apache.flink.Says                        - a")
    assert "it failed" in (tmp_path / "says.log").read_text()
