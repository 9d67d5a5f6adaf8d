"""The plain-Python oracle: what a recorded clickstream must lead to, by the same core and without Flink.

It applies records in an order and in batches that the job never uses (each user's in one go, or one at a time), so a
list that depended on batching or on neighbours would differ here.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from tideline.udfs.core.budgets.standing import decode_standing, encode_standing
from tideline.udfs.core.catalogue.activity_features import features_of
from tideline.udfs.core.learning.learner import Kept, Learner, LearnerSettings
from tideline.udfs.core.learning.learning import encode_sums
from tideline.udfs.core.lists.list_version import ListVersion, parse_version
from tideline.udfs.core.policies.arm_key import (
    COSTS_KEY,
    PRIOR_ID,
    PUSH_KEY,
    ArmKey,
    SumsKey,
    decode_ledger_key,
    decode_row_key,
)
from tideline.udfs.core.policies.policy_table import decode_row, encode_row
from tideline.udfs.core.rewards.feedback import decode_feedback, encode_feedback
from tideline.udfs.core.rewards.join import JoinOutcome
from tideline.udfs.core.serving.engine import Outcome, Records, process, take_profiles
from tideline.udfs.core.serving.ranker_state import RankerState
from tideline.udfs.core.serving.renewal.renew import republish
from tideline.udfs.core.shown.shown_bytes import DISMISSAL, marks_of
from tideline.udfs.core.users.user_state import decode_states

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tideline.schemas.errors import Reason
    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.policies.policy_table import PolicyRow
    from tideline.udfs.core.rewards.feedback import Feedback
    from tideline.udfs.core.serving.offers.offers import RankSettings
    from tideline.udfs.core.users.interest import StepEncoder

EPOCH = 1
"""Of every job of the tests that does not say otherwise."""
_AT_ONCE = 50
_OF_BATCHES = ("lists", "republished", "encode_batch", "feedback")
"""How the names of counters begin that depend on how records were batched."""


class Recorded(NamedTuple):
    """A record as Kafka holds it."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp_ms: int
    headers: tuple[tuple[str, bytes], ...] = ()


class Oracle:
    """The expected outcome so far: `lists` by user, `dead` letters with reasons, `counts`, `states`, feedback."""

    def __init__(self, settings: RankSettings, encoder: StepEncoder) -> None:
        self.ranker = RankerState.start(settings, encoder)
        self.states: dict[str, bytes] = {}
        self.lists: dict[str, bytes] = {}
        self.placed: dict[str, dict[str, bytes]] = {}
        """By placement, and by user."""
        self.dead: list[tuple[Recorded, Reason]] = []
        self.counts: Counter[str] = Counter()
        self.republished: Counter[str] = Counter()
        self.epoch = EPOCH
        self._feedback: list[Feedback] = []

    def set_activities(self, activities: Iterable[Activity]) -> None:
        """Put activities in."""
        self.ranker = self.ranker.with_activities({activity.activity_id: activity for activity in activities})

    def apply_by_user(self, records: Sequence[Recorded]) -> None:
        """Apply the records of each key as one batch, one key after the other."""
        by_key: dict[bytes | None, list[Recorded]] = {}
        for record in records:
            by_key.setdefault(record.key, []).append(record)
        for batch in by_key.values():
            self._apply(batch)

    def apply_one_by_one(self, records: Sequence[Recorded]) -> None:
        """Apply each record as a batch of its own, in the given order."""
        for record in records:
            self._apply([record])

    def tell(self, records: Sequence[Recorded]) -> None:
        """Apply profile records, the last one first: their order is nothing to go by."""
        for record in reversed(records):
            self._apply([record], take_profiles)

    def republish(self, times: Mapping[str, int] | None = None) -> None:
        """Rank every user again, once or as often as `times` says."""
        left = Counter(dict.fromkeys(self.states, 1) if times is None else {user: times[user] for user in self.states})
        while users := list(+left):
            for start in range(0, len(users), _AT_ONCE):
                part = users[start : start + _AT_ONCE]
                self._keep(republish(part, [self.states[user] for user in part], self.ranker))
            self.republished.update(users)
            left.subtract(users)

    def learned(self) -> dict[str, tuple[float, tuple[float, ...]]]:
        """Return (impressions, rewards) by the text of an arm."""
        return _counts(self._published())

    def policy_values(self) -> list[bytes]:
        """Return the policy records that a `publish` order makes, in their order."""
        learner = self._learner()
        standings = [
            encode_standing(name, each._replace(epoch=self.epoch)) for name, each in learner.ledgers.standings()
        ]
        rows = learner.publish(learner.every_arm())
        return [*standings, *(encode_row(row._replace(epoch=self.epoch), name) for name, row in rows)]

    def sums(self) -> dict[bytes, bytes]:
        """Return what is learned of each arm, as a replay that learns publishes it."""
        found = self._learner().sums.items()
        return {SumsKey(arm).value: encode_sums(sums, LearnerSettings().decay) for arm, sums in found}

    def _published(self) -> list[tuple[str, PolicyRow]]:
        learner = self._learner()
        return learner.publish(learner.every_arm())

    def _learner(self) -> Learner:
        """Return a learner which gets all feedback in one go and never forgets."""
        features = {name: features_of(each).tobytes() for name, each in self.ranker.offers.activities.items()}
        settings = LearnerSettings(
            self.ranker.settings.policy.regression, window_ms=self.ranker.settings.attribution_ms
        )
        learner = Learner(settings, Kept({}, features))
        for name, each in self.ranker.offers.activities.items():
            learner.ledgers.note(name, each)
        if self._feedback:
            learner.learn(*decode_feedback(encode_feedback(self._feedback)))
        return learner

    def take_feedback(self, feedback: Iterable[Feedback]) -> None:
        """Take in what the learner is told."""
        self._feedback += feedback

    def learn(self, policy: Iterable[Recorded]) -> None:
        """Take in records of the policy topic."""
        for record in policy:
            if record.value is None or record.key in (COSTS_KEY, PUSH_KEY):
                continue
            if decode_ledger_key(record.key):
                self.ranker = self.ranker.with_standing(*decode_standing(record.value, record.offset))
            else:
                self.ranker = self.ranker.with_row(*decode_row(record.value, record.offset))

    def versions(self) -> dict[str, ListVersion]:
        """Return the version of each expected list."""
        return {user: parse_version(payload) for user, payload in self.lists.items()}

    def outcomes(self) -> Counter[str]:
        """Return the expected counters of the job, those left out that depend on batching; dead letters by reason."""
        counts = Counter(
            {name: count for name, count in self.counts.items() if count and not name.startswith(_OF_BATCHES)}
        )
        counts.update(f"dead_letter_{reason}" for _, reason in self.dead)
        return counts

    def accounted(self) -> dict[str, int]:
        """Return what became of every record; `accepted` comes from the list versions, not from a counter."""
        updates = sum(version.seq - self.republished[user] for user, version in self.versions().items())
        of_no_list = (
            JoinOutcome.WITHOUT_TOKEN,
            JoinOutcome.INFERRED,
            JoinOutcome.DANGLING,
            JoinOutcome.EXPIRED,
            JoinOutcome.UNKNOWN_ACTIVITY,
        )
        no_updates = sum(self.counts[f"join_{outcome}"] for outcome in (*of_no_list, JoinOutcome.SUPERSEDED))
        return {
            "accepted": updates + no_updates - self._dismissed(),
            "rejected": len(self.dead) - self.counts["quarantined"],
            **{name: self.counts[name] + self.counts[f"join_{name}"] for name in ("duplicate", "late")},
            "quarantined": self.counts["quarantined"],
        }

    def _dismissed(self) -> int:
        """Return how many activities users have dismissed: the mark of each is an update beside its event's."""
        shown = decode_states(list(self.states.values()), self.ranker.encoder.hidden).shown
        return sum(len(marks_of(each)[1]) // DISMISSAL.itemsize for each in shown)

    def _apply(self, batch: list[Recorded], apply: Callable[..., Outcome] = process) -> None:
        records = Records([r.key for r in batch], [r.value for r in batch], [r.timestamp_ms for r in batch])
        outcome = apply(records, lambda users: [self.states.get(user) for user in users], self.ranker)
        self._keep(outcome)
        self.dead += [(batch[number], error.reason) for number, error in outcome.dead]

    def _keep(self, outcome: Outcome) -> None:
        self.states.update(zip(outcome.users, outcome.states, strict=True))
        self.lists.update(zip(outcome.listed, outcome.lists, strict=True))
        for name, lists in outcome.placed.items():
            self.placed.setdefault(name, {}).update(zip(outcome.listed, lists, strict=True))
        self.counts += outcome.counts
        self.take_feedback(outcome.feedback)


def learned(policy: Iterable[Recorded]) -> dict[str, tuple[float, tuple[float, ...]]]:
    """Return (impressions, rewards) by the text of an arm of the newest policy records; nothing may be forgotten."""
    rows = (record for record in policy if record.value is not None and decode_row_key(record.key))
    return _counts(decode_row(record.value or b"", record.offset) for record in rows)


def _counts(rows: Iterable[tuple[str, PolicyRow]]) -> dict[str, tuple[float, tuple[float, ...]]]:
    """Return the counts of the newest rows; those of what is only carried over from another encoder are left out."""
    newest = {ArmKey(row.encoder, name).text: row for name, row in rows if name != PRIOR_ID}
    return {name: (row.impressions, row.rewards) for name, row in newest.items() if row.impressions or any(row.rewards)}
