"""Contract: the job notes into the folder it is submitted from; TaskManagers log their pauses, else as configured."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ruamel.yaml import YAML

from tideline.scripts.benchmarks.live.second import noted
from tideline.scripts.benchmarks.live.second.one_second import noting_entry, one_second, settings_with_pauses
from tideline.scripts.localstack.paths import FLINK_CONF


def test_the_configured_options_of_a_taskmanager_stay(tmp_path: Path) -> None:
    key = "env.java.opts.taskmanager"
    configured = YAML(typ="safe").load(FLINK_CONF / "config.yaml")[key].split()

    (found,) = YAML(typ="safe").load(settings_with_pauses(tmp_path)).items()

    assert found[0] == key
    assert found[1].split() == [*configured, f"-Xlog:safepoint:file={tmp_path}/pauses.%p.log:tm"]


def test_the_job_that_notes_lies_where_its_notes_shall_be(tmp_path: Path) -> None:
    entry = noting_entry(tmp_path)

    assert entry.parent == tmp_path
    assert entry.read_text() == Path(noted.__file__).read_text()


class _Rest:
    def __init__(self, calls: list[str]) -> None:
        self._calls = calls

    def wait_running(self, job_id: str) -> None:
        self._calls.append(f"runs {job_id}")

    def get(self, path: str) -> dict[str, object]:
        return {"history": [{"trigger_timestamp": 1_000_500, "end_to_end_duration": 100}]}

    def cancel(self, job_id: str) -> None:
        self._calls.append(f"ended {job_id}")


class _Stage:
    """A stage whose job has noted one batch and its write, and whose TaskManager has paused once."""

    def __init__(self, folder: Path) -> None:
        self.calls: list[str] = []
        process = SimpleNamespace(name="taskmanager-1", pid=os.getpid())
        self.stack = SimpleNamespace(rest=_Rest(self.calls), processes=[process])
        self._folder = folder

    def topics(self, suffix: str, _activities_at_ms: int) -> SimpleNamespace:
        return SimpleNamespace(clickstream=f"clickstream-{suffix}")

    def start(self, topics: SimpleNamespace, options: dict[str, str], entry: Path) -> str:
        self.calls.append(f"{entry.name} on {topics.clickstream}, {options}")
        return "job-1"

    def send(self, topic: str) -> list[tuple[float, float]]:
        self.calls.append(f"sent to {topic}")
        pid = os.getpid()
        (self._folder / f"rank-{pid}.txt").write_text("batch 1000200.0 30.0 20.0 4 1000150.0 1000140.0 11\n")
        (self._folder / f"writer-{pid}.txt").write_text("write 1000240.0 6.0 2.0 4 11\n")
        (self._folder / f"pauses.{pid}.log").write_text(
            '[1000400ms] Safepoint "ParallelGCFailedAllocation", Time since last: 9 ns, Total: 40000000 ns\n'
        )
        return [(1_000_900.0, 50.0), (1_000_000.0, 300.0), (1_000_100.0, 250.0)]


def test_a_load_is_sent_to_a_noting_job_and_its_second_drawn(tmp_path: Path) -> None:
    """Contract: the job is ended, and all that was told stands in the picture of the second whose lists were latest."""
    stage: Any = _Stage(tmp_path)

    found = one_second(stage, tmp_path, {"parallelism": "1"}, stage.send)

    sent = ["noted.py on clickstream-second, {'parallelism': '1'}", "runs job-1", "sent to clickstream-second"]
    assert stage.calls == [*sent, "ended job-1"]
    lines = {name.strip(): line for name, _, line in (each.partition("|") for each in found.lines)}
    assert lines["tm 1 ranker"].index("B") == 20
    assert lines["tm 1 redis"].index("W") == 24
    assert lines["tm 1 paused"].index("G") == 36
    assert lines["checkpoint"].index("C") == 50
    assert lines["late, 100 ms"][:11].rstrip() == "3         2"
    assert found.parts_ms["median"] == {
        "to_python": 50.0,
        "in_python": 30.0,
        "of_it_on_a_core": 20.0,
        "to_writer": 10.0,
        "in_writer": 6.0,
    }
