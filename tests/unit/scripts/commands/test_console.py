"""The console as a process: `tideline console` in front of what is there, which may be nothing."""

from __future__ import annotations

import argparse
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests.support.doc_pages import ROOT
from tideline.schemas.errors import ConfigError
from tideline.scripts.audit.decision_scores import Ranking
from tideline.scripts.commands.console import main, sources_of, with_job_options
from tideline.scripts.parsers.verbs import parse

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["--redis-url", "redis://127.0.0.1:1", "--host", "192.0.2.1"], "--token-file"),
        (["--redis-url", "redis://127.0.0.1:1", "--allow-writes", "*"], "--allow-writes"),
        (["--redis-url", "redis://127.0.0.1:1", "--token-file", "/absent"], "--token-file"),
        (["--stack", "absent"], "is not up"),
    ],
)
def test_what_cannot_begin_is_refused_in_a_line(argv: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 1
    shown = capsys.readouterr()
    assert (shown.out, told in shown.err, shown.err.count("\n")) == ("", True, 1)


def test_parts_that_are_not_named_are_not_there() -> None:
    found = sources_of(given("--redis-url", "redis://127.0.0.1:1"))
    assert (found.kafka, found.flink, found.metrics) == (None, None, None)
    whole = ["--bootstrap", "h:1", "--flink", "http://h:2", "--metrics", "http://h:3", "--metrics", "http://h:4"]
    found = sources_of(given("--redis-url", "redis://127.0.0.1:1", *whole))
    assert None not in (found.kafka, found.flink, found.metrics)


def given(*argv: str) -> argparse.Namespace:
    """Return a command line as the console takes it."""
    arguments = parse("console", argv)
    with_job_options(arguments)
    return arguments


_JOB = """
name = "shop"
bootstrap = "kafka-1:9093"
kafka_properties_file = "{folder}/kafka.properties"
redis_url_file = "{folder}/redis.url"
prefix = "shop"
policy = "linucb:alpha=0.5"
weight_conversion = 8.0
[topics]
control = "shop-orders"
"""


def test_the_job_s_own_options_name_a_deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: what submit took serves the console, its scores too; the command line wins over it."""
    monkeypatch.delenv("TIDELINE_REDIS_URL", raising=False)
    (tmp_path / "kafka.properties").write_text("security.protocol=SSL\n")
    (tmp_path / "redis.url").write_text("redis://cache:6379/0")
    (tmp_path / "redis.url").chmod(0o600)
    file = tmp_path / "job.toml"
    file.write_text(_JOB.format(folder=tmp_path))
    arguments = parse("console", ["--job-config", str(file), "--prefix", "other"])
    ranking = with_job_options(arguments)
    assert ranking == Ranking("linucb:alpha=0.5", (1.0, 8.0, 0.0, 0.0))
    assert (arguments.job, arguments.prefix, arguments.bootstrap) == ("shop", "other", "kafka-1:9093")
    assert (arguments.config, arguments.redis_url_file) == (tmp_path / "kafka.properties", tmp_path / "redis.url")
    assert arguments.topics.control == "shop-orders"
    elsewhere = given("--job-config", str(file), "--bootstrap", "k:1")
    assert (elsewhere.bootstrap, elsewhere.config, elsewhere.redis_url_file) == ("k:1", None, None)
    assert (given("--stack", "demo").job, given("--stack", "demo").prefix) == ("tideline", "tideline")


def test_a_job_s_options_that_the_job_would_refuse_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "job.toml"
    file.write_text('policy = "none-such"\n')
    assert main(["--job-config", str(file)]) == 1
    with pytest.raises(ConfigError, match="policy='none-such' cannot be used"):
        given("--job-config", str(file))


def test_it_serves_with_nothing_behind_it_and_ends_when_told(tmp_path: Path) -> None:
    """Contract: it prints its address once it listens, refuses who has no session, and leaves no traceback."""
    command = [sys.executable, "-m", "tideline.scripts.commands.tideline", "console", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--redis-url", "redis://127.0.0.1:1", "--flink", "http://127.0.0.1:1"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        told = process.stdout.readline()
        found = re.fullmatch(r"console (http://127\.0\.0\.1:\d+/)#/health\?token=([\w-]{40,})\n", told)
        assert found, told
        with urllib.request.urlopen(found[1], timeout=60) as page:  # noqa: S310 - its own address
            assert b'<div id="app">' in page.read()
            assert page.headers["server"] is None
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{found[1]}api/health", timeout=60)  # noqa: S310 - its own address
        assert refused.value.code == 401
        refused.value.close()
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert errors == "console: interrupted\n"
    assert process.returncode == 130


def test_it_imports_neither_flink_nor_torch() -> None:
    """Contract: `pip install 'tideline[console]'` is enough; pyarrow looks for pandas, and goes without."""
    code = "import sys, tideline.scripts.commands.console; print(*{m.split('.')[0] for m in sys.modules})"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"pyflink", "torch", "apache_beam", "onnxruntime", "matplotlib"} & set(ran.stdout.split())
