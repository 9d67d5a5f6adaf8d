"""The learner: the feedback of a publish interval into exact sums per activity, and policy rows out of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pyflink.common import Row, Types
from pyflink.datastream.functions import KeyedProcessFunction, RuntimeContext
from pyflink.datastream.state import MapStateDescriptor, ValueStateDescriptor

from tideline.schemas.errors import InvalidEvent
from tideline.udfs.core.catalogue.activity import decode_activity
from tideline.udfs.core.catalogue.activity_features import features_of
from tideline.udfs.core.control.control import Audience, LoadModel, PublishPolicy, SetExperiment, decode_for
from tideline.udfs.core.experiments.experiment import regressions_on_trial
from tideline.udfs.core.learning.knowledge import Knowledge
from tideline.udfs.core.learning.learning import Forgetting, decode_sums, encode_sums
from tideline.udfs.core.learning.publication import every_name, published
from tideline.udfs.core.learning.turn import turn
from tideline.udfs.core.learning.watch import ALARM_AT, Clicks, Watch, entropy
from tideline.udfs.core.policies.by_name import make_policy
from tideline.udfs.core.policies.fence import check_entry
from tideline.udfs.core.policies.policy_table import THETA_LIMIT, encode_row, epoch_of
from tideline.udfs.core.rewards.feedback import gather_feedback
from tideline.udfs.io.kafka_cluster import KafkaCluster
from tideline.udfs.io.topic_reader import read_last
from tideline.udfs.operators.batch_rows import ACTIVITY, ORDER
from tideline.udfs.operators.metrics import Meters
from tideline.udfs.operators.stop import failing_for_good
from tideline.udfs.operators.subtask import was_restored

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.policies.regression import Regression
    from tideline.udfs.settings.job_config import JobConfig


class Learner(KeyedProcessFunction):
    """One key holds the sums of all activities: the prior and the total they share are then of one moment."""

    def __init__(self, config: JobConfig) -> None:
        self._config = config

    def open(self, context: RuntimeContext) -> None:
        """Name the states: sums by "encoder|activity", features by activity, newest time, experiment, whose turn."""
        self._enter(context)
        self._sums = context.get_map_state(MapStateDescriptor("sums", Types.STRING(), Types.PICKLED_BYTE_ARRAY()))
        self._newest = context.get_state(ValueStateDescriptor("newest_ms", Types.LONG()))
        self._ordered = context.get_state(ValueStateDescriptor("ordered_encoder", Types.LONG()))
        self._turn = context.get_state(ValueStateDescriptor("turn", Types.STRING()))
        self._experiment = context.get_state(ValueStateDescriptor("experiment", Types.PICKLED_BYTE_ARRAY()))
        self._features = context.get_map_state(
            MapStateDescriptor("features", Types.STRING(), Types.PICKLED_BYTE_ARRAY())
        )
        self._how = make_policy(self._config.policy).regression
        self._forgetting = Forgetting(round(self._config.half_life_days * 86_400_000))
        self._meters = Meters(context)
        self._window_ms = round(self._config.attribution_days * 86_400_000)
        self._watch = Watch()
        self._kept: Knowledge | None = None
        self._kept_features: dict[str, NDArray[np.int8]] = {}

    def _enter(self, context: RuntimeContext) -> None:
        """End the job where it must not write the policy topic: another one has, see fence.py."""
        config = self._config
        with failing_for_good(context):
            last = read_last(KafkaCluster(config.bootstrap, config.kafka_properties), config.topics.policy)
            newest = None if last is None else epoch_of(last.value)
            may_begin = config.without_state == "begin"
            check_entry(config.topics.policy, config.epoch or 0, newest, was_restored(context), may_begin)

    def process_element(self, row: Row, ctx: Any) -> Iterator[Row]:
        """Add the feedback of a publish interval to the sums and publish what it changed, obey, or note an activity."""
        if row[0] == ORDER:
            yield from self._obey(row[1][0])
        elif row[0] == ACTIVITY:
            self._note(row[1][0], row[1][1] if len(row[1]) > 1 else None)
        else:
            yield from self._publish(self._learn(row[1]))

    @property
    def _known(self) -> Knowledge:
        """All that is in the states, decoded at the first use: before, there is no key to read them by."""
        if self._kept is None:
            newest_ms = self._newest.value()
            self._kept = Knowledge(
                {name: decode_sums(state, self._forgetting) for name, state in self._sums.items()},
                self._forgetting,
                None if newest_ms is None else self._forgetting.bucket_at(newest_ms),
            )
            self._kept_features = {name: np.frombuffer(each, np.int8) for name, each in self._features.items()}
        return self._kept

    def _learn(self, parts: Sequence[bytes]) -> list[str]:
        """Add feedback to the sums; return the names to publish: those it changed, those whose turn it is.

        Of an encoder's first feedback every activity's.
        """
        known = self._known
        before, named = known.encoders(), known.activities()
        learned = known.learn(*gather_feedback(parts))
        self._newest.update(self._forgetting.start_ms(known.newest))
        retired = known.retire(self._kept_features.keys(), self._window_ms)
        gone = [*learned.forgotten, *retired.names]
        clicks = Clicks()
        for name, rows in learned.rows.items():
            clicks = clicks.with_more(self._watch.see(name, rows))
        kept = {name: known.sums[name] for name in learned.rows if name in known.sums} | retired.together
        for name, sums in kept.items():
            self._sums.put(name, encode_sums(sums, self._forgetting))
        for name in gone:
            self._sums.remove(name)
        milli = {f"{name}_clicks_milli": round(1000 * count) for name, count in clicks._asdict().items()}
        aside = {f"feedback_refused_{reason}": count for reason, count in learned.refused.items()}
        self._meters.add({"feedback_rows": sum(rows.size for rows in learned.rows.values()), **milli, **aside})
        names = [*learned.rows, *gone, *self._due()]
        for encoder in set(known.encoders()) - set(before):
            names += [f"{encoder}|{activity}" for activity in named]
        return names

    def _due(self) -> list[str]:
        """Return the names that are published again without a change."""
        ordered = self._ordered.value()
        encoders = sorted({*self._known.in_use(), *([] if ordered is None else [ordered])})
        names = sorted(f"{encoder}|{activity}" for encoder in encoders for activity in self._known.activities())
        due = turn(names, self._turn.value() or "", self._config.publish_ms)
        if due:
            self._turn.update(due[-1])
        return due

    def _note(self, key: bytes, value: bytes | None) -> None:
        """Note an activity's features, or, without a value, that it was deleted."""
        try:
            activity = decode_activity(key, value)
        except InvalidEvent:
            return  # counted and logged where the activity is broadcast
        if activity is None:
            name = key.decode(errors="replace")
            self._features.remove(name)
            self._kept_features.pop(name, None)
        else:
            features = features_of(activity)
            self._features.put(activity.activity_id, features.tobytes())
            self._kept_features[activity.activity_id] = features

    def _obey(self, value: bytes) -> Iterator[Row]:
        try:
            control = decode_for(Audience.LEARNER, value)
        except InvalidEvent:
            return  # counted and logged where the command is broadcast
        command = control.command if control is not None else None
        if isinstance(command, PublishPolicy):
            yield from self._publish(list(self._known.sums))
        elif isinstance(command, LoadModel):
            self._ordered.update(command.version)
            yield from self._publish(every_name(command.version, self._known.sums))
        elif isinstance(command, SetExperiment):
            self._experiment.update(value)
            yield from self._publish(list(self._known.sums))

    def _publish(self, names: list[str]) -> Iterator[Row]:
        if not names:
            return
        names = sorted(set(names))
        rows = published(self._known, names, self._how, self._kept_features)
        self._watch.published(rows)
        self._show()
        for how in self._on_trial():
            found = published(self._known, names, how, self._kept_features)
            rows += [(name, row._replace(regression=how.name)) for name, row in found]
        largest = np.abs(np.array([row.theta for _, row in rows])).max(axis=(1, 2))
        cut = int(np.count_nonzero(largest >= THETA_LIMIT))
        self._meters.add({"policy_rows_published": len(rows), "policy_rows_cut": cut})
        for activity_id, row in rows:
            key = "|".join(filter(None, (str(row.encoder), activity_id, row.regression)))
            yield Row(key.encode(), encode_row(row._replace(epoch=self._config.epoch or 0), activity_id))

    def _on_trial(self) -> list[Regression]:
        control = decode_for(Audience.LEARNER, self._experiment.value())
        command = control.command if control is not None else None
        return regressions_on_trial(command, self._how) if isinstance(command, SetExperiment) else []

    def _show(self) -> None:
        drift = self._watch.drift()
        self._meters.show("selection_entropy_milli", round(1000 * entropy(self._known.impressions())))
        self._meters.show("drift_z_milli", round(1000 * drift))
        self._meters.show("drift_alarm", int(abs(drift) > ALARM_AT))
