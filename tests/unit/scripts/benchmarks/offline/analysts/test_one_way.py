"""One way to read a log, alone in a process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tideline.scripts.benchmarks.offline.analysts import one_way
from tideline.scripts.benchmarks.offline.analysts.large_log import write_log
from tideline.scripts.parsers.bench_parser import ANALYST_WAYS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("analysts") / "log.parquet"
    write_log(path, 4_000)
    return path


def test_every_way_that_can_be_named_is_one() -> None:
    assert {"nothing", "table", *ANALYST_WAYS} == one_way.WAYS.keys()


@pytest.mark.parametrize("name", one_way.WAYS)
def test_every_way_reads_a_log(name: str, log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: it ends with what it took, and prints nothing else."""
    assert one_way.main([name, str(log)]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    found = json.loads(line)
    assert found.keys() == {"peak_mib", "seconds", "cpu_s"}
    assert found["peak_mib"] > 10
