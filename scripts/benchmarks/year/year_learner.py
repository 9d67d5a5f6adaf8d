"""The learner of the simulated year: sums as state bytes, and the policy topic that it fills."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.udfs.core.catalogue.activity_features import features_of
from tideline.udfs.core.learning.knowledge import Knowledge
from tideline.udfs.core.learning.learning import Forgetting, decode_sums, encode_sums
from tideline.udfs.core.learning.publication import every_name, published
from tideline.udfs.core.policies.policy_table import encode_row
from tideline.udfs.core.rewards.feedback import gather_feedback

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.policies.base import Policy

TopicRecord = tuple[int, bytes | None]
"""(offset, value) of a key."""


class YearLearner:
    """Does with its state what the job's learner does; its rows go into a compacted topic."""

    def __init__(self, policy: Policy, half_life_ms: int, window_ms: int) -> None:
        self.sums: dict[str, bytes] = {}
        self.features: dict[str, bytes] = {}
        self.topic: dict[bytes, TopicRecord] = {}
        self.refused: Counter[str] = Counter()
        """Rows of feedback that were set aside, by reason."""
        self.forgetting = Forgetting(half_life_ms)
        self._known = Knowledge({}, self.forgetting)
        self._how = policy.regression
        self._window_ms = window_ms
        self._newest_ms: int | None = None
        self._offset = 0

    def note(self, activity_id: str, activity: Activity | None) -> None:
        """Take in what is known of an activity before it is shown, or that it was deleted."""
        if activity is None:
            self.features.pop(activity_id, None)
        else:
            self.features[activity_id] = features_of(activity).tobytes()

    def size(self) -> int:
        """Return the bytes of its state, names included."""
        return sum(len(name) + len(each) for state in (self.sums, self.features) for name, each in state.items())

    def learn(self, parts: Sequence[bytes]) -> tuple[list[TopicRecord], float]:
        """Add the feedback of a publish interval; return the records published, and how many seconds both took."""
        started_s = time.process_time()
        encoders, named = self._known.encoders(), self._known.activities()
        learned = self._known.learn(*gather_feedback(parts))
        self._newest_ms = self.forgetting.start_ms(self._known.newest)
        self.refused.update(learned.refused)
        retired = self._known.retire(self.features.keys(), self._window_ms)
        kept = {name: self._known.sums[name] for name in learned.rows if name in self._known.sums} | retired.together
        self.sums.update({name: encode_sums(sums, self.forgetting) for name, sums in kept.items()})
        gone = [*learned.forgotten, *retired.names]
        for name in gone:
            self.sums.pop(name, None)
        changed = [*learned.rows, *gone]
        for encoder in set(self._known.encoders()) - set(encoders):
            changed += [f"{encoder}|{activity}" for activity in named]
        found = self._publish(changed)
        return found, time.process_time() - started_s

    def carry_over(self, encoder: int) -> list[TopicRecord]:
        """Publish every activity's row for an encoder that is about to be taken into use."""
        return self._publish(every_name(encoder, self._known.sums))

    def restore(self, half_life_ms: int) -> None:
        """Start again from state bytes, with a half-life."""
        self.forgetting = Forgetting(half_life_ms)
        newest = None if self._newest_ms is None else self.forgetting.bucket_at(self._newest_ms)
        self._known = Knowledge(self.decoded(), self.forgetting, newest)

    def decoded(self) -> dict[str, NDArray[Any]]:
        """Return the sums by "encoder|activity"."""
        return {name: decode_sums(state, self.forgetting) for name, state in self.sums.items()}

    def _publish(self, names: Sequence[str]) -> list[TopicRecord]:
        if not names:
            return []
        features = {name: np.frombuffer(each, np.int8) for name, each in self.features.items()}
        rows = published(self._known, sorted(set(names)), self._how, features)
        records: list[TopicRecord] = []
        for activity_id, row in rows:
            record = (self._offset, encode_row(row, activity_id))
            self.topic[f"{row.encoder}|{activity_id}".encode()] = record
            records.append(record)
            self._offset += 1
        return records
