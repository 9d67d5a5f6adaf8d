"""Every metric of the job: declared once, with its meaning; an undeclared name is a KeyError.

Flink's Prometheus reporter shows them as flink_taskmanager_job_task_operator_tideline_NAME. PyFlink has no histogram,
so a latency is counted in buckets: NAME_le_100 counts the lists that took at most 100 ms, cumulatively.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.schemas.errors import Reason
from tideline.schemas.events import TYPE_NAMES
from tideline.udfs.core.catalogue.reach import Unreachable
from tideline.udfs.core.learning.intake import Refusal
from tideline.udfs.core.push.push_choice import Why
from tideline.udfs.core.rewards.join import JoinOutcome
from tideline.udfs.core.rule_costs import sums
from tideline.udfs.core.users.interest import ENCODE_BUCKETS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from pyflink.datastream.functions import RuntimeContext

GROUP = "tideline"
LATENCY_BUCKETS_MS = (25, 50, 100, 150, 250, 400, 1_000, 5_000, 60_000)

COUNTERS: dict[str, str] = {
    "records": "Records read from the clickstream.",
    **{f"events_{name}": f"Valid events of type {name}." for name in TYPE_NAMES},
    "duplicate": Reason.DUPLICATE.meaning,
    "late": Reason.LATE.meaning,
    "erased": Reason.ERASED.meaning,
    "erasures": "Orders to erase a user that were carried out.",
    "erasures_over": "Erased users of whom nothing is kept any more: erased_days have passed.",
    "lists_taken_back": "Orders to take back what a list of a user to be erased had taught.",
    "erasures_refused": "Records of the topic of erasures that cannot be read, or whose secret is gone.",
    "quarantined": Reason.QUARANTINED.meaning,
    "quarantined_purchase": "Purchases among the dead letters that are quarantined.",
    **{f"join_{outcome}": f"Activity events: {outcome.meaning}" for outcome in JoinOutcome},
    "feedback": "Increments sent to the learner.",
    "lists": "Lists ranked for publication.",
    "lists_caps_full": "Lists without further capped activities: their user has no room for more marks of caps.",
    **sums.COUNTERS,
    "state_malformed": "Users whose kept state could not be read: they begin anew.",
    "unlisted": "Users who got no list because no activity is known: the topic is empty or was emptied.",
    "profiles": "Records read from the topic of profiles.",
    "profiles_applied": "Users whose profile is another one for it; of two records in one batch the newer.",
    "republished": "Users ranked again by a republish command.",
    "refreshed": "Users ranked again because an activity had opened.",
    "decisions": "Decision records written.",
    "decisions_explored": "Decision records of places that exploration filled: over decisions, the explored share.",
    **{f"pushes_{why}": f"Decision points of users: {why.meaning}" for why in Why},
    "pushes_taken_in": "Users who agreed to messages and said nothing since these are on: they wait for their times.",
    "dead_letters": "Dead letters of all reasons.",
    "dead_letters_producer_fault": "Those of them that only a producer can cause: the dead-letter limit counts them.",
    **{f"dead_letter_{reason}": f"Refused: {reason.meaning}" for reason in Reason if not reason.counted_only},
    "lists_placed": "Lists made for placements, beside the default ones.",
    "encode_batches": "Batches of users encoded.",
    **{f"encode_batch_le_{size}": f"Batches of at most {size} users." for size in ENCODE_BUCKETS},
    "model_swapped": "Encoder artefacts taken into use.",
    "model_refused": "Encoder artefacts refused; the former one stayed.",
    "control_applied": "Control commands carried out.",
    "policy_rows_applied": "Policy rows taken in by a ranker.",
    **{
        f"{topic}_made_again": f"Times a ranker found the topic of {topic} made again and read it anew."
        for topic in ("activities", "control", "policy")
    },
    "policy_rows_fenced": "Policy rows of a job that another has taken over from, passed over by each ranker.",
    "policy_rows_refused": "Policy rows that are none, counted by each ranker.",
    **{
        f"activity_unreachable_{why}": f"Activities taken, counted by each ranker: {why.meaning}."
        for why in Unreachable
    },
    "floors_not_owable": "Changes of activities after which no lists can keep all exposure floors.",
    "feedback_rows": "Feedback rows added to the sums.",
    **{f"feedback_refused_{reason}": f"Feedback rows set aside: {reason.meaning}" for reason in Refusal},
    "push_rows": "Rows of decision points of messages, and of what came of them, added to the sums.",
    "policy_rows_published": "Policy rows written by the learner.",
    "policy_rows_cut": "Policy rows with a coefficient over 2.7e11, cut to that.",
    "predicted_clicks_milli": "Thousandths of clicks that the rows published before expected of what was shown since.",
    "seen_clicks_milli": "Thousandths of clicks that came of it: over the above 1 where predictions are right.",
    "redis_written": "Lists that replaced an older one.",
    "redis_same": "Lists that were there already.",
    "redis_older": "Lists refused because a newer one was there.",
    "redis_erased": "Lists refused because the user was erased.",
    "redis_malformed": "Lists not written: the user's key holds no string.",
    "redis_retry": "Attempts after the first to write to Redis.",
    "list_ms": "Lists whose latency was measured: from the Kafka timestamp of the event to the write in Redis.",
    **{f"list_ms_le_{limit}": f"Lists readable at most {limit} ms after their event." for limit in LATENCY_BUCKETS_MS},
}
"""Name and meaning of every counter."""

GAUGES: dict[str, str] = {
    "encoder_version": "Version of the encoder in use.",
    "encoder_on_cuda": "1 where the encoder runs on a GPU, 0 on the CPU.",
    "policy_version": "Offset of the newest policy record in use.",
    "activities": "Activities known.",
    "activities_cold": "Activities running now with under 100 impressions, as each ranker knows them.",
    "activities_stopped": "Activities that are shown to nobody: a budget, stock or total cap has no room for more.",
    "selection_entropy_milli": "Thousandths of a nat: entropy of which activity was shown; 0 is always the same one.",
    "drift_z_milli": "Thousandths of a standard error by which seen over predicted clicks differ today from before.",
    "drift_alarm": "1 where that is more than 4 standard errors, else 0.",
}
"""Name and meaning of every gauge."""


class Meters:
    """The counters and gauges of one operator instance."""

    def __init__(self, context: RuntimeContext) -> None:
        group = context.get_metrics_group().add_group(GROUP)
        self._counters = {name: group.counter(name) for name in COUNTERS}
        # Not PyFlink's gauges: for these the reporter's thread calls into Python, which in thread mode ends the
        # TaskManager with SIGSEGV at a scrape. A counter lives in the JVM, and may also go down.
        self._gauges = {name: group.counter(name) for name in GAUGES}
        self._values = dict.fromkeys(GAUGES, 0)

    def add(self, counts: Mapping[str, int]) -> None:
        """Raise counters."""
        for name, count in counts.items():
            if count:
                self._counters[name].inc(count)

    def show(self, name: str, value: int) -> None:
        """Set a gauge."""
        if value != self._values[name]:
            self._gauges[name].inc(value - self._values[name])
            self._values[name] = value

    def observe_latencies(self, elapsed_ms: NDArray[np.int64]) -> None:
        """Count lists in the latency buckets."""
        counts = {"list_ms": int(elapsed_ms.size)}
        for limit in LATENCY_BUCKETS_MS:
            counts[f"list_ms_le_{limit}"] = int(np.count_nonzero(elapsed_ms <= limit))
        self.add(counts)


class ReachedOffsets:
    """Tells by partition how far a topic is read, under the name and in the unit of Flink's own source of Kafka."""

    def __init__(self, context: RuntimeContext, topic: str) -> None:
        self._group = context.get_metrics_group().add_group("topic", topic)
        self._counters: dict[int, Any] = {}
        self._values: dict[int, int] = {}

    def show(self, partition: int, next_offset: int) -> None:
        """Tell that all before an offset is read."""
        if partition not in self._counters:
            of_partition = self._group.add_group("partition", str(partition))
            self._counters[partition], self._values[partition] = of_partition.counter("currentOffset"), 0
        self._counters[partition].inc(next_offset - 1 - self._values[partition])
        self._values[partition] = next_offset - 1
