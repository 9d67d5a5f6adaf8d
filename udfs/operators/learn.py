"""The learner in the job: its state, one call of `core.learning.learner` for each row, and what it publishes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pyflink.common import Row, Types
from pyflink.datastream.functions import KeyedProcessFunction, RuntimeContext
from pyflink.datastream.state import ValueStateDescriptor

from tideline.schemas.errors import InvalidRecord
from tideline.udfs.core.control.control import Audience, LoadModel, PublishPolicy, SetExperiment, decode_for
from tideline.udfs.core.experiments.experiment import regressions_on_trial
from tideline.udfs.core.policies.arm_key import COSTS_KEY, PUSH_KEY
from tideline.udfs.core.policies.fence import Claim, check_entry, epoch_of
from tideline.udfs.core.push.learned.push_feedback import is_push_rows
from tideline.udfs.core.rule_costs.days import is_costs, with_more
from tideline.udfs.core.rule_costs.telling import begins_a_day, waited
from tideline.udfs.io.job_log import speak_as
from tideline.udfs.io.kafka_cluster import KafkaCluster
from tideline.udfs.io.topic_reader import read_last
from tideline.udfs.operators.batch_rows import ACTIVITY, ORDER
from tideline.udfs.operators.kept.kept_learner import KeptLearner
from tideline.udfs.operators.pushing.kept_pushes import KeptPushes
from tideline.udfs.operators.stop import failing_for_good, reading_what_is_learned
from tideline.udfs.operators.subtask import attempt_number, job_id, subtask_number, was_restored

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tideline.udfs.core.policies.regression import Regression
    from tideline.udfs.settings.job_config import JobConfig
    from tideline.udfs.settings.worker_config import WorkerConfig


class Entry(NamedTuple):
    """Which job this is, and whether rows of its epoch are there that state alone can tell to be its own."""

    job_id: str
    is_doubtful: bool


class Learn(KeyedProcessFunction):
    """One key holds the sums of all activities: the prior and the total they share are then of one moment."""

    def __init__(self, submitted: WorkerConfig[JobConfig]) -> None:
        self._submitted = submitted

    def open(self, context: RuntimeContext) -> None:
        """Name the states: what is learned, the experiment, which job writes, what rules cost, pushes."""
        self._context = context
        config = self._config = self._submitted.opened()
        self._entry: Entry | None = self._enter(context)
        self._kept = KeptLearner(context, config, config.epoch or 0)
        self._pushes = KeptPushes(context, config, self._kept.settings.decay, self._kept.meters)
        self._experiment = context.get_state(ValueStateDescriptor("experiment", Types.PICKLED_BYTE_ARRAY()))
        self._writer = context.get_state(ValueStateDescriptor("writer", Types.STRING()))
        self._costs = context.get_state(ValueStateDescriptor("rule_costs", Types.PICKLED_BYTE_ARRAY()))
        self._costs_wait = context.get_state(ValueStateDescriptor("rule_costs_wait", Types.LONG()))

    def _enter(self, context: RuntimeContext) -> Entry:
        """End the job where it must not write the policy topic: another one has, see fence.py."""
        speak_as("learner", subtask_number(context))
        config = self._config
        cluster = KafkaCluster(config.bootstrap, config.kafka_properties)
        own = Claim(config.epoch or 0, job_id(context))
        with failing_for_good(context):
            last = read_last(cluster, config.topics.policy)
            newest = None if last is None else epoch_of(last.value)
            restored, is_again = was_restored(context), attempt_number(context) > 0
            check_entry(
                config.topics.policy,
                own.epoch,
                newest,
                restored=restored,
                may_begin=config.without_state == "begin",
                may_be_own=restored or is_again,
            )
        if newest != own.epoch:  # else rows say more, and a twin from one savepoint may be about to end
            topic = config.topics.policy
            with cluster.producer(f"writing topic {topic}", f"Write on topic {topic}", acks="all") as producer:
                producer.send(topic, key=own.key).get(timeout=cluster.patience_s)
        return Entry(own.job, newest == own.epoch and not is_again)

    def _claim(self, entry: Entry) -> None:
        """Keep in state which job writes; end this one where rows of its epoch are those of another submission."""
        if self._writer.value() == entry.job_id:
            return
        with failing_for_good(self._context):
            own = self._config.epoch or 0
            if entry.is_doubtful:
                check_entry(self._config.topics.policy, own, own, restored=True, may_begin=False)
        self._writer.update(entry.job_id)

    def process_element(self, row: Row, ctx: Any) -> Iterator[Row]:
        """Add the feedback of a publish interval to the sums and publish what it changed, obey, or note an activity."""
        if self._entry is not None:  # now there is a key to read state by
            self._claim(self._entry)
            self._entry = None
            self._value_clicks(self._costs.value())
        if row[0] == ORDER:
            yield from self._obey(row[1][0])
        elif row[0] == ACTIVITY:
            yield from self._note(row[1][0], row[1][1] if len(row[1]) > 1 else None)
        else:
            costs, pushes, feedback = _sorted(row[1])
            yield from self._tell_costs(costs)  # before any rows: a publication ends with a prior
            yield from self._tell(self._pushes.learn(pushes))
            if feedback:
                yield from self._learn(feedback)

    def _tell_costs(self, costs: Sequence[bytes]) -> Iterator[Row]:
        """Add up what rules cost; publish it where a day has ended, else once a minute that brings something new."""
        kept, intervals = self._costs.value(), self._costs_wait.value() or 0
        if not (costs or intervals):
            return
        with reading_what_is_learned(self._context):
            record = with_more(kept, costs, self._config.epoch or 0, self._kept.settings.kept_front)
        self._value_clicks(record)
        intervals = 0 if begins_a_day(kept, costs) else waited(intervals, self._config.publish_ms)
        if costs:
            self._costs.update(record)
        self._costs_wait.update(intervals)
        if not intervals:
            yield Row(COSTS_KEY, record)

    def _tell(self, pushes: bytes | None) -> Iterator[Row]:
        if pushes is not None:
            yield Row(PUSH_KEY, pushes)

    def _value_clicks(self, record: bytes | None) -> None:
        """Let a click be worth, from the next publication on, what keeps the share that is asked for."""
        if record is not None:
            with reading_what_is_learned(self._context):
                self._kept.learner.value_clicks(record)

    def _learn(self, parts: Sequence[bytes]) -> Iterator[Row]:
        arms = self._kept.learn(parts)
        if self._kept.learner.ledgers:
            yield from self._kept.standings(self._kept.due())
        yield from self._kept.rows(arms, self._on_trial())

    def _note(self, key: bytes, value: bytes | None) -> Iterator[Row]:
        """Note an activity, or, without a value, that it was deleted; publish where it stands if that is another."""
        name = self._kept.note(key, value)
        if name is not None:
            yield from self._kept.standings(self._kept.learner.ledgers.all(name))

    def _obey(self, value: bytes) -> Iterator[Row]:
        try:
            control = decode_for(Audience.LEARNER, value)
        except InvalidRecord:
            return  # counted and logged where the command is broadcast
        command = control.command if control is not None else None
        if isinstance(command, LoadModel):
            yield from self._kept.rows(self._kept.take_up(command.version), self._on_trial())
        elif isinstance(command, PublishPolicy | SetExperiment):
            if isinstance(command, SetExperiment):
                self._experiment.update(value)
            yield from self._tell(self._pushes.record())
            yield from self._kept.standings(self._kept.learner.ledgers.all())
            yield from self._kept.rows(self._kept.learner.every_arm(), self._on_trial())

    def _on_trial(self) -> list[Regression]:
        control = decode_for(Audience.LEARNER, self._experiment.value())
        command = control.command if control is not None else None
        known = self._kept.settings.regression
        return regressions_on_trial(command, known) if isinstance(command, SetExperiment) else []


def _sorted(parts: Sequence[bytes]) -> tuple[list[bytes], list[bytes], list[bytes]]:
    """Return what of a publish interval is of costs, of pushes and of lists."""
    costs, others = [each for each in parts if is_costs(each)], [each for each in parts if not is_costs(each)]
    pushes = [each for each in others if is_push_rows(each)]
    return costs, pushes, [each for each in others if not is_push_rows(each)] if pushes else others
