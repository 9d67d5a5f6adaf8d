"""The learner: feedback into exact sums per activity, policy rows out of them at each publish tick."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pyflink.common import Row, Types
from pyflink.datastream.functions import KeyedProcessFunction, RuntimeContext
from pyflink.datastream.state import MapStateDescriptor, ValueStateDescriptor

from udfs.batch_rows import ORDER
from udfs.core.control import PublishPolicy, decode_control
from udfs.core.errors import InvalidEvent
from udfs.core.feedback import decode_feedback
from udfs.core.learning import Forgetting, add, decode_sums, encode_sums, forget
from udfs.core.policy_table import encode_row
from udfs.core.publication import publication
from udfs.metrics import Meters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobs.config import JobConfig


class Learner(KeyedProcessFunction):
    """One key holds the sums of all activities: the prior and the total they share are then of one moment."""

    def __init__(self, config: JobConfig) -> None:
        self._config = config

    def open(self, context: RuntimeContext) -> None:
        """Name the states: sums by "encoder|activity", and what changed since the last publication."""
        names = Types.STRING()
        self._sums = context.get_map_state(MapStateDescriptor("sums", names, Types.PICKLED_BYTE_ARRAY()))
        self._changed = context.get_map_state(MapStateDescriptor("changed", names, Types.BOOLEAN()))
        self._newest = context.get_state(ValueStateDescriptor("newest_bucket", Types.LONG()))
        self._timer = context.get_state(ValueStateDescriptor("timer", Types.BOOLEAN()))
        self._forgetting = Forgetting(round(self._config.half_life_days * 86_400_000))
        self._meters = Meters(context)

    def process_element(self, row: Row, ctx: Any) -> Iterator[Row]:
        """Add feedback to the sums, or publish everything when ordered to."""
        if row[0] == ORDER:
            yield from self._obey(row[1])
            return
        self._learn(row[1])
        if not self._timer.value():
            now_ms = ctx.timer_service().current_processing_time()
            ctx.timer_service().register_processing_time_timer(now_ms + self._config.publish_ms)
            self._timer.update(True)

    def on_timer(self, timestamp: int, ctx: Any) -> Iterator[Row]:
        """Publish what changed."""
        self._timer.clear()
        yield from self._publish(list(self._changed.keys()))

    def _learn(self, data: bytes) -> None:
        ids, rows = decode_feedback(data)
        newest = self._newest.value()
        buckets = self._forgetting.bucket_of(rows["ts_ms"].astype(np.int64))
        newest = max(int(buckets.max()), -1 if newest is None else newest)
        self._newest.update(newest)
        for encoder in np.unique(rows["encoder"]).tolist():
            of_encoder = rows[rows["encoder"] == encoder]
            for place in np.unique(of_encoder["activity"]).tolist():
                name = f"{encoder}|{ids[place]}"
                mine = of_encoder[of_encoder["activity"] == place]
                sums = add(decode_sums(self._sums.get(name)), mine, self._forgetting)
                self._sums.put(name, encode_sums(forget(sums, newest)))
                self._changed.put(name, True)
        self._meters.add({"feedback_rows": rows.size})

    def _obey(self, value: bytes) -> Iterator[Row]:
        try:
            control = decode_control(value)
        except InvalidEvent:
            return  # counted and logged where the order is broadcast
        if control is not None and isinstance(control.order, PublishPolicy):
            yield from self._publish(list(self._sums.keys()))

    def _publish(self, names: list[str]) -> Iterator[Row]:
        if not names:
            return
        sums = {name: decode_sums(state) for name, state in self._sums.items()}
        rows = publication(sums, sorted(names), self._forgetting, self._newest.value() or 0)
        self._changed.clear()
        self._meters.add({"policy_rows_published": len(rows)})
        for activity_id, row in rows:
            yield Row(f"{row.encoder}|{activity_id}".encode(), encode_row(row, activity_id))
