"""The learner of a replay: what a range of the clickstream teaches, published once all of it is worked off."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyflink.common import Row, Types
from pyflink.datastream.functions import KeyedProcessFunction, RuntimeContext
from pyflink.datastream.state import ListStateDescriptor

from tideline.models.registry import verify
from tideline.schemas.errors import InvalidRecord
from tideline.udfs.core.control.control import Audience, SetExperiment, decode_for
from tideline.udfs.core.experiments.experiment import regressions_on_trial
from tideline.udfs.io.job_log import speak_as
from tideline.udfs.io.kafka_cluster import KafkaCluster
from tideline.udfs.io.topic_reader import read_topic
from tideline.udfs.operators.kept.kept_learner import KeptLearner
from tideline.udfs.operators.kept.tallies import END_MS
from tideline.udfs.operators.subtask import subtask_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tideline.udfs.core.policies.policy_start import TopicRecord
    from tideline.udfs.core.policies.regression import Regression
    from tideline.udfs.settings.job_config import JobConfig
    from tideline.udfs.settings.worker_config import WorkerConfig

_AT_ONCE_BYTES = 1 << 20
"""Of feedback that waits: each activity's sums are read and written once for so much of it, and not once a batch."""


class Relearn(KeyedProcessFunction):
    """One key, as of the live learner. Rows are whole numbers added up, so it leaves no trace how they are gathered."""

    def __init__(self, submitted: WorkerConfig[JobConfig]) -> None:
        self._submitted = submitted

    def open(self, context: RuntimeContext) -> None:
        """Read the activities and the commands as they are; name the states: what is learned, what waits for it."""
        speak_as("relearn", subtask_number(context))
        config = self._config = self._submitted.opened()
        self._cluster = KafkaCluster(config.bootstrap, config.kafka_properties)
        self._encoder = verify(Path(config.encoder)).version
        self._kept = KeptLearner(context, config, epoch=0)
        self._activities = list(self._read(config.topics.activities))
        self._on_trial = self._regressions(self._read(config.topics.control))
        self._waiting: Any = context.get_list_state(ListStateDescriptor("waiting", Types.PICKLED_BYTE_ARRAY()))
        self._bytes = -1
        """Of the feedback that waits; below 0 before there was a key to read it by."""

    def process_element(self, row: Row, ctx: Any) -> Iterable[Row]:
        """Take in the feedback of a batch."""
        self._begin()
        ctx.timer_service().register_event_time_timer(END_MS)
        self._waiting.add(row[0])
        self._bytes += len(row[0])
        if self._bytes >= _AT_ONCE_BYTES:
            self._learn()
        return ()

    def on_timer(self, timestamp: int, ctx: Any) -> Iterator[Row]:
        """Publish all that was learned: sums, standings, and rows under each encoder, the job's own too."""
        self._begin()
        self._learn()
        learner = self._kept.learner
        yield from self._kept.sums()
        yield from self._kept.standings(learner.ledgers.all())
        yield from self._kept.rows([*learner.every_arm(), *self._kept.take_up(self._encoder)], self._on_trial)

    def _begin(self) -> None:
        if self._bytes >= 0:
            return
        self._bytes = sum(map(len, self._waiting.get() or ()))
        for record in self._activities:
            if record.key is not None:
                self._kept.note(record.key, record.value)

    def _learn(self) -> None:
        parts = list(self._waiting.get() or ())
        if parts:
            self._kept.learn(parts)
            self._waiting.clear()
        self._bytes = 0

    def _regressions(self, commands: Iterable[TopicRecord]) -> list[Regression]:
        """Return in which other ways rows are solved: as the last experiment that was ordered says."""
        last = None
        for record in commands:
            try:
                control = decode_for(Audience.LEARNER, record.value)
            except InvalidRecord:
                continue  # logged by the ranker, which reads them too
            if control is not None and isinstance(control.command, SetExperiment):
                last = control.command
        return [] if last is None else regressions_on_trial(last, self._kept.settings.regression)

    def _read(self, topic: str) -> Iterable[TopicRecord]:
        return read_topic(self._cluster, topic)
