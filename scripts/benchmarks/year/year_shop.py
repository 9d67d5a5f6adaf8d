"""The deployment of the simulated year: ranker, users' states, lists as in Redis, learner and policy topic."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tideline.scripts.benchmarks.year.year_learner import YearLearner
from tideline.scripts.benchmarks.year.year_rules import LIST_RULES, PLACEMENTS
from tideline.scripts.benchmarks.year.year_world import DAY_MS, PlainEncoder
from tideline.udfs.core.budgets.standing import decode_standing
from tideline.udfs.core.lists.list_version import parse_version
from tideline.udfs.core.policies.arm_key import COSTS_KEY, decode_ledger_key
from tideline.udfs.core.policies.by_name import make_policy
from tideline.udfs.core.policies.policy_table import decode_row
from tideline.udfs.core.rewards.feedback import encode_feedback
from tideline.udfs.core.rule_costs.days import encode_costs
from tideline.udfs.core.serving.costs.sampled_decisions import WaitingDecisions
from tideline.udfs.core.serving.engine import Outcome, Records, process, take_profiles
from tideline.udfs.core.serving.offers.offers import RankSettings
from tideline.udfs.core.serving.popular_list import PopularList
from tideline.udfs.core.serving.ranker_state import RankerState
from tideline.udfs.core.serving.renewal.renew import republish
from tideline.udfs.core.serving.stop_list import Runs, stops_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tideline.scripts.benchmarks.year.year_learner import TopicRecord
    from tideline.scripts.benchmarks.year.year_world import Change
    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.lists.token_keys import TokenKeys
    from tideline.udfs.core.policies.cold_start import Weights
    from tideline.udfs.core.rule_costs.sums import DayCosts

ATTRIBUTION_MS = 7 * DAY_MS
POPULAR = "popular"
_POLICY = "pairs"
_TTL_MS = 30 * DAY_MS
_REPUBLISHED_AT_ONCE = 500


@dataclass(slots=True)
class Deployment:
    """What an operator decides."""

    keys: TokenKeys
    encoder: int = 1
    half_life_days: int = 28
    weights: Weights = (1.0, 5.0, 0.0, 0.0)


@dataclass(slots=True)
class Shop:
    """Everything that outlives a batch, as bytes wherever the job keeps bytes."""

    deployment: Deployment
    ranker: RankerState = field(init=False)
    learner: YearLearner = field(init=False)
    states: dict[str, bytes] = field(default_factory=dict)
    lists: dict[str, bytes] = field(default_factory=dict)
    """By user, and POPULAR."""
    placed: dict[str, dict[str, bytes]] = field(default_factory=dict)
    """By placement and user."""
    feedback: list[bytes] = field(default_factory=list)
    """Of the publish interval that runs."""
    costs: list[bytes] = field(default_factory=list)
    """What rules cost in it."""
    _runs: Runs = field(default_factory=Runs)
    _waiting: WaitingDecisions = field(default_factory=WaitingDecisions)
    _popular: PopularList = field(default_factory=lambda: PopularList(_TTL_MS))

    def __post_init__(self) -> None:
        self.learner = YearLearner(make_policy(_POLICY), self.deployment.half_life_days * DAY_MS, ATTRIBUTION_MS)
        self.ranker = self._new_ranker({})

    def change(self, changes: Iterable[Change]) -> None:
        """Apply records of the activities topic."""
        known = {each.activity_id: each.activity for each in changes}
        self._tell_costs(self._waiting.costs())
        self.ranker = self.ranker.with_activities(known)
        for activity_id, activity in known.items():
            if activity is not None:
                self._runs.hear(activity)
            self.ranker = _follow(self.ranker, self.learner.note(activity_id, activity))

    def stopped(self, now_ms: int) -> frozenset[str]:
        """Return what readers are to show no more, as the stop list says it at a moment."""
        activities = self.ranker.offers.activities
        return frozenset(stops_of(activities, self._runs, self.ranker.tables.standings, now_ms, 0).names)

    def items_of(self, activity_id: str) -> tuple[str, ...]:
        """Return the items that an activity names, none where it is gone."""
        activity = self.ranker.offers.activities.get(activity_id)
        return activity.items if activity is not None else ()

    def handle(self, records: Records) -> Outcome:
        """Process a batch: states, lists, popular list and feedback."""
        outcome = process(records, self._load, self.ranker)
        self._store(outcome)
        popular = self._popular.due(self.ranker, outcome.newest_ms) if outcome.listed else {}
        if popular:
            self._write(POPULAR, popular[""])
        if outcome.feedback:
            self.feedback.append(encode_feedback(outcome.feedback))
        self._tell_costs(self._waiting.add(outcome.sampled, max(records.timestamps_ms)))
        return outcome

    def hear_profiles(self, records: Records) -> Outcome:
        """Process a batch of profile records: states and lists."""
        outcome = take_profiles(records, self._load, self.ranker)
        self._store(outcome)
        self._tell_costs(self._waiting.add(outcome.sampled, max(records.timestamps_ms, default=0)))
        return outcome

    def publish(self) -> float:
        """End a publish interval; return how many seconds the learner needed."""
        if not self.feedback:
            return 0.0
        self._tell_costs(self._waiting.costs())
        parts, self.feedback = self.feedback, []
        costs, self.costs = self.costs, []
        records, seconds = self.learner.learn(parts, costs)
        self.ranker = _follow(self.ranker, records)
        return seconds

    def swap_encoder(self, version: int) -> None:
        """Take another encoder into use once its rows are there."""
        ranker = _follow(self.ranker, self.learner.carry_over(version))
        self.deployment.encoder = version
        self.ranker = ranker.with_encoder(PlainEncoder(version))

    def start_again(self) -> float:
        """Restore from a checkpoint: everything from bytes; return how many seconds until the first list can come."""
        self.learner.restore(self.deployment.half_life_days * DAY_MS)
        started_s = time.process_time()
        ranker = self._new_ranker(self.ranker.offers.activities)
        self.ranker = _follow(ranker, sorted(self.learner.topic.values()))
        self._waiting = WaitingDecisions()
        self._popular = PopularList(_TTL_MS)
        return time.process_time() - started_s

    def lose_lists(self) -> Iterator[Outcome]:
        """Lose Redis, then give the order to republish; return what each part of the users led to."""
        self.lists.clear()
        self.placed.clear()
        users = list(self.states)
        for start in range(0, len(users), _REPUBLISHED_AT_ONCE):
            part = users[start : start + _REPUBLISHED_AT_ONCE]
            outcome = republish(part, [self.states[user] for user in part], self.ranker)
            self._store(outcome)
            if start == 0 and (popular := self._popular.due(self.ranker, outcome.newest_ms, renew=True)):
                self._write(POPULAR, popular[""])
            yield outcome

    def _new_ranker(self, activities: Mapping[str, Activity]) -> RankerState:
        given = self.deployment
        settings = RankSettings(
            policy=make_policy(_POLICY),
            keys=given.keys,
            salt=11,
            list_size=10,
            exploration_permille=20,
            attribution_ms=ATTRIBUTION_MS,
            weights=given.weights,
            holdout_permille=50,
            list_rules=LIST_RULES,
            placements=PLACEMENTS,
        )
        return RankerState.start(settings, PlainEncoder(given.encoder), activities)

    def _tell_costs(self, costs: Iterable[DayCosts]) -> None:
        self.costs += [encode_costs([each]) for each in costs]

    def _load(self, users: list[str]) -> list[bytes | None]:
        return [self.states.get(user) for user in users]

    def _store(self, outcome: Outcome) -> None:
        self.states.update(zip(outcome.users, outcome.states, strict=True))
        for user, payload in zip(outcome.listed, outcome.lists, strict=True):
            self._write(user, payload)
        for name, lists in outcome.placed.items():
            for user, payload in zip(outcome.listed, lists, strict=True):
                _replace(self.placed.setdefault(name, {}), user, payload)

    def _write(self, user: str, payload: bytes) -> None:
        _replace(self.lists, user, payload)


def _replace(lists: dict[str, bytes], user: str, payload: bytes) -> None:
    stored = lists.get(user)
    if stored is None or parse_version(payload) > parse_version(stored):
        lists[user] = payload


def _follow(ranker: RankerState, records: Iterable[TopicRecord]) -> RankerState:
    for offset, key, value in records:
        if decode_ledger_key(key) is not None:
            ranker = ranker.with_standing(*decode_standing(value, offset))
        elif key != COSTS_KEY:
            ranker = ranker.with_row(*decode_row(value, offset))
    return ranker
