"""A replay's own graph on a mini-cluster, with files in Kafka's place: `python mini_replay.py FOLDER REDIS_URL NAME N`.

FOLDER/records has the clickstream as tab-separated files (key, value as JSON text, partition, offset, time in ms),
FOLDER/activities.json the activities, by offset. Where FOLDER/fail-NAME is, the first ranker that has worked takes it
away and raises: Flink goes back to the last checkpoint, or to the beginning.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyflink.common import Configuration
from pyflink.datastream import StreamExecutionEnvironment

from tests.support.core_world import KEYS
from tideline.jobs import inputs, outputs, topology
from tideline.scripts.localstack.paths import FLINK_JARS, PYTHON, REPOSITORY
from tideline.udfs.core.policies.policy_start import PolicyStart, TopicRecord
from tideline.udfs.operators.interest_rank import InterestRank
from tideline.udfs.settings.job_config import ReplayConfig
from tideline.udfs.settings.option_sources import Loaded, load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pyflink.common import Row

_FOLDER, _REDIS, _NAME, _PARALLELISM = Path(sys.argv[1]), *sys.argv[2:5]


class _Ranker(InterestRank):
    """The operator, told of topics that hold activities and nothing else."""

    folder, name = str(_FOLDER), _NAME

    def open(self, context: Any) -> None:
        import json  # of the worker: this class is sent to it by value
        from pathlib import Path

        self._activities = json.loads((Path(self.folder) / "activities.json").read_text())
        self._fail = Path(self.folder) / f"fail-{self.name}"
        self._worked = False
        super().open(context)

    def process_element(self, row: Row, ctx: Any) -> Iterator[Row]:
        yield from super().process_element(row, ctx)
        if self._worked and self._fail.exists():
            self._fail.unlink(missing_ok=True)
            raise RuntimeError("on purpose")
        self._worked = True

    def _read(self, topic: str) -> Any:
        if topic != self._config.topics.activities:
            return
        for offset, (key, value) in enumerate(self._activities):
            yield TopicRecord(offset, key.encode(), bytes.fromhex(value), 0)

    def _read_policy(self, pinned: int | None) -> PolicyStart:
        return PolicyStart([], 0, 0, whole=True)


def _from_files(tables: Any, name: str, topic: str, config: object, scan: Mapping[str, str], time: str) -> None:
    tables.execute_sql(f"""
        CREATE TEMPORARY TABLE {name} (
          ks STRING, vs STRING, part INT, off BIGINT, tms BIGINT, k AS CAST(ks AS BYTES), v AS CAST(vs AS BYTES),
          ts AS TO_TIMESTAMP_LTZ(tms, 3), {time}
        ) WITH ('connector' = 'filesystem', 'path' = '{_FOLDER / "records"}', 'format' = 'csv',
          'csv.field-delimiter' = '\\t', 'csv.disable-quote-character' = 'true')""")


def _to_nobody(tables: Any, name: str, topic: str, config: object, columns: str) -> None:
    tables.execute_sql(
        f"CREATE TEMPORARY TABLE {name} ({columns.replace(' METADATA', '')}) WITH ('connector' = 'blackhole')"
    )


def main() -> None:
    """Run it to its end."""
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
    flags = ["--name", _NAME, "--bootstrap", "127.0.0.1:1", "--from-ms", "1", "--to-ms", "2", "--salt", "s"]
    flags += ["--encoder", str(REPOSITORY / "models" / "artefacts" / "demo-1"), "--parallelism", _PARALLELISM]
    secrets = {
        "TIDELINE_REDIS_URL": _REDIS,
        "TIDELINE_TOKEN_KEYS": json.dumps({at: key.hex() for at, key in KEYS.secrets.items()}),
    }
    others = ((inputs, "_create", _from_files), (outputs, "_create", _to_nobody), (topology, "InterestRank", _Ranker))
    for module, name, other in others:
        setattr(module, name, other)
    # Files are read in no time: batches are to come while they are, and not all at the end.
    inputs._REPLAY_TIME = inputs._REPLAY_TIME.replace("'5'", "'0'")
    topology.build(environment, Loaded(load(ReplayConfig, flags, secrets), {}))
    environment.execute(_NAME)


if __name__ == "__main__":
    main()
