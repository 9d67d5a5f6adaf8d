"""The learner in the job: its state, one call of `core.learning.learner` for each row, and what it publishes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from pyflink.common import Row, Types
from pyflink.datastream.functions import KeyedProcessFunction, RuntimeContext
from pyflink.datastream.state import MapStateDescriptor, ValueStateDescriptor

from tideline.schemas.errors import InvalidRecord
from tideline.udfs.core.budgets.ledgers import KeptLedgers
from tideline.udfs.core.budgets.standing import encode_standing
from tideline.udfs.core.catalogue.activity import decode_activity
from tideline.udfs.core.catalogue.activity_features import features_of
from tideline.udfs.core.control.control import Audience, LoadModel, PublishPolicy, SetExperiment, decode_for
from tideline.udfs.core.experiments.experiment import regressions_on_trial
from tideline.udfs.core.learning.learner import Kept, Learner, LearnerSettings
from tideline.udfs.core.learning.learning import Decay
from tideline.udfs.core.learning.monitoring import ALARM_AT, entropy
from tideline.udfs.core.policies.arm_key import COSTS_KEY, LedgerKey
from tideline.udfs.core.policies.by_name import make_policy
from tideline.udfs.core.policies.cold_start import scaled
from tideline.udfs.core.policies.fence import Claim, check_entry, epoch_of
from tideline.udfs.core.policies.policy_table import THETA_LIMIT, encode_row, row_key
from tideline.udfs.core.rewards.feedback import gather_feedback
from tideline.udfs.core.rule_costs.days import is_costs, with_more
from tideline.udfs.core.rule_costs.telling import begins_a_day, waited
from tideline.udfs.io.job_log import speak_as
from tideline.udfs.io.kafka_cluster import KafkaCluster
from tideline.udfs.io.topic_reader import read_last
from tideline.udfs.operators.batch_rows import ACTIVITY, ORDER
from tideline.udfs.operators.metrics import Meters
from tideline.udfs.operators.stop import failing_for_good, reading_what_is_learned
from tideline.udfs.operators.subtask import attempt_number, job_id, subtask_number, was_restored

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tideline.udfs.core.budgets.ledgers import ChangedLedgers, Due
    from tideline.udfs.core.policies.arm_key import ArmKey
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
        """Name the states: sums by arm; features, terms, ledgers, variants, standings by activity; costs; times."""
        self._context = context
        self._config = self._submitted.opened()
        self._entry: Entry | None = self._enter(context)
        self._sums = context.get_map_state(MapStateDescriptor("sums", Types.STRING(), Types.PICKLED_BYTE_ARRAY()))
        self._newest = context.get_state(ValueStateDescriptor("newest_ms", Types.LONG()))
        self._ordered = context.get_state(ValueStateDescriptor("ordered_encoder", Types.LONG()))
        self._turn = context.get_state(ValueStateDescriptor("turn", Types.STRING()))
        self._experiment = context.get_state(ValueStateDescriptor("experiment", Types.PICKLED_BYTE_ARRAY()))
        self._features = context.get_map_state(
            MapStateDescriptor("features", Types.STRING(), Types.PICKLED_BYTE_ARRAY())
        )
        self._ledgers = context.get_map_state(MapStateDescriptor("ledgers", Types.STRING(), Types.PICKLED_BYTE_ARRAY()))
        self._terms = context.get_map_state(MapStateDescriptor("terms", Types.STRING(), Types.PICKLED_BYTE_ARRAY()))
        self._told = context.get_map_state(MapStateDescriptor("standings", Types.STRING(), Types.PICKLED_BYTE_ARRAY()))
        self._writer = context.get_state(ValueStateDescriptor("writer", Types.STRING()))
        self._variants = context.get_map_state(
            MapStateDescriptor("variants", Types.STRING(), Types.PICKLED_BYTE_ARRAY())
        )
        self._costs = context.get_state(ValueStateDescriptor("rule_costs", Types.PICKLED_BYTE_ARRAY()))
        self._costs_wait = context.get_state(ValueStateDescriptor("rule_costs_wait", Types.LONG()))
        self._ledger_turn = context.get_state(ValueStateDescriptor("ledger_turn", Types.LONG()))
        self._ledger_ms = context.get_state(ValueStateDescriptor("ledger_ms", Types.LONG()))
        config = self._config
        _, conversion, revenue, _ = scaled(
            (config.weight_click, config.weight_conversion, config.weight_revenue, config.weight_cost)
        )
        self._settings = LearnerSettings(
            make_policy(config.policy).regression,
            Decay(round(config.half_life_days * 86_400_000)),
            round(config.attribution_days * 86_400_000),
            config.publish_ms,
            (conversion, revenue),
        )
        self._meters = Meters(context)
        self._restored: Learner | None = None

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
        if row[0] == ORDER:
            yield from self._obey(row[1][0])
        elif row[0] == ACTIVITY:
            yield from self._note(row[1][0], row[1][1] if len(row[1]) > 1 else None)
        else:
            costs, feedback = [[part for part in row[1] if is_costs(part) == each] for each in (True, False)]
            yield from self._tell_costs(costs)  # before any rows: a publication ends with a prior
            if feedback:
                yield from self._learn(feedback)

    def _tell_costs(self, costs: Sequence[bytes]) -> Iterator[Row]:
        """Add up what rules cost; publish it where a day has ended, else once a minute that brings something new."""
        kept, intervals = self._costs.value(), self._costs_wait.value() or 0
        if not (costs or intervals):
            return
        with reading_what_is_learned(self._context):
            record = with_more(kept, costs, self._config.epoch or 0)
        intervals = 0 if begins_a_day(kept, costs) else waited(intervals, self._config.publish_ms)
        if costs:
            self._costs.update(record)
        self._costs_wait.update(intervals)
        if not intervals:
            yield Row(COSTS_KEY, record)

    @property
    def _learner(self) -> Learner:
        """What is in the states, decoded at the first use: before, there is no key to read them by."""
        if self._restored is None:
            kept = Kept(
                dict(self._sums.items()),
                dict(self._features.items()),
                self._newest.value(),
                self._ordered.value(),
                self._turn.value() or "",
                KeptLedgers(
                    dict(self._ledgers.items()),
                    dict(self._terms.items()),
                    self._ledger_ms.value() or 0,
                    dict(self._told.items()),
                    self._ledger_turn.value() or 0,
                    dict(self._variants.items()),
                ),
            )
            with reading_what_is_learned(self._context):
                self._restored = Learner(self._settings, kept)
        return self._restored

    def _learn(self, parts: Sequence[bytes]) -> Iterator[Row]:
        with reading_what_is_learned(self._context):  # state holds what was on its way
            ids, feedback = gather_feedback(parts)
        learned = self._learner.learn(ids, feedback)
        self._newest.update(learned.newest_ms)
        for text, state in learned.kept.items():
            self._sums.put(text, state)
        for text in learned.removed:
            self._sums.remove(text)
        if learned.turn is not None:
            self._turn.update(learned.turn)
        if learned.ledgers is not None:
            self._keep(learned.ledgers)
        milli = {f"{name}_clicks_milli": round(1000 * count) for name, count in learned.clicks._asdict().items()}
        aside = {f"feedback_refused_{reason}": count for reason, count in learned.refused.items()}
        self._meters.add({"feedback_rows": learned.rows, **milli, **aside})
        if self._learner.ledgers:
            due = self._learner.ledgers.due()
            self._ledger_turn.update(due.turn)
            yield from self._publish_standings(due)
        yield from self._publish(learned.arms)

    def _keep(self, changed: ChangedLedgers) -> None:
        for name, state in changed.kept.items():
            self._ledgers.put(name, state)
        for name, state in changed.variants.items():
            self._variants.put(name, state)
        for name in changed.gone:
            self._ledgers.remove(name)
            self._variants.remove(name)
            self._terms.remove(name)
            self._told.remove(name)
        self._ledger_ms.update(changed.newest_ms)

    def _note(self, key: bytes, value: bytes | None) -> Iterator[Row]:
        """Note an activity's features and terms, or, without a value, that it was deleted; publish where it stands."""
        try:
            activity = decode_activity(key, value)
        except InvalidRecord:
            return  # counted and logged where the activity is broadcast
        learner = self._learner
        if activity is None:
            name = key.decode(errors="replace")
            self._features.remove(name)
            learner.note(name, None)
        else:
            features = features_of(activity)
            name = activity.activity_id
            self._features.put(name, features.tobytes())
            learner.note(name, features)
        terms = learner.ledgers.note(name, activity)
        of_variants = learner.ledgers.variant_sums(name)
        if of_variants is not None:
            self._variants.put(name, of_variants)
        else:
            self._variants.remove(name)
        if terms is not None and terms != self._terms.get(name):
            self._terms.put(name, terms)
            yield from self._publish_standings(learner.ledgers.all(name))

    def _obey(self, value: bytes) -> Iterator[Row]:
        try:
            control = decode_for(Audience.LEARNER, value)
        except InvalidRecord:
            return  # counted and logged where the command is broadcast
        command = control.command if control is not None else None
        if isinstance(command, LoadModel):
            arms = self._learner.take_up(command.version)
            self._ordered.update(command.version)
            yield from self._publish(arms)
        elif isinstance(command, PublishPolicy | SetExperiment):
            if isinstance(command, SetExperiment):
                self._experiment.update(value)
            yield from self._publish_standings(self._learner.ledgers.all())
            yield from self._publish(self._learner.every_arm())

    def _publish_standings(self, due: Due) -> Iterator[Row]:
        """Publish where activities stand with their budgets and floors, and keep what was told."""
        for name, standing in due.standings:
            value = encode_standing(name, standing._replace(epoch=self._config.epoch or 0))
            self._told.put(name, value)
            yield Row(LedgerKey(name).value, value)
        self._meters.show("activities_stopped", due.stopped)

    def _publish(self, arms: Iterable[ArmKey]) -> Iterator[Row]:
        rows = self._learner.publish(arms, self._on_trial())
        if not rows:
            return
        self._show()
        largest = np.abs(np.array([row.theta for _, row in rows])).max(axis=(1, 2))
        cut = int(np.count_nonzero(largest >= THETA_LIMIT))
        self._meters.add({"policy_rows_published": len(rows), "policy_rows_cut": cut})
        epoch = self._config.epoch or 0
        for activity_id, row in rows:
            yield Row(row_key(activity_id, row).value, encode_row(row._replace(epoch=epoch), activity_id))

    def _on_trial(self) -> list[Regression]:
        control = decode_for(Audience.LEARNER, self._experiment.value())
        command = control.command if control is not None else None
        return regressions_on_trial(command, self._settings.regression) if isinstance(command, SetExperiment) else []

    def _show(self) -> None:
        drift = self._learner.drift()
        self._meters.show("selection_entropy_milli", round(1000 * entropy(self._learner.impressions())))
        self._meters.show("drift_z_milli", round(1000 * drift))
        self._meters.show("drift_alarm", int(abs(drift) > ALARM_AT))
