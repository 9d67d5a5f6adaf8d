"""What a batch is ranked with: activities, what was learned, encoder, settings. Only broadcast records change it.

A state is a value: each change gives the next state and leaves the former as it was, but for the policy tables, which
are logs that successive states share (a row is 2.4 kB and there may be 10,000: no copy of them a record).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.budgets.standing import EVERY_ID, NO_STANDINGS, Standing
from tideline.udfs.core.catalogue.catalogue import Catalogue, open_at
from tideline.udfs.core.control.control import PinPolicy, SetExamination, SetExperiment, SetGeneration, SetWeights
from tideline.udfs.core.erasure.known_erasures import NOBODY, KnownErasures
from tideline.udfs.core.experiments.experiment import Experiment, arm_numbers, started
from tideline.udfs.core.learning.monitoring import COLD_BELOW
from tideline.udfs.core.policies.cold_start import CLICKS_ALONE, Charged, coefficients
from tideline.udfs.core.policies.policy_table import Coefficients, PolicyTable
from tideline.udfs.core.push.learned.push_known import NOTHING_KNOWN, PushKnown
from tideline.udfs.core.rewards.attribution_settings import AttributionSettings, most_lists
from tideline.udfs.core.rule_costs.lifted import standing_without
from tideline.udfs.core.serving.offers.offers import Offers
from tideline.udfs.core.variants.drawing import VariantTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.policies.base import Policy
    from tideline.udfs.core.policies.cold_start import Weights
    from tideline.udfs.core.policies.policy_table import PolicyRow
    from tideline.udfs.core.ranking.placed import Placed
    from tideline.udfs.core.serving.offers.offers import RankSettings
    from tideline.udfs.core.users.interest import StepEncoder

_FORMER_EXPERIMENTS = 32
RankerCommand = SetWeights | SetGeneration | SetExperiment | SetExamination | PinPolicy
"""The commands that change a ranker's state by themselves; an encoder is proven first, see ranker_feed.py."""


class PolicyTables(NamedTuple):
    """What was learned: rows of the deployment's policy, and by regression those of arms that are solved otherwise."""

    deployed: PolicyTable
    on_trial: dict[str, PolicyTable]
    pinned: int | None = None
    """No row above this version is taken in."""
    standings: Mapping[str, Standing] = NO_STANDINGS
    """Where activities stand with their budgets and floors; replaced as a whole."""
    newest_standing: int = -1
    """Highest version of them: it is asked for at every record and batch, however many there are."""
    pushes: PushKnown = NOTHING_KNOWN

    @classmethod
    def empty(cls, whole_from: int = -1, pinned: int | None = None) -> PolicyTables:
        """Return tables without rows; of versions below `whole_from` not every row will be taken in."""
        return cls(PolicyTable(whole_from=whole_from), {}, pinned)

    def take(self, activity_id: str, row: PolicyRow) -> bool:
        """Take a row in unless it is not newer than its table or above the pinned version; return whether it was."""
        if self.pinned is not None and row.version > self.pinned:
            return False
        table = self.deployed
        if row.regression:
            table = self.on_trial.setdefault(row.regression, PolicyTable(whole_from=table.whole_from))
        return table.apply(activity_id, row)

    def standing(self, activity_id: str, standing: Standing) -> PolicyTables:
        """Return the tables with where an activity stands; these very ones where that is not newer, or is pinned."""
        known = self.standings.get(activity_id, Standing())
        if standing.version <= known.version or (self.pinned is not None and standing.version > self.pinned):
            return self
        standings = {**self.standings, activity_id: standing}
        return self._replace(standings=standings, newest_standing=max(self.newest_standing, standing.version))

    def with_pushes(self, known: PushKnown) -> PolicyTables:
        """Return the tables with what is known of pushes; these very ones where that is not newer, or is pinned."""
        is_pinned = self.pinned is not None and known.version > self.pinned
        return self if is_pinned or known.version <= self.pushes.version else self._replace(pushes=known)


@dataclass(frozen=True)
class RankerState:
    """Everything a batch reads besides its own users; `RankerState.start` makes the first one."""

    settings: RankSettings
    encoder: StepEncoder
    offers: Offers
    attributing: AttributionSettings
    """Derived from settings, offers and what was commanded of examination."""
    generation: int
    weights: Weights
    tables: PolicyTables
    experiment: Experiment | None = None
    experiments: tuple[Experiment, ...] = ()
    """Running or over, the latest last: lists that carry their marks may still come back."""
    erasures: KnownErasures = NOBODY
    """As the topic said at the start; later ones come by in the clickstream."""
    _known: dict[tuple[str, Charged, Weights], Coefficients] = field(
        init=False, default_factory=dict, repr=False, compare=False
    )
    """Coefficients by regression, "" for the deployment's rows: made when first asked for."""

    @classmethod
    def start(
        cls, settings: RankSettings, encoder: StepEncoder, activities: Mapping[str, Activity] | None = None
    ) -> RankerState:
        """Return the state of a deployment with these activities that has learned nothing."""
        offers = Offers.of(activities or {}, settings)
        attributing = AttributionSettings(
            settings.keys,
            settings.attribution_ms,
            *({}, {}, {}, {}),
            settings.worth_limit,
            max_lists=most_lists(len(settings.placements)),
        )
        start = cls(settings, encoder, offers, attributing, settings.generation, settings.weights, PolicyTables.empty())
        return start._offering(offers)

    @cached_property
    def variants(self) -> VariantTable | None:
        """Which variant each user sees, by the shares that were published; None where no activity has any."""
        table, standings = self.offers.variants, self.tables.standings
        return table and table.with_shares({name: each.shares for name, each in standings.items() if each.shares})

    @property
    def pushes(self) -> PushKnown:
        """What is known of pushes; its version is its own, lists do not read it."""
        return self.tables.pushes

    @property
    def catalogue(self) -> Catalogue:
        """The activities that can be ranked."""
        return self.offers.catalogue

    @property
    def version(self) -> int:
        """Offset of the newest policy record applied, -1 for none: the tables are a known state of the policy topic."""
        tables = (self.tables.deployed, *self.tables.on_trial.values())
        return max(*(table.version for table in tables), self.tables.newest_standing)

    def policy_of(self, arm: int) -> Policy:
        """Return what ranks an arm; for one that is no longer there, as for the holdout, the deployment's policy."""
        trials = self.experiment.arms if self.experiment else ()
        return trials[arm - 1].policy if 0 < arm <= len(trials) else self.settings.policy

    def arms_of(self, users: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return the experiment arm of each user [U], given as hash64."""
        return arm_numbers(users, self.settings.salt, self.settings.holdout_permille, self.experiment)

    def experiment_of(self, mark: int) -> Experiment | None:
        """Return the experiment, running or over, whose mark a list carries; None where it is no longer known."""
        if not self.experiments:
            return None
        return next((each for each in reversed(self.experiments) if each.mark == mark), None)

    @property
    def known(self) -> Coefficients:
        """Coefficients of the catalogue's activities for the deployment's policy."""
        return self.known_by(self.settings.policy)

    def known_by(self, policy: Policy, charged: Charged = Charged.ALL, weights: Weights | None = None) -> Coefficients:
        """Return the coefficients of the catalogue's activities for a policy, as charged by budgets and floors.

        `weights` are those of a placement that has its own.
        """
        table = self.table_of(policy, self.encoder.version)
        weights = CLICKS_ALONE if charged is Charged.CLICKS else weights or self.weights
        if not self.tables.standings:
            charged = Charged.NOTHING  # by the same weights all are the same then: made once, 1 ms of 200 activities
        name = "" if table is self.tables.deployed else policy.regression.name, charged, weights
        if name not in self._known:
            standings = charged.of(self.charging(weights))
            self._known[name] = coefficients(table, self.catalogue, self.encoder.version, weights, standings)
        return self._known[name]

    def charging(self, weights: Weights) -> Mapping[str, Standing]:
        """Return where activities stand, for scores by some weights: clicks are kept by the deployment's own alone.

        And only where a share is asked for: a job that was begun anew without the option, or replays without it, read
        what one before has published, and nobody takes that back.
        """
        standings, keeps = self.tables.standings, self.settings.least_clicks > 0.0
        if EVERY_ID not in standings or (keeps and weights == self.settings.weights):
            return standings
        return {name: each for name, each in standings.items() if name != EVERY_ID}

    def exploration_permille(self, placed: Placed | None) -> int:
        """Return how often in a thousand a position of a placement explores, of the default list for None."""
        own = None if placed is None else placed.placement.exploration_permille
        return self.settings.exploration_permille if own is None else own

    def stopped(self) -> NDArray[np.int64]:
        """Return the numbers of the activities that are to be shown to nobody: what limits them is used up."""
        names = {name for name, standing in self.tables.standings.items() if standing.stopped}
        activities = self.catalogue.activities if names else ()
        return np.array([at for at, each in enumerate(activities) if each.activity_id in names], np.int64)

    def leases(self) -> dict[int, int]:
        """Return by activity number in how many milliseconds lists that show it run out, where a limit says so."""
        standings = self.tables.standings
        if not standings:
            return {}
        limited = [(at, each.activity_id) for at, each in enumerate(self.catalogue.activities) if each.is_limited]
        return {number: standings[name].lease_ms for number, name in limited if name in standings}

    def table_of(self, policy: Policy, encoder: int, version: int | None = None) -> PolicyTable:
        """Return the table a policy ranks with, at a version if one is given.

        That is the deployment's until the learner has solved an encoder's rows for an arm that needs others.
        """
        if not policy.contextual or policy.regression == self.settings.policy.regression:
            return self.tables.deployed
        own = self.tables.on_trial.get(policy.regression.name)
        return self.tables.deployed if own is None or not own.knows(encoder, version) else own

    def cold(self, at_ms: int) -> int:
        """Return how many of the activities that run at a moment have hardly been shown."""
        cold = self.known.impressions < COLD_BELOW
        return int(np.count_nonzero(open_at(self.catalogue, np.array([at_ms]))[0] & cold))

    def with_activities(self, changes: Mapping[str, Activity | None]) -> RankerState:
        """Put activities in, or take out those that are None."""
        left = {name: each for name, each in {**self.offers.activities, **changes}.items() if each is not None}
        return self._offering(Offers.of(left, self.settings))

    def with_row(self, activity_id: str, row: PolicyRow) -> RankerState:
        """Take a policy row in; return this very state where it is not newer or the policy is pinned below it."""
        return replace(self) if self.tables.take(activity_id, row) else self

    def with_standing(self, activity_id: str, standing: Standing) -> RankerState:
        """Take in where an activity stands; return this very state where it is not newer or the policy is pinned."""
        held = standing_without(standing, self.settings.lifted)
        return self.with_tables(self.tables.standing(activity_id, held))

    def with_pushes(self, known: PushKnown) -> RankerState:
        """Take in what is known of pushes; return this very state where it is not newer or the policy is pinned."""
        return self.with_tables(self.tables.with_pushes(known))

    def with_tables(self, tables: PolicyTables) -> RankerState:
        """Rank with other policy tables, in the place of all that was learned; this very state with its own."""
        return self if tables is self.tables else replace(self, tables=tables)

    def with_encoder(self, encoder: StepEncoder) -> RankerState:
        """Rank with another encoder; what was learned belongs to the former one and is kept apart."""
        return replace(self, encoder=encoder)

    def after(self, command: RankerCommand, issued_ms: int) -> RankerState:
        """Return the state once a command is carried out; a pin also forgets what was learned, to be read anew."""
        if isinstance(command, SetWeights):
            return replace(self, weights=(command.click, command.conversion, command.revenue, command.cost))
        if isinstance(command, SetGeneration):
            return replace(self, generation=command.generation)
        if isinstance(command, PinPolicy):
            return self.with_tables(PolicyTables.empty(pinned=command.pinned))
        if isinstance(command, SetExamination):
            return self._examining(command)
        return self._trying_out(command, issued_ms)

    def _trying_out(self, command: SetExperiment, issued_ms: int) -> RankerState:
        """Start an experiment in the place of a running one, or end it where there are neither arms nor shadow."""
        if not (command.arms or command.shadow):
            return replace(self, experiment=None)
        new = started(command, issued_ms)
        known = [*(each for each in self.experiments if each.mark != new.mark), new]
        return replace(self, experiment=new, experiments=tuple(known[-_FORMER_EXPERIMENTS:]))

    def _offering(self, offers: Offers) -> RankerState:
        all_of = offers.catalogue
        attributing = self.attributing.of_catalogue(
            all_of.reward_value, all_of.activities_of_item, all_of.caps.needs, offers.tags
        )
        return replace(self, offers=offers, attributing=attributing)

    def _examining(self, command: SetExamination) -> RankerState:
        """Let impressions from now on weigh what their places or the clicks above them say; see ranker_feed.py."""
        number = next((each.number for each in self.settings.placements if each.name == command.placement), 0)
        if command.placement and not number:
            return self
        new = self.attributing.examining(number, command.places, command.after_click, self.offers.tags)
        return replace(self, attributing=new)
