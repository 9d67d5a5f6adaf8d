"""What is learned of pushes, in memory and in the state that the learner goes on from, the same in both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyflink.common import Types
from pyflink.datastream.state import ValueStateDescriptor

from tideline.udfs.core.push.learned.push_known import encode_known, known_of
from tideline.udfs.core.push.learned.push_learning import (
    NO_PUSH_SUMS,
    decode_push_sums,
    encode_push_sums,
    learned_pushes,
)
from tideline.udfs.core.rule_costs.telling import waited
from tideline.udfs.operators.stop import reading_what_is_learned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyflink.datastream.functions import RuntimeContext

    from tideline.udfs.core.learning.learning import Decay
    from tideline.udfs.core.push.learned.push_learning import PushSums
    from tideline.udfs.operators.metrics import Meters
    from tideline.udfs.settings.job_config import JobConfig


class KeptPushes:
    """Of the one key that learns; every method but the first is to be called while something of it is worked off."""

    def __init__(self, context: RuntimeContext, config: JobConfig, decay: Decay, meters: Meters) -> None:
        """Name the states: the sums, and for how many publish intervals nothing was told."""
        self._context, self._config, self._decay, self._meters = context, config, decay, meters
        self._state = context.get_state(ValueStateDescriptor("pushes", Types.PICKLED_BYTE_ARRAY()))
        self._wait = context.get_state(ValueStateDescriptor("pushes_wait", Types.LONG()))
        self._sums: PushSums | None = None

    @property
    def sums(self) -> PushSums:
        """What is in the state, decoded at the first use: before, there is no key to read it by."""
        if self._sums is None:
            kept = self._state.value()
            with reading_what_is_learned(self._context):
                self._sums = NO_PUSH_SUMS if kept is None else decode_push_sums(kept, self._decay)
        return self._sums

    def learn(self, parts: Sequence[bytes]) -> bytes | None:
        """Add encoded rows of a publish interval; return the record to publish, None where it is not its turn.

        It is told at first, and from then on once a minute of intervals that bring anything to learn: a ranker that
        starts finds it beside the rows. Without the option nothing is told, and what is known stays known.
        """
        is_first = not self.sums.newest_ms
        if parts:
            with reading_what_is_learned(self._context):  # state holds what was on its way
                learned = learned_pushes(self.sums, parts, self._decay)
            self._sums = learned.sums
            self._state.update(encode_push_sums(learned.sums, self._decay))
            aside = {f"feedback_refused_{reason}": count for reason, count in learned.refused.items()}
            self._meters.add({"push_rows": learned.rows, **aside})
        if not self.sums.newest_ms or self._config.push is None:
            return None
        intervals = waited(self._wait.value() or 0, self._config.publish_ms)
        self._wait.update(intervals)
        return None if intervals and not is_first else self.record()

    def record(self) -> bytes | None:
        """Return the record of what is known; None where that is nothing, or no pushes are sent."""
        if not self.sums.newest_ms or self._config.push is None:
            return None
        return encode_known(known_of(self.sums, self._decay), self._config.epoch or 0)
