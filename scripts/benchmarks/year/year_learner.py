"""The learner of the simulated year: its state bytes, and the policy topic that it fills."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from tideline.udfs.core.catalogue.activity_features import features_of
from tideline.udfs.core.learning.learner import NOTHING_KEPT, Kept, Learner, LearnerSettings
from tideline.udfs.core.learning.learning import Decay, decode_sums
from tideline.udfs.core.policies.arm_key import decode_arm
from tideline.udfs.core.policies.policy_table import encode_row, row_key
from tideline.udfs.core.rewards.feedback import gather_feedback

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.policies.arm_key import ArmKey
    from tideline.udfs.core.policies.base import Policy

TopicRecord = tuple[int, bytes | None]
"""(offset, value) of a key."""


class YearLearner:
    """Keeps what the job's learner keeps; its rows go into a compacted topic, each when it changes."""

    def __init__(self, policy: Policy, half_life_ms: int, window_ms: int) -> None:
        self.sums: dict[str, bytes] = {}
        self.features: dict[str, bytes] = {}
        self.topic: dict[bytes, TopicRecord] = {}
        self.refused: Counter[str] = Counter()
        """Rows of feedback that were set aside, by reason."""
        self._settings = LearnerSettings(policy.regression, Decay(half_life_ms), window_ms)
        self._learner = Learner(self._settings, NOTHING_KEPT)
        self._newest_ms: int | None = None
        self._offset = 0

    @property
    def decay(self) -> Decay:
        """How the past fades."""
        return self._settings.decay

    def note(self, activity_id: str, activity: Activity | None) -> None:
        """Take in what is known of an activity before it is shown, or that it was deleted."""
        features = None if activity is None else features_of(activity)
        self._learner.note(activity_id, features)
        if features is None:
            self.features.pop(activity_id, None)
        else:
            self.features[activity_id] = features.tobytes()

    def size(self) -> int:
        """Return the bytes of its state, names included."""
        return sum(len(name) + len(each) for state in (self.sums, self.features) for name, each in state.items())

    def learn(self, parts: Sequence[bytes]) -> tuple[list[TopicRecord], float]:
        """Add the feedback of a publish interval; return the records published, and how many seconds both took."""
        started_s = time.process_time()
        learned = self._learner.learn(*gather_feedback(parts))
        self._newest_ms = learned.newest_ms
        self.refused.update(learned.refused)
        self.sums.update(learned.kept)
        for text in learned.removed:
            self.sums.pop(text, None)
        found = self._publish(learned.arms)
        return found, time.process_time() - started_s

    def carry_over(self, encoder: int) -> list[TopicRecord]:
        """Publish every activity's row for an encoder that is about to be taken into use."""
        return self._publish(self._learner.take_up(encoder))

    def restore(self, half_life_ms: int) -> None:
        """Start again from state bytes, with a half-life."""
        self._settings = self._settings._replace(decay=Decay(half_life_ms))
        self._learner = Learner(self._settings, Kept(self.sums, self.features, self._newest_ms))

    def decoded(self) -> dict[ArmKey, NDArray[Any]]:
        """Return the sums by arm."""
        return {decode_arm(text): decode_sums(state, self.decay) for text, state in self.sums.items()}

    def _publish(self, arms: Iterable[ArmKey]) -> list[TopicRecord]:
        records: list[TopicRecord] = []
        for activity_id, row in self._learner.publish(arms):
            record = (self._offset, encode_row(row, activity_id))
            self.topic[row_key(activity_id, row).value] = record
            records.append(record)
            self._offset += 1
        return records
