"""What became of the records of each shard of a replay, kept with its users: a restart goes back with both."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from pyflink.common import Types
from pyflink.datastream.state import ValueStateDescriptor

from tideline.schemas.errors import ConfigError
from tideline.udfs.core.lists.list_block import encode_block
from tideline.udfs.core.serving.batches.fates import FATES_FORMAT, MadeBy, decode_fates, encode_fates, fates_of
from tideline.udfs.core.users.state_check import OF_THIS_BUILD
from tideline.udfs.operators.stop import failing_for_good
from tideline.udfs.settings.job_config import JobConfig, ReplayConfig

if TYPE_CHECKING:
    from pyflink.datastream.functions import RuntimeContext

    from tideline.udfs.core.serving.batches.fates import Fates
    from tideline.udfs.core.serving.batches.outcome import Outcome
    from tideline.udfs.operators.batch_rows import Batch
    from tideline.udfs.operators.kept.shard_keys import ShardKeys

END_MS = 2**63 - 1
"""The last moment of event time: a bounded source says that it is reached once all of its records are worked off."""


class Tallies:
    """Of the shards of a subtask.

    Only a replay has any: a job that goes on has no end at which they would be told.
    """

    def __init__(self, context: RuntimeContext, shards: ShardKeys, config: JobConfig) -> None:
        """They are told with the generation of the lists beside which they stand, and what those were made by."""
        self._context, self._shards, self._generation = context, shards, config.generation
        self._made = MadeBy(config.topics.policy)
        self._by_shard: dict[int, Fates] = {}
        self._state: Any = None
        if isinstance(config, ReplayConfig):
            self._made = MadeBy(config.topics.policy, str(config.users or ""), str(config.without or ""))
            self._state = context.get_state(ValueStateDescriptor("tally", Types.PICKLED_BYTE_ARRAY()))

    def add(self, batch: Batch, outcome: Outcome, timers: Any) -> None:
        """Count the records of a batch by what became of them."""
        if self._state is None:
            return
        fates = fates_of(outcome, list(zip(batch.shards, batch.partitions, strict=True)))
        for shard in dict.fromkeys(batch.shards):
            self._shards.at(shard)
            if shard not in self._by_shard:
                timers.register_event_time_timer(END_MS)
            mine = self._of(shard)
            for (of_shard, partition), counts in fates.items():
                if of_shard == shard:
                    mine.setdefault(partition, Counter()).update(counts)
            self._state.update(encode_fates(mine, self._generation))

    def is_end(self, timestamp: int) -> bool:
        """Return whether a timer is that of the end."""
        return timestamp == END_MS

    def told(self, shard: int) -> bytes:
        """Return what is known of a shard, as the writer of lists takes it: a block of one payload under its number."""
        return encode_block([str(shard)], [encode_fates(self._of(shard), self._generation, self._made)])

    def _of(self, shard: int) -> Fates:
        if shard not in self._by_shard:
            kept = self._state.value()
            self._by_shard[shard] = {} if kept is None else self._read(kept)
        return self._by_shard[shard]

    def _read(self, kept: bytes) -> Fates:
        """End the job for good where another build wrote it."""
        with failing_for_good(self._context):
            try:
                return decode_fates(kept)
            except ValueError as error:
                raise ConfigError("state", str(error), f"format {FATES_FORMAT}, {OF_THIS_BUILD}") from error
