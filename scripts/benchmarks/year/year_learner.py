"""The learner of the simulated year: its state bytes, ledgers among them, and the policy topic that it fills."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from tideline.udfs.core.budgets.ledger import decode_ledger
from tideline.udfs.core.budgets.ledgers import KeptLedgers
from tideline.udfs.core.budgets.standing import encode_standing
from tideline.udfs.core.catalogue.activity_features import features_of
from tideline.udfs.core.learning.learner import NOTHING_KEPT, Kept, Learner, LearnerSettings
from tideline.udfs.core.learning.learning import Decay, decode_sums
from tideline.udfs.core.policies.arm_key import COSTS_KEY, LedgerKey, decode_arm
from tideline.udfs.core.policies.policy_table import encode_row, row_key
from tideline.udfs.core.rewards.feedback import gather_feedback
from tideline.udfs.core.rule_costs.days import with_more

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.budgets.ledgers import ChangedLedgers
    from tideline.udfs.core.budgets.standing import Standing
    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.policies.arm_key import ArmKey
    from tideline.udfs.core.policies.base import Policy


class TopicRecord(NamedTuple):
    """What is under a key of the policy topic."""

    offset: int
    key: bytes
    value: bytes


class YearLearner:
    """Keeps what the job's learner keeps; its rows go into a compacted topic, each when it changes."""

    def __init__(self, policy: Policy, half_life_ms: int, window_ms: int) -> None:
        self.sums: dict[str, bytes] = {}
        self.features: dict[str, bytes] = {}
        self.ledgers: dict[str, bytes] = {}
        self.terms: dict[str, bytes] = {}
        self.told: dict[str, bytes] = {}
        self.costs: bytes | None = None
        self.topic: dict[bytes, TopicRecord] = {}
        self.refused: Counter[str] = Counter()
        """Rows of feedback that were set aside, by reason."""
        self._settings = LearnerSettings(policy.regression, Decay(half_life_ms), window_ms)
        self._learner = Learner(self._settings, NOTHING_KEPT)
        self._newest_ms: int | None = None
        self._ledger_ms = self._ledger_turn = self._offset = 0

    @property
    def decay(self) -> Decay:
        """How the past fades."""
        return self._settings.decay

    def note(self, activity_id: str, activity: Activity | None) -> list[TopicRecord]:
        """Take in what is known of an activity before it is shown, or that it was deleted; return what it publishes."""
        features = None if activity is None else features_of(activity)
        self._learner.note(activity_id, features)
        if features is None:
            self.features.pop(activity_id, None)
        else:
            self.features[activity_id] = features.tobytes()
        terms = self._learner.ledgers.note(activity_id, activity)
        if terms is None or terms == self.terms.get(activity_id):
            return []
        self.terms[activity_id] = terms
        return self._publish_standings(self._learner.ledgers.all(activity_id).standings)

    def size(self) -> int:
        """Return the bytes of its state, names included."""
        states = (self.sums, self.features, self.ledgers, self.terms, self.told)
        return sum(len(name) + len(each) for state in states for name, each in state.items()) + len(self.costs or b"")

    def learn(self, parts: Sequence[bytes], costs: Sequence[bytes] = ()) -> tuple[list[TopicRecord], float]:
        """Add the feedback of a publish interval; return the records published, and how many seconds both took."""
        started_s = time.process_time()
        found = []
        if costs:
            self.costs = with_more(self.costs, costs, mark=self._settings.kept_front)
            self._learner.value_clicks(self.costs)
            found.append(self._record(COSTS_KEY, self.costs))
        learned = self._learner.learn(*gather_feedback(parts))
        self._newest_ms = learned.newest_ms
        self.refused.update(learned.refused)
        self.sums.update(learned.kept)
        for text in learned.removed:
            self.sums.pop(text, None)
        if learned.ledgers is not None:
            self._keep(learned.ledgers)
        if self._learner.ledgers:
            due = self._learner.ledgers.due()
            self._ledger_turn = due.turn
            found += self._publish_standings(due.standings)
        found += self._publish(learned.arms)
        return found, time.process_time() - started_s

    def _keep(self, changed: ChangedLedgers) -> None:
        self.ledgers.update(changed.kept)
        for name in changed.gone:
            for state in (self.ledgers, self.terms, self.told):
                state.pop(name, None)
        self._ledger_ms = changed.newest_ms

    def carry_over(self, encoder: int) -> list[TopicRecord]:
        """Publish every activity's row for an encoder that is about to be taken into use."""
        return self._publish(self._learner.take_up(encoder))

    def restore(self, half_life_ms: int) -> None:
        """Start again from state bytes, with a half-life."""
        self._settings = self._settings._replace(decay=Decay(half_life_ms))
        ledgers = KeptLedgers(self.ledgers, self.terms, self._ledger_ms, self.told, self._ledger_turn)
        self._learner = Learner(self._settings, Kept(self.sums, self.features, self._newest_ms, ledgers=ledgers))
        if self.costs is not None:
            self._learner.value_clicks(self.costs)

    def decoded(self) -> dict[ArmKey, NDArray[Any]]:
        """Return the sums by arm."""
        return {decode_arm(text): decode_sums(state, self.decay) for text, state in self.sums.items()}

    def ledger_of(self, activity_id: str) -> Mapping[str, int]:
        """Return what the ledger of an activity comes to, nothing where it has none."""
        state = self.ledgers.get(activity_id)
        if state is None:
            return {}
        ledger, _ = decode_ledger(state)
        return {name: int(ledger[name].sum()) for name in ("impressions", "clicks", "conversions", "cost_cents")}

    def _publish(self, arms: Iterable[ArmKey]) -> list[TopicRecord]:
        rows = self._learner.publish(arms)
        return [self._record(row_key(name, row).value, encode_row(row, name)) for name, row in rows]

    def _publish_standings(self, standings: Iterable[tuple[str, Standing]]) -> list[TopicRecord]:
        records = []
        for name, standing in standings:
            self.told[name] = encode_standing(name, standing)
            records.append(self._record(LedgerKey(name).value, self.told[name]))
        return records

    def _record(self, key: bytes, value: bytes) -> TopicRecord:
        record = self.topic[key] = TopicRecord(self._offset, key, value)
        self._offset += 1
        return record
