"""The learner: feedback in, what to keep and what to publish out.

The live job, off-policy evaluation, the regret benchmarks and the tests' oracle all learn by calling this, so the same
feedback gives the same rows in each of them. What is kept in memory is a function of the kept bytes alone: a learner
that was restored publishes what the one before it would have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.udfs.core.budgets.ledgers import KeptLedgers, Ledgers, LedgerSettings
from tideline.udfs.core.learning.intake import admit
from tideline.udfs.core.learning.knowledge import Knowledge
from tideline.udfs.core.learning.learning import Decay, decode_sums, encode_sums
from tideline.udfs.core.learning.monitoring import Clicks, Watch
from tideline.udfs.core.learning.publication import every_arm, published
from tideline.udfs.core.learning.turn import publications_in_round, turn
from tideline.udfs.core.policies.arm_key import ArmKey, decode_arm
from tideline.udfs.core.policies.regression import Regression
from tideline.udfs.core.rewards.feedback import TAKEN_BACK
from tideline.udfs.core.rule_costs.days import decode_costs
from tideline.udfs.core.rule_costs.front import click_worth, summed_front

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.budgets.ledgers import ChangedLedgers
    from tideline.udfs.core.learning.intake import Refusal
    from tideline.udfs.core.policies.policy_table import PolicyRow


class LearnerSettings(NamedTuple):
    """How a learner learns."""

    regression: Regression = Regression()
    """How the deployment's rows are solved."""
    decay: Decay = Decay(0)
    window_ms: int = 0
    """So long feedback of a list can come: what is known of a deleted activity keeps its name until then."""
    publish_ms: int = 0
    """Time between two publications, by which each row gets its turn to be published again; 0: none does."""
    worth: tuple[float, float] = (5.0, 0.0)
    """Of a conversion and of a unit of revenue, as scores weigh them: what budgets are priced by."""
    least_clicks: float = 0.0
    """Share of the clicks they could have that lists keep; 0: whatever the weights leave."""
    weights_mark: int = 0
    """Of the weights that lists are ranked by, see front.py."""

    @property
    def kept_front(self) -> int | None:
        """Whose fronts are kept, None where no share of clicks is."""
        return self.weights_mark if self.least_clicks > 0.0 else None


class Kept(NamedTuple):
    """What a learner is restored from: the values of its states, keys of arms as texts."""

    sums: Mapping[str, bytes]
    features: Mapping[str, bytes]
    newest_ms: int | None = None
    ordered: int | None = None
    turn: str = ""
    ledgers: KeptLedgers = KeptLedgers()


NOTHING_KEPT = Kept({}, {})


class LearnedFeedback(NamedTuple):
    """What feedback changed: what to keep and to remove, the arms to publish, and figures for monitors."""

    kept: dict[str, bytes]
    removed: list[str]
    newest_ms: int
    turn: str | None
    """Whose turn it was last, None where it was nobody's."""
    arms: list[ArmKey]
    rows: int
    clicks: Clicks
    refused: Counter[Refusal]
    ledgers: ChangedLedgers | None
    """None where no activity has a budget or a floor."""


class Learner:
    """Knows the sums and features of all activities: the prior and the total they share are then of one moment."""

    def __init__(self, settings: LearnerSettings, kept: Kept = NOTHING_KEPT) -> None:
        self._settings = settings
        decay = settings.decay
        self._known = Knowledge(
            {decode_arm(text): decode_sums(each, decay) for text, each in kept.sums.items()},
            decay,
            None if kept.newest_ms is None else decay.bucket_at(kept.newest_ms),
        )
        self._features = {name: np.frombuffer(each, np.int8) for name, each in kept.features.items()}
        in_round = publications_in_round(settings.publish_ms)
        ledgers = LedgerSettings(settings.window_ms, settings.worth, in_round, settings.least_clicks > 0.0)
        self.ledgers = Ledgers(ledgers, kept.ledgers)
        self._ordered, self._turn = kept.ordered, decode_arm(kept.turn) if kept.turn else None
        self._watch = Watch()

    def value_clicks(self, costs: bytes) -> None:
        """Let a click be worth what keeps the share of clicks that is asked for, by a record of what lists could have.

        Raises InvalidRecord where the bytes are no such record.
        """
        if self._settings.least_clicks > 0.0:
            days = [each.fronts for each in decode_costs(costs)]
            front = summed_front(days, self._settings.weights_mark)
            self.ledgers.value_clicks(click_worth(front, self._settings.least_clicks))

    @property
    def sums(self) -> Mapping[ArmKey, NDArray[Any]]:
        """What is known of each arm."""
        return self._known.sums

    def note(self, activity_id: str, features: NDArray[np.int8] | None) -> None:
        """Take in the features of an activity, or that it was deleted."""
        if features is None:
            self._features.pop(activity_id, None)
        else:
            self._features[activity_id] = features

    def learn(self, ids: Sequence[str], rows: NDArray[Any]) -> LearnedFeedback:
        """Add feedback (dtype ROWS); the arms to publish are those it changed and those whose turn it is.

        Of an encoder's first feedback every activity's. Rows of users who are not to be learned from are for the
        ledgers alone; what is taken back is for the sums alone.
        """
        known, silent = self._known, (rows["unlearned"] != 0) & (rows["unlearned"] != TAKEN_BACK)
        counted, rows = (rows[silent], rows[~silent]) if silent.any() else (rows[:0], rows)
        before, activities = known.encoders(), known.activities()
        learned = known.learn(ids, rows)
        others = admit(ids, counted, known.decay, known.newest)
        retired = known.retire(self._features.keys(), self._settings.window_ms)
        given = _given(learned.rows) if (rows["unlearned"] == TAKEN_BACK).any() else learned.rows
        clicks = self._watch.see(given)
        kept = {arm: known.sums[arm] for arm in learned.rows if arm in known.sums} | retired.together
        gone = [*learned.forgotten, *retired.arms]
        due = self._due()
        arms = [*learned.rows, *gone, *due]
        for encoder in set(known.encoders()) - set(before):
            arms += [ArmKey(encoder, activity) for activity in activities]
        return LearnedFeedback(
            {arm.text: encode_sums(sums, known.decay) for arm, sums in kept.items()},
            [arm.text for arm in gone],
            known.decay.start_ms(known.newest),
            due[-1].text if due else None,
            sorted(set(arms)),
            sum(mine.size for mine in learned.rows.values()),
            clicks,
            learned.refused + others.refused,
            self.ledgers.learn(_by_activity(given, ids, others.rows)) if self.ledgers else None,
        )

    def _due(self) -> list[ArmKey]:
        """Return the arms that are published again without a change."""
        encoders = sorted({*self._known.in_use(), *([] if self._ordered is None else [self._ordered])})
        activities = self._known.activities()
        arms = [ArmKey(encoder, activity) for encoder in encoders for activity in activities]
        due = turn(arms, self._turn, self._settings.publish_ms)
        self._turn = due[-1] if due else self._turn
        return due

    def every_arm(self) -> list[ArmKey]:
        """Return every arm of which something is known."""
        return sorted(self._known.sums)

    def take_up(self, encoder: int) -> list[ArmKey]:
        """Return the arms to publish for an encoder that is about to be used: from now on they get their turn."""
        self._ordered = encoder
        return every_arm(encoder, self._known.sums)

    def publish(self, arms: Iterable[ArmKey], others: Iterable[Regression] = ()) -> list[tuple[str, PolicyRow]]:
        """Return (activity id, row) for some arms in rising order, each encoder's prior behind its own.

        First as the deployment solves them, then as each of `others` does, with its name in the row.
        """
        arms = sorted(set(arms))
        if not arms:
            return []
        rows = published(self._known, arms, self._settings.regression, self._features)
        self._watch.published(rows)
        for how in others:
            found = published(self._known, arms, how, self._features)
            rows += [(name, row._replace(regression=how.name)) for name, row in found]
        return rows

    def impressions(self) -> Counter[str]:
        """Return the impressions by activity, in hundredths."""
        return self._known.impressions()

    def drift(self) -> float:
        """Return by how many standard errors clicks over predicted ones differ today from before, see `Watch`."""
        return self._watch.drift()


def _given(rows_of: Mapping[ArmKey, NDArray[Any]]) -> Mapping[ArmKey, NDArray[Any]]:
    """Return the feedback of each arm without what is taken back: budgets stay spent, monitors saw what they saw."""
    given = {arm: rows[rows["unlearned"] != TAKEN_BACK] for arm, rows in rows_of.items()}
    return {arm: rows for arm, rows in given.items() if rows.size}


def _by_activity(
    rows_of: Mapping[ArmKey, NDArray[Any]], ids: Sequence[str], others: NDArray[Any]
) -> dict[str, NDArray[Any]]:
    """Return the feedback of each activity under all encoders, with that of others, which no arm has learned from."""
    found: dict[str, list[NDArray[Any]]] = {}
    for arm, rows in rows_of.items():
        found.setdefault(arm.activity_id, []).append(rows)
    for number in np.unique(others["activity"]).tolist():
        found.setdefault(ids[number], []).append(others[others["activity"] == number])
    return {name: parts[0] if len(parts) == 1 else np.concatenate(parts) for name, parts in found.items()}
