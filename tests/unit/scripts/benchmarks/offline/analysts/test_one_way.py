"""One way to read a log or a clickstream, alone in a process."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

import tideline.models
from tideline.models.config import Config, with_file
from tideline.models.train_options import arguments
from tideline.scripts.benchmarks.offline.analysts import one_way
from tideline.scripts.benchmarks.offline.analysts.large_log import write_log
from tideline.scripts.benchmarks.offline.analysts.large_stream import write_stream
from tideline.scripts.parsers.bench_parser import ANALYST_WAYS


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("analysts") / "log.parquet"
    write_log(path, 4_000)
    return path


def test_every_way_that_can_be_named_is_one() -> None:
    assert {"nothing", "table", *ANALYST_WAYS} == one_way.WAYS.keys()


@pytest.mark.parametrize("name", [name for name in one_way.WAYS if name != "train"])
def test_every_way_reads_its_file(name: str, log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: it ends with what it took, and prints nothing else."""
    stream = log.with_name("stream.parquet")
    write_stream(stream, 2_000)
    write_stream(log.with_name(one_way.TEST), 300)
    assert one_way.main([name, str(stream if name in one_way.OF_A_STREAM else log)]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    found = json.loads(line)
    assert found.keys() == {"peak_mib", "seconds", "cpu_s"}
    assert found["peak_mib"] > 10


def test_training_is_given_its_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: on one thread, with parameters that training reads; what is written is gone."""
    given: dict[str, object] = {}

    def main(argv: list[str]) -> int:
        args = arguments(argv)
        given.update(vars(args), steps=with_file(Config(), args.params).steps)
        return 0

    monkeypatch.setitem(sys.modules, "tideline.models.train", fake := ModuleType("train"))
    monkeypatch.setattr(tideline.models, "train", fake, raising=False)
    fake.__dict__["main"] = main
    assert one_way.WAYS["train"](tmp_path / "stream.parquet") == 0
    assert (given["data"], given["threads"], given["steps"]) == (str(tmp_path / "stream.parquet"), 1, one_way.STEPS)
    assert not Path(str(given["params"])).exists()
