"""Contract: the job notes into the folder it is submitted from; TaskManagers log their pauses, else as configured."""

from __future__ import annotations

from pathlib import Path

from ruamel.yaml import YAML

from tideline.scripts.benchmarks.live.second import noted
from tideline.scripts.benchmarks.live.second.one_second import noting_entry, settings_with_pauses
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
