"""Runs the test layers, the longest beside the others, and prints a table of counts: `tideline test`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from tideline.scripts.benchmarks.peers.peer_python import ONE_THREAD
from tideline.scripts.localstack.busy_loops import busy
from tideline.scripts.parsers.test_parser import LAYERS, WHEN_NAMED
from tideline.scripts.parsers.verbs import parser_of

SIDE_BY_SIDE = {"unit": ["-n", "auto", "--maxprocesses", "4"]}
"""Of the layers whose tests share nothing. On two cores 1,300 tests take 30 s, 37 with a thread pool each."""
BESIDE_OTHERS = "integration"
"""The layer that mostly waits and takes as long as all others: beside them a run took 38 minutes, not 52."""
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Counts:
    """What one layer's run came to; `seconds` is wall time."""

    layer: str
    passed: int
    failed: int
    skipped: int
    seconds: float
    exit_status: int

    @property
    def good(self) -> bool:
        """Whether tests ran and none failed; a layer in which nothing ran has checked nothing."""
        return self.exit_status == 0 and self.passed > 0


def run_layers(layers: list[str]) -> list[Counts]:
    """Runs the layers one after the other, but `BESIDE_OTHERS` beside those that are not `slow`; in their order."""
    beside = [layer for layer in layers if layer == BESIDE_OTHERS]
    others = [layer for layer in layers if layer not in (BESIDE_OTHERS, "slow")]
    both = bool(beside and others)
    with ThreadPoolExecutor(2) as lanes:
        runs = [lanes.submit(_run_each, lane, is_named=both) for lane in (beside, others)]
        results = [result for run in runs for result in run.result()]
    results += _run_each([layer for layer in layers if layer == "slow"], is_named=False)
    return sorted(results, key=lambda result: layers.index(result.layer))


def _run_each(layers: list[str], *, is_named: bool) -> list[Counts]:
    return [run_layer(layer, is_named=is_named) for layer in layers]


def run_layer(layer: str, *, is_named: bool = False) -> Counts:
    """Runs the tests in tests/<layer> in a process of their own, its output shown as it comes.

    With `is_named` each line of it begins with the layer's name, as another one prints at the same time.
    """
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        options = [f"--junit-xml={report}", *SIDE_BY_SIDE.get(layer, [])]
        command = [sys.executable, "-m", "pytest", f"tests/{layer}", *options]
        environment = os.environ | (ONE_THREAD if layer in SIDE_BY_SIDE else {})
        exit_status = _run(command, environment, f"{layer:11} | " if is_named else None)
        passed, failed, skipped = count(report)
    return Counts(layer, passed, failed, skipped, time.monotonic() - started, exit_status)


def _run(command: list[str], environment: dict[str, str], prefix: str | None) -> int:
    output = None if prefix is None else subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, text=True, errors="replace") as process:
        for line in process.stdout or ():
            print(f"{prefix}{line}", end="", flush=True)
    return process.returncode


def count(report: Path) -> tuple[int, int, int]:
    """Passed, failed (errors outside a test too) and skipped tests of a JUnit report; zeros without one."""
    if not report.exists():
        return 0, 0, 0
    suites = list(ElementTree.parse(report).getroot().iter("testsuite"))  # noqa: S314 - pytest wrote it just now
    tests, failures, errors, skipped = (
        sum(int(suite.get(key, "0")) for suite in suites) for key in ("tests", "failures", "errors", "skipped")
    )
    return max(0, tests - failures - errors - skipped), failures + errors, skipped


def summary(results: list[Counts]) -> str:
    """A table with a row for each layer and the closing line."""
    lines = [f"\n{'layer':12} {'passed':>7} {'failed':>7} {'skipped':>8} {'seconds':>8}"]
    lines += [
        f"{r.layer:12} {r.passed:7} {r.failed:7} {r.skipped:8} {r.seconds:8.1f}"
        + ("" if r.passed + r.failed + r.skipped else "  no test ran")
        for r in results
    ]
    passed, failed, skipped = (sum(getattr(r, key) for r in results) for key in ("passed", "failed", "skipped"))
    lines.append(f"\n{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return "\n".join(lines)


def main(argv: list[str]) -> int:
    """Exit status 0 when every chosen layer ran at least one test and none failed."""
    parser = parser_of("test")
    given = parser.parse_args(argv)
    chosen = given.layers or LAYERS
    unknown = [layer for layer in chosen if layer not in (*LAYERS, *WHEN_NAMED)]
    if unknown:
        parser.error(f"unknown layer {unknown[0]!r}; allowed: {', '.join((*LAYERS, *WHEN_NAMED))}")
    with busy() if given.under_load else nullcontext():
        results = run_layers(list(dict.fromkeys(chosen)))
    for layer in sorted(WHEN_NAMED.keys() - chosen):
        print(f"\nnot run: {layer}, {WHEN_NAMED[layer]} (scripts/test {layer})")
    print(summary(results), flush=True)
    return 0 if all(result.good for result in results) else 1
