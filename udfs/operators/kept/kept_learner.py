"""What is learned, in memory and in the states that an operator goes on from, the same in both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pyflink.common import Row, Types
from pyflink.datastream.state import MapStateDescriptor, ValueStateDescriptor

from tideline.schemas.errors import InvalidRecord
from tideline.udfs.core.budgets.ledgers import KeptLedgers
from tideline.udfs.core.budgets.standing import encode_standing
from tideline.udfs.core.catalogue.activity import decode_activity
from tideline.udfs.core.catalogue.activity_features import features_of
from tideline.udfs.core.learning.learner import Kept, Learner, LearnerSettings
from tideline.udfs.core.learning.learning import Decay, encode_sums
from tideline.udfs.core.learning.monitoring import ALARM_AT, entropy
from tideline.udfs.core.policies.arm_key import LedgerKey, SumsKey
from tideline.udfs.core.policies.by_name import make_policy
from tideline.udfs.core.policies.cold_start import scaled
from tideline.udfs.core.policies.policy_table import THETA_LIMIT, encode_row, row_key
from tideline.udfs.core.rewards.feedback import gather_feedback
from tideline.udfs.core.rule_costs.front import weights_mark
from tideline.udfs.operators.metrics import Meters
from tideline.udfs.operators.stop import reading_what_is_learned

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from pyflink.datastream.functions import RuntimeContext

    from tideline.udfs.core.budgets.ledgers import ChangedLedgers, Due
    from tideline.udfs.core.policies.arm_key import ArmKey
    from tideline.udfs.core.policies.regression import Regression
    from tideline.udfs.settings.job_config import JobConfig


def settings_of(config: JobConfig) -> LearnerSettings:
    """Return how a job of these options learns."""
    weights = config.weight_click, config.weight_conversion, config.weight_revenue, config.weight_cost
    _, conversion, revenue, _ = scaled(weights)
    return LearnerSettings(
        make_policy(config.policy).regression,
        Decay(round(config.half_life_days * 86_400_000)),
        round(config.attribution_days * 86_400_000),
        config.publish_ms,
        (conversion, revenue),
        config.least_clicks,
        weights_mark(weights),
    )


class KeptLearner:
    """Of the one key that learns; every method but the first is to be called while something of it is worked off."""

    def __init__(self, context: RuntimeContext, config: JobConfig, epoch: int) -> None:
        """Name the states: sums by arm; features, terms, ledgers, variants, standings by activity; times.

        `epoch` is what the rows carry.
        """

        def map_of(name: str) -> Any:
            return context.get_map_state(MapStateDescriptor(name, Types.STRING(), Types.PICKLED_BYTE_ARRAY()))

        def value_of(name: str, kind: Any) -> Any:
            return context.get_state(ValueStateDescriptor(name, kind))

        self._context, self._epoch, self.settings = context, epoch, settings_of(config)
        self._sums = map_of("sums")
        self._newest = value_of("newest_ms", Types.LONG())
        self._ordered = value_of("ordered_encoder", Types.LONG())
        self._turn = value_of("turn", Types.STRING())
        self._features = map_of("features")
        self._ledgers, self._terms, self._told = map_of("ledgers"), map_of("terms"), map_of("standings")
        self._variants = map_of("variants")
        self._ledger_turn = value_of("ledger_turn", Types.LONG())
        self._ledger_ms = value_of("ledger_ms", Types.LONG())
        self.meters = Meters(context)
        self._restored: Learner | None = None

    @property
    def learner(self) -> Learner:
        """What is in the states, decoded at the first use: before, there is no key to read them by."""
        if self._restored is None:
            kept = Kept(
                dict(self._sums.items()),
                dict(self._features.items()),
                self._newest.value(),
                self._ordered.value(),
                self._turn.value() or "",
                KeptLedgers(
                    dict(self._ledgers.items()),
                    dict(self._terms.items()),
                    self._ledger_ms.value() or 0,
                    dict(self._told.items()),
                    self._ledger_turn.value() or 0,
                    dict(self._variants.items()),
                ),
            )
            with reading_what_is_learned(self._context):
                self._restored = Learner(self.settings, kept)
        return self._restored

    def learn(self, parts: Sequence[bytes]) -> list[ArmKey]:
        """Add encoded feedback; return the arms to publish: those that it changed, and those whose turn it is."""
        with reading_what_is_learned(self._context):  # state holds what was on its way
            ids, feedback = gather_feedback(parts)
        learned = self.learner.learn(ids, feedback)
        self._newest.update(learned.newest_ms)
        for text, state in learned.kept.items():
            self._sums.put(text, state)
        for text in learned.removed:
            self._sums.remove(text)
        if learned.turn is not None:
            self._turn.update(learned.turn)
        if learned.ledgers is not None:
            self._keep(learned.ledgers)
        milli = {f"{name}_clicks_milli": round(1000 * count) for name, count in learned.clicks._asdict().items()}
        aside = {f"feedback_refused_{reason}": count for reason, count in learned.refused.items()}
        self.meters.add({"feedback_rows": learned.rows, **milli, **aside})
        return learned.arms

    def _keep(self, changed: ChangedLedgers) -> None:
        for name, state in changed.kept.items():
            self._ledgers.put(name, state)
        for name, state in changed.variants.items():
            self._variants.put(name, state)
        for name in changed.gone:
            self._ledgers.remove(name)
            self._variants.remove(name)
            self._terms.remove(name)
            self._told.remove(name)
        self._ledger_ms.update(changed.newest_ms)

    def due(self) -> Due:
        """Return the standings whose turn it is, and keep whose it was."""
        due = self.learner.ledgers.due()
        self._ledger_turn.update(due.turn)
        return due

    def note(self, key: bytes, value: bytes | None) -> str | None:
        """Note an activity's features and terms, or, without a value, that it was deleted.

        Returns its id where its terms are others for it.
        """
        try:
            activity = decode_activity(key, value)
        except InvalidRecord:
            return None  # counted and logged where the activity is broadcast
        learner = self.learner
        if activity is None:
            name = key.decode(errors="replace")
            self._features.remove(name)
            learner.note(name, None)
        else:
            features = features_of(activity)
            name = activity.activity_id
            self._features.put(name, features.tobytes())
            learner.note(name, features)
        terms = learner.ledgers.note(name, activity)
        of_variants = learner.ledgers.variant_sums(name)
        if of_variants is not None:
            self._variants.put(name, of_variants)
        else:
            self._variants.remove(name)
        if terms is None or terms == self._terms.get(name):
            return None
        self._terms.put(name, terms)
        return name

    def take_up(self, encoder: int) -> list[ArmKey]:
        """Return the arms to publish for an encoder that is about to be used."""
        arms = self.learner.take_up(encoder)
        self._ordered.update(encoder)
        return arms

    def standings(self, due: Due) -> Iterator[Row]:
        """Publish where activities stand with their budgets and floors, and keep what was told."""
        for name, standing in due.standings:
            value = encode_standing(name, standing._replace(epoch=self._epoch))
            self._told.put(name, value)
            yield Row(LedgerKey(name).value, value)
        self.meters.show("activities_stopped", due.stopped)

    def sums(self) -> Iterator[Row]:
        """Publish what is learned of each arm, in the form in which it is kept.

        As it is now: in state an arm that nothing was learned of lately still has what is forgotten since.
        """
        for arm, sums in sorted(self.learner.sums.items()):
            yield Row(SumsKey(arm).value, encode_sums(sums, self.settings.decay))

    def rows(self, arms: Iterable[ArmKey], on_trial: Sequence[Regression]) -> Iterator[Row]:
        """Publish some arms, as the deployment solves them and as each regression on trial does."""
        rows = self.learner.publish(arms, on_trial)
        if not rows:
            return
        self._show()
        largest = np.abs(np.array([row.theta for _, row in rows])).max(axis=(1, 2))
        cut = int(np.count_nonzero(largest >= THETA_LIMIT))
        self.meters.add({"policy_rows_published": len(rows), "policy_rows_cut": cut})
        for activity_id, row in rows:
            yield Row(row_key(activity_id, row).value, encode_row(row._replace(epoch=self._epoch), activity_id))

    def _show(self) -> None:
        drift = self.learner.drift()
        self.meters.show("selection_entropy_milli", round(1000 * entropy(self.learner.impressions())))
        self.meters.show("drift_z_milli", round(1000 * drift))
        self.meters.show("drift_alarm", int(abs(drift) > ALARM_AT))
