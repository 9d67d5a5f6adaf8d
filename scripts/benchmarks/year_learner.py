"""The learner of the simulated year: sums as state bytes, and the policy topic that it fills."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from udfs.core.activity_features import features_of
from udfs.core.feedback import gather_feedback
from udfs.core.intake import admit, take
from udfs.core.learning import Forgetting, decode_sums, encode_sums
from udfs.core.policy_table import encode_row
from udfs.core.publication import encoder_of, every_name, publication

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from udfs.core.activity import Activity
    from udfs.core.policy import Policy

TopicRecord = tuple[int, bytes | None]
"""(offset, value) of a key."""


class YearLearner:
    """Does with its state what the job's learner does; its rows go into a compacted topic."""

    def __init__(self, policy: Policy, half_life_ms: int) -> None:
        self.sums: dict[str, bytes] = {}
        self.features: dict[str, bytes] = {}
        self.topic: dict[bytes, TopicRecord] = {}
        self.refused: Counter[str] = Counter()
        """Rows of feedback that were set aside, by reason."""
        self.forgetting = Forgetting(half_life_ms)
        self._how = policy.regression
        self._newest_ms: int | None = None
        self._offset = 0

    def note(self, activity: Activity) -> None:
        """Take in what is known of an activity before it is shown."""
        self.features[activity.activity_id] = features_of(activity).tobytes()

    def learn(self, parts: Sequence[bytes]) -> tuple[list[TopicRecord], float]:
        """Add the feedback of a publish interval; return the records published, and how many seconds both took."""
        started_s = time.perf_counter()
        ids, rows = gather_feedback(parts)
        known = set(self.sums)
        before = None if self._newest_ms is None else self.forgetting.bucket_at(self._newest_ms)
        rows, newest, refused = admit(ids, rows, self.forgetting, before)
        self._newest_ms = self.forgetting.start_ms(newest)
        self.refused.update(refused)
        changed: list[str] = []
        for encoder, place in sorted(set(zip(rows["encoder"].tolist(), rows["activity"].tolist(), strict=True))):
            name = f"{encoder}|{ids[place]}"
            mine = rows[(rows["encoder"] == encoder) & (rows["activity"] == place)]
            added = take(decode_sums(self.sums.get(name), self.forgetting), mine, self.forgetting, newest)
            self.refused.update(added.refused)
            self.sums[name] = encode_sums(added.sums, self.forgetting)
            changed.append(name)
        for encoder in {encoder_of(name) for name in changed} - {encoder_of(name) for name in known}:
            changed += every_name(encoder, known)
        found = self._publish(changed)
        return found, time.perf_counter() - started_s

    def carry_over(self, encoder: int) -> list[TopicRecord]:
        """Publish every activity's row for an encoder that is about to be taken into use."""
        return self._publish(every_name(encoder, self.sums))

    def restore(self, half_life_ms: int) -> None:
        """Start again from state bytes, with a half-life."""
        self.forgetting = Forgetting(half_life_ms)

    def decoded(self) -> dict[str, NDArray[Any]]:
        """Return the sums by "encoder|activity"."""
        return {name: decode_sums(state, self.forgetting) for name, state in self.sums.items()}

    def _publish(self, names: Sequence[str]) -> list[TopicRecord]:
        if not names:
            return []
        features = {name: np.frombuffer(each, np.int8) for name, each in self.features.items()}
        newest = self.forgetting.bucket_at(self._newest_ms or 0)
        rows = publication(self.decoded(), sorted(set(names)), self.forgetting, newest, self._how, features)
        records: list[TopicRecord] = []
        for activity_id, row in rows:
            record = (self._offset, encode_row(row, activity_id))
            self.topic[f"{row.encoder}|{activity_id}".encode()] = record
            records.append(record)
            self._offset += 1
        return records
