"""What a batch is ranked with: activities, what was learned, encoder, settings. Changed by broadcast records only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from tideline.udfs.core.catalogue.catalogue import Catalogue, open_at
from tideline.udfs.core.experiments.experiment import Experiment, arm_numbers, started
from tideline.udfs.core.learning.watch import COLD_BELOW
from tideline.udfs.core.lists.slot_tags import SlotTags, without_clashes
from tideline.udfs.core.policies.cold_start import coefficients
from tideline.udfs.core.policies.policy_table import Coefficients, PolicyTable
from tideline.udfs.core.rewards.attributing import WORTH_LIMIT, Attributing, Cascade
from tideline.udfs.core.rewards.examination import overlooked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.control.control import SetExamination, SetExperiment, SetWeights
    from tideline.udfs.core.lists.token_keys import TokenKeys
    from tideline.udfs.core.policies.base import Policy
    from tideline.udfs.core.policies.cold_start import Weights
    from tideline.udfs.core.policies.policy_table import PolicyRow
    from tideline.udfs.core.users.interest import StepEncoder

_FORMER_EXPERIMENTS = 32


@dataclass(frozen=True, slots=True)
class RankSettings:
    """The settings of a deployment that ranking reads."""

    policy: Policy
    keys: TokenKeys
    salt: int
    list_size: int
    exploration_permille: int
    attribution_ms: int
    weights: Weights
    worth_limit: float = WORTH_LIMIT
    """Largest worth of one conversion."""
    holdout_permille: int = 0
    """Users in a thousand whose lists are in random order."""
    generation: int = 1
    """First part of a list's version, until a control order changes it."""


@dataclass(slots=True)
class World:
    """Everything a batch reads besides its own users. `known` and `attributing` are derived; the rest is given."""

    settings: RankSettings
    encoder: StepEncoder
    activities: dict[str, Activity] = field(default_factory=dict)
    table: PolicyTable = field(default_factory=PolicyTable)
    trial_tables: dict[str, PolicyTable] = field(default_factory=dict)
    """What was solved for arms of experiments otherwise than for the deployment's policy, by regression."""
    generation: int = field(init=False)
    pinned: int | None = None
    weights: Weights = field(init=False)
    experiment: Experiment | None = None
    overlooked: tuple[int, ...] = overlooked(())
    """By place, see Attributing."""
    overlooked_below_click: int = 0
    """In hundredths, see Cascade; 0: clicks say nothing about the impressions below them."""
    catalogue: Catalogue = field(init=False)
    tags: SlotTags = field(init=False)
    attributing: Attributing = field(init=False)
    unranked: frozenset[str] = field(init=False, default=frozenset())
    """Activities that are known and not ranked: one before them has the same tag or number."""
    _experiments: dict[int, Experiment] = field(init=False, default_factory=dict)
    _known: dict[str, Coefficients] = field(init=False, default_factory=dict)
    """Coefficients by regression, "" for those of `table`, made anew after a change."""

    def __post_init__(self) -> None:
        self.generation = self.settings.generation
        self.weights = self.settings.weights
        self._derive()

    @property
    def policy(self) -> Policy:
        """The ranking policy."""
        return self.settings.policy

    def policy_of(self, arm: int) -> Policy:
        """Return what ranks an arm; for one that is no longer there, as for the holdout, the deployment's policy."""
        trials = self.experiment.arms if self.experiment else ()
        return trials[arm - 1].policy if 0 < arm <= len(trials) else self.policy

    def arms_of(self, users: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return the experiment arm of each user [U], given as hash64."""
        return arm_numbers(users, self.salt, self.settings.holdout_permille, self.experiment)

    @property
    def salt(self) -> int:
        """The deployment's number in every seed."""
        return self.settings.salt

    @property
    def list_size(self) -> int:
        """Activities in a list."""
        return self.settings.list_size

    @property
    def exploration_permille(self) -> int:
        """Chance in a thousand that a slot explores."""
        return self.settings.exploration_permille

    @property
    def version(self) -> int:
        """Offset of the newest policy record applied, -1 for none: the tables are a known state of the policy topic."""
        return max(table.version for table in (self.table, *self.trial_tables.values()))

    @property
    def known(self) -> Coefficients:
        """Coefficients of the catalogue's activities for the deployment's policy."""
        return self.known_by(self.policy)

    def known_by(self, policy: Policy) -> Coefficients:
        """Return the coefficients of the catalogue's activities for a policy."""
        table = self.table_of(policy, self.encoder.version)
        name = "" if table is self.table else policy.regression.name
        if name not in self._known:
            self._known[name] = coefficients(table, self.catalogue, self.encoder.version, self.weights)
        return self._known[name]

    def table_of(self, policy: Policy, encoder: int, version: int | None = None) -> PolicyTable:
        """Return the table a policy ranks with, at a version if one is given.

        That is the deployment's until the learner has solved an encoder's rows for an arm that needs others.
        """
        if not policy.contextual or policy.regression == self.policy.regression:
            return self.table
        own = self.trial_tables.get(policy.regression.name)
        return own if own is not None and own.knows(encoder, version) else self.table

    def cold(self, at_ms: int) -> int:
        """Return how many of the activities that run at a moment have hardly been shown."""
        running = open_at(self.catalogue, np.array([at_ms]))[0]
        return int(np.count_nonzero(running & (self.known.impressions < COLD_BELOW)))

    def set_activities(self, changes: Mapping[str, Activity | None]) -> None:
        """Put activities in, or take out those that are None."""
        for activity_id, activity in changes.items():
            if activity is None:
                self.activities.pop(activity_id, None)
            else:
                self.activities[activity_id] = activity
        self._derive()

    def learn(self, activity_id: str, row: PolicyRow) -> bool:
        """Take in a policy row unless the policy is pinned to an older version; return whether it was taken."""
        if self.pinned is not None and row.version > self.pinned:
            return False
        table = self._trial_table(row.regression) if row.regression else self.table
        taken = table.apply(activity_id, row)
        if taken:
            self._known.clear()
        return taken

    def pin(self, version: int | None) -> None:
        """Forget what was learned and take in, from now on, only policy rows up to a version; None: all again."""
        self.pinned = version
        self.forget_policy()

    def _trial_table(self, regression: str) -> PolicyTable:
        return self.trial_tables.setdefault(regression, PolicyTable(whole_from=self.table.whole_from))

    def forget_policy(self, whole_from: int = -1) -> None:
        """Forget what was learned; of versions below `whole_from` not every row will be taken in again."""
        self.table, self.trial_tables = PolicyTable(whole_from=whole_from), {}
        self._known.clear()

    def weigh(self, order: SetWeights) -> None:
        """Change the worth of the objectives; nothing is learned anew."""
        self.weights = (order.click, order.conversion, order.revenue, order.cost)
        self._known.clear()

    def try_out(self, order: SetExperiment, issued_ms: int) -> None:
        """Start an experiment in the place of a running one, or end it where the order has neither arms nor shadow."""
        self.experiment = started(order, issued_ms) if order.arms or order.shadow else None
        if self.experiment is not None:
            self._experiments[self.experiment.mark] = self.experiment
            while len(self._experiments) > _FORMER_EXPERIMENTS:
                del self._experiments[next(iter(self._experiments))]

    def experiment_of(self, mark: int) -> Experiment | None:
        """Return the experiment, running or over, whose mark a list carries; None where it is no longer known."""
        return self._experiments.get(mark)

    def examine(self, order: SetExamination) -> None:
        """Let impressions from now on weigh what their places or the clicks above them say, see SetExamination."""
        self.overlooked = overlooked(order.places)
        self.overlooked_below_click = overlooked((order.after_click,))[0]
        self._derive()

    def use_encoder(self, encoder: StepEncoder) -> None:
        """Rank with another encoder from now on; what was learned belongs to the former one and is kept apart."""
        self.encoder = encoder
        self._known.clear()

    def _derive(self) -> None:
        self.catalogue = Catalogue.of(without_clashes(self.activities.values(), self.settings.keys))
        self.unranked = frozenset(self.activities.keys() - self.catalogue.reward_value.keys())
        names = [activity.activity_id for activity in self.catalogue.activities]
        self.tags = SlotTags.of(names, self.settings.keys)
        self.attributing = Attributing.of(
            self.settings.keys,
            self.settings.attribution_ms,
            self.catalogue.reward_value,
            self.catalogue.activities_of_item,
            {each.activity_id: each.cap for each in self.catalogue.activities if each.cap},
        )._replace(
            worth_limit=self.settings.worth_limit,
            overlooked=self.overlooked,
            cascade=Cascade(self.overlooked_below_click, self.tags) if self.overlooked_below_click else None,
        )
        self._known.clear()
