"""The learner: the feedback of a publish interval into exact sums per activity, and policy rows out of them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
from pyflink.common import Row, Types
from pyflink.datastream.functions import KeyedProcessFunction, RuntimeContext
from pyflink.datastream.state import MapStateDescriptor, ValueStateDescriptor

from udfs.batch_rows import ACTIVITY, ORDER
from udfs.core.activity import decode_activity
from udfs.core.activity_features import features_of
from udfs.core.control import LoadModel, PublishPolicy, SetExperiment, decode_control
from udfs.core.errors import InvalidEvent
from udfs.core.experiment import regressions_on_trial
from udfs.core.feedback import gather_feedback
from udfs.core.intake import admit, take
from udfs.core.learning import Forgetting, decode_sums, encode_sums
from udfs.core.policy import make_policy
from udfs.core.policy_table import encode_row
from udfs.core.publication import activity_of, encoder_of, every_name, publication
from udfs.core.watch import ALARM_AT, Clicks, Watch, entropy
from udfs.metrics import Meters

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from jobs.config import JobConfig
    from udfs.core.regression import Regression


class Learner(KeyedProcessFunction):
    """One key holds the sums of all activities: the prior and the total they share are then of one moment."""

    def __init__(self, config: JobConfig) -> None:
        self._config = config

    def open(self, context: RuntimeContext) -> None:
        """Name the states: sums by "encoder|activity", features by activity, newest time, experiment."""
        self._sums = context.get_map_state(MapStateDescriptor("sums", Types.STRING(), Types.PICKLED_BYTE_ARRAY()))
        self._newest = context.get_state(ValueStateDescriptor("newest_ms", Types.LONG()))
        self._experiment = context.get_state(ValueStateDescriptor("experiment", Types.PICKLED_BYTE_ARRAY()))
        self._features = context.get_map_state(
            MapStateDescriptor("features", Types.STRING(), Types.PICKLED_BYTE_ARRAY())
        )
        self._how = make_policy(self._config.policy).regression
        self._forgetting = Forgetting(round(self._config.half_life_days * 86_400_000))
        self._meters = Meters(context)
        self._watch = Watch()

    def process_element(self, row: Row, ctx: Any) -> Iterator[Row]:
        """Add the feedback of a publish interval to the sums and publish what it changed, obey, or note an activity."""
        if row[0] == ORDER:
            yield from self._obey(row[1][0])
        elif row[0] == ACTIVITY:
            self._note(*row[1])
        else:
            yield from self._publish(self._learn(row[1]))

    def _learn(self, parts: Sequence[bytes]) -> list[str]:
        """Add feedback to the sums; return the names of those it changed, for an encoder's first every activity's."""
        ids, rows = gather_feedback(parts)
        known = set(self._sums.keys())
        rows, newest, refused = admit(ids, rows, self._forgetting, self._newest_bucket())
        self._newest.update(self._forgetting.start_ms(newest))
        changed = []
        clicks = Clicks()
        for encoder, place in sorted(set(zip(rows["encoder"].tolist(), rows["activity"].tolist(), strict=True))):
            name = f"{encoder}|{ids[place]}"
            mine = rows[(rows["encoder"] == encoder) & (rows["activity"] == place)]
            added = take(decode_sums(self._sums.get(name), self._forgetting), mine, self._forgetting, newest)
            refused += added.refused
            clicks = clicks.with_more(self._watch.see(name, added.rows))
            self._sums.put(name, encode_sums(added.sums, self._forgetting))
            changed.append(name)
        milli = {f"{name}_clicks_milli": round(1000 * count) for name, count in clicks._asdict().items()}
        aside = {f"feedback_refused_{reason}": count for reason, count in refused.items()}
        self._meters.add({"feedback_rows": rows.size, **milli, **aside})
        for encoder in {encoder_of(name) for name in changed} - {encoder_of(name) for name in known}:
            changed += every_name(encoder, known)
        return changed

    def _newest_bucket(self) -> int | None:
        newest_ms = self._newest.value()
        return None if newest_ms is None else self._forgetting.bucket_at(newest_ms)

    def _note(self, key: bytes, value: bytes) -> None:
        try:
            activity = decode_activity(key, value)
        except InvalidEvent:
            return  # counted and logged where the activity is broadcast
        if activity is not None:
            self._features.put(activity.activity_id, features_of(activity).tobytes())

    def _obey(self, value: bytes) -> Iterator[Row]:
        try:
            control = decode_control(value)
        except InvalidEvent:
            return  # counted and logged where the order is broadcast
        order = control.order if control is not None else None
        if isinstance(order, PublishPolicy):
            yield from self._publish(list(self._sums.keys()))
        elif isinstance(order, LoadModel):
            yield from self._publish(every_name(order.version, self._sums.keys()))
        elif isinstance(order, SetExperiment):
            self._experiment.update(value)
            yield from self._publish(list(self._sums.keys()))

    def _publish(self, names: list[str]) -> Iterator[Row]:
        if not names:
            return
        sums = {name: decode_sums(state, self._forgetting) for name, state in self._sums.items()}
        features = {name: np.frombuffer(each, np.int8) for name, each in self._features.items()}
        newest = self._newest_bucket() or 0
        rows = publication(sums, sorted(set(names)), self._forgetting, newest, self._how, features)
        self._watch.published(rows)
        self._show(sums)
        for how in self._on_trial():
            found = publication(sums, sorted(set(names)), self._forgetting, newest, how, features)
            rows += [(name, row._replace(regression=how.name)) for name, row in found]
        self._meters.add({"policy_rows_published": len(rows)})
        for activity_id, row in rows:
            key = "|".join(filter(None, (str(row.encoder), activity_id, row.regression)))
            yield Row(key.encode(), encode_row(row, activity_id))

    def _on_trial(self) -> list[Regression]:
        control = decode_control(self._experiment.value())
        order = control.order if control is not None else None
        return regressions_on_trial(order, self._how) if isinstance(order, SetExperiment) else []

    def _show(self, sums: Mapping[str, NDArray[Any]]) -> None:
        impressions: Counter[str] = Counter()
        for name, each in sums.items():
            impressions[activity_of(name)] += int(each["impressions"].sum())
        drift = self._watch.drift()
        self._meters.show("selection_entropy_milli", round(1000 * entropy(impressions)))
        self._meters.show("drift_z_milli", round(1000 * drift))
        self._meters.show("drift_alarm", int(abs(drift) > ALARM_AT))
