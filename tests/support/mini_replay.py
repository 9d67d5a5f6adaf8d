"""A replay's own graph on a mini-cluster, with files for Kafka: `python mini_replay.py FOLDER NAME N RATE OPTION...`.

OPTIONs are those of the job.
FOLDER/records.json has the clickstream (key, value as text, partition, offset, time in ms), which comes at RATE records
a second, FOLDER/activities.json what was told of activities (key, value in hex, time in ms), by offset;
where there is FOLDER/archived.json (stop by partition), they are read of FOLDER/archive.
FOLDER/policy-NAME gets what a replay with `--makes policy` publishes. Where FOLDER/fail-NAME is, a ranker takes it away
and raises as soon as there is a checkpoint to go back to; FOLDER/restored-NAME is where one began from it.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyflink.common import Configuration, Types, WatermarkStrategy
from pyflink.datastream import StreamExecutionEnvironment
from pyflink.datastream.connectors.number_seq import NumberSequenceSource
from pyflink.table import Schema

from tests.support.core_world import KEYS
from tideline.jobs import archived, gather, inputs, outputs, topology
from tideline.scripts.localstack.paths import FLINK_JARS, PYTHON, REPOSITORY
from tideline.udfs.core.policies.policy_start import PolicyStart, TopicRecord
from tideline.udfs.operators.interest_rank import InterestRank
from tideline.udfs.operators.past.read_archive import ReadArchive
from tideline.udfs.operators.relearning.relearn import Relearn
from tideline.udfs.operators.subtask import was_restored
from tideline.udfs.settings.job_config import ReplayConfig
from tideline.udfs.settings.option_sources import Loaded, load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pyflink.common import Row

_FOLDER, _NAME, _PARALLELISM, _RATE = Path(sys.argv[1]), *sys.argv[2:5]
_OPTIONS = sys.argv[5:]
_TOGETHER = 50
_BYTES = Types.PRIMITIVE_ARRAY(Types.BYTE())


def _activities(folder: str) -> list[TopicRecord]:
    told = json.loads((Path(folder) / "activities.json").read_text())
    return [
        TopicRecord(at, key.encode(), bytes.fromhex(value) if value else None, at_ms)
        for at, (key, value, at_ms) in enumerate(told)
    ]


class _Ranker(InterestRank):
    """The operator, told of topics that hold activities and nothing else."""

    folder, name = str(_FOLDER), _NAME

    def open(self, context: Any) -> None:
        from pathlib import Path  # of the worker: this class is sent to it by value

        self._home = Path(self.folder)
        if was_restored(context):
            (self._home / f"restored-{self.name}").touch()
        super().open(context)

    def process_element(self, row: Row, ctx: Any) -> Iterator[Row]:
        yield from super().process_element(row, ctx)
        fail = self._home / f"fail-{self.name}"
        if fail.exists() and any(self._home.glob(f"checkpoints-{self.name}/*/chk-*/_metadata")):
            fail.unlink(missing_ok=True)
            raise RuntimeError("on purpose")

    def _read(self, topic: str) -> Any:
        return _activities(self.folder) if topic == self._config.topics.activities else ()

    def _read_policy(self, pinned: int | None) -> PolicyStart:
        return PolicyStart([], 0, 0, whole=True)


class _Learner(Relearn):
    """The operator, told of the same topics."""

    folder = str(_FOLDER)

    def _read(self, topic: str) -> Any:
        return _activities(self.folder) if topic == self._config.topics.activities else ()


class _Archive(ReadArchive):
    """The operator, which reads each part when it is due."""

    per_s = int(_RATE)

    def flat_map(self, number: int) -> Iterator[Row]:
        import time

        time.sleep(_TOGETHER / self.per_s)
        yield from super().flat_map(number)


class _Record:
    """The record of a number, each when it is due."""

    def __init__(self) -> None:
        self._folder, self._per_s, self._passed = str(_FOLDER), int(_RATE), 0
        self._records: list[tuple[str, str, int, int, int]] = []

    def __call__(self, value: int) -> Row:
        import json
        import time
        from pathlib import Path

        from pyflink.common import Row

        if not self._records:
            self._records = json.loads((Path(self._folder) / "records.json").read_text())
        self._passed += 1
        if self._passed % _TOGETHER == 0:  # in the source's own thread, which sends a barrier in between
            time.sleep(_TOGETHER / self._per_s)
        key, text, partition, offset, at_ms = self._records[value]
        return Row(key.encode(), text.encode(), partition, offset, at_ms)


def _from_files(tables: Any, name: str, topic: str, config: object, scan: Mapping[str, str]) -> None:
    last = len(json.loads((_FOLDER / "records.json").read_text())) - 1
    # Each partition in its order: from two subtasks, or dealt out in turn, it would be another one each time.
    numbers = ENVIRONMENT.from_source(NumberSequenceSource(0, last), WatermarkStrategy.no_watermarks(), "numbers")
    columns = {"k": _BYTES, "v": _BYTES, "part": Types.INT(), "off": Types.LONG(), "tms": Types.LONG()}
    of_record = Types.ROW_NAMED(list(columns), list(columns.values()))
    records = numbers.set_parallelism(1).map(_Record(), of_record).set_parallelism(1)
    records = records.key_by(lambda row: row[2], Types.INT()).map(lambda row: row, of_record)
    builder = Schema.new_builder()
    for column, kind in {"k": "BYTES", "v": "BYTES", "part": "INT", "off": "BIGINT", "tms": "BIGINT"}.items():
        builder = builder.column(column, kind)
    schema = builder.column_by_expression("ts", "TO_TIMESTAMP_LTZ(tms, 3)").build()
    tables.create_temporary_view(name, records, schema)


def _to_files(tables: Any, name: str, topic: str, config: object, columns: str) -> None:
    to = f"'connector' = 'filesystem', 'path' = '{_FOLDER / f'policy-{_NAME}'}', 'format' = 'json'"
    to = to if name == "policy_out" else "'connector' = 'blackhole'"
    tables.execute_sql(f"CREATE TEMPORARY TABLE {name} ({columns.replace(' METADATA', '')}) WITH ({to})")


def _environment() -> StreamExecutionEnvironment:
    settings = Configuration()
    for key, value in {
        "python.execution-mode": "thread",
        "python.executable": str(PYTHON),
        "python.client.executable": str(PYTHON),
        "execution.checkpointing.interval": "300 ms",
        "execution.checkpointing.dir": (_FOLDER / f"checkpoints-{_NAME}").as_uri(),
        "restart-strategy.type": "fixed-delay",
        "restart-strategy.fixed-delay.attempts": "3",
        "restart-strategy.fixed-delay.delay": "100 ms",
        "taskmanager.numberOfTaskSlots": "2",
    }.items():
        settings.set_string(key, value)
    environment = StreamExecutionEnvironment.get_execution_environment(settings)
    environment.add_jars(*(f"file://{jar}" for jar in sorted(FLINK_JARS.glob("*.jar"))))
    return environment


ENVIRONMENT = _environment()


def _range() -> list[str]:
    """Return the options that say what is read: of an archive, where there is one, from all of its offsets."""
    ends = _FOLDER / "archived.json"
    if not ends.exists():
        return ["--from-ms", "1", "--to-ms", "2"]
    stops = json.loads(ends.read_text())
    begins = json.dumps(dict.fromkeys(stops, 0))
    return ["--archive", str(_FOLDER / "archive"), "--from-offsets", begins, "--to-offsets", json.dumps(stops)]


def main() -> None:
    """Run it to its end."""
    flags = ["--name", _NAME, "--bootstrap", "127.0.0.1:1", "--salt", "s", "--parallelism", _PARALLELISM]
    flags += ["--encoder", str(REPOSITORY / "models" / "artefacts" / "demo-1")]
    flags += ["--half-life-days", "0", *_range(), *_OPTIONS]
    secrets = {
        "TIDELINE_REDIS_URL": os.environ["REDIS_URL"],
        "TIDELINE_TOKEN_KEYS": json.dumps({at: key.hex() for at, key in KEYS.secrets.items()}),
    }
    others = [(inputs, "_create", _from_files), (outputs, "_create", _to_files), (topology, "InterestRank", _Ranker)]
    for module, name, other in [*others, (topology, "Relearn", _Learner), (archived, "ReadArchive", _Archive)]:
        setattr(module, name, other)
    # Records that come at once are to come as several batches.
    gather._MOST_RECORDS = archived._PART_OFFSETS = 50
    topology.build(ENVIRONMENT, Loaded(load(ReplayConfig, flags, secrets), {}))
    ENVIRONMENT.execute(_NAME)


if __name__ == "__main__":
    main()
