"""The keyed operator: one batch of a subtask's shards in, one row of lists, decisions, dead letters, feedback out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyflink.common import Row, Types
from pyflink.datastream.functions import KeyedBroadcastProcessFunction, RuntimeContext
from pyflink.datastream.state import ValueStateDescriptor

from tideline.models.encoder import Encoder
from tideline.schemas.errors import ConfigError, InvalidRecord
from tideline.udfs.core.control.control import Audience, Republish, decode_for
from tideline.udfs.core.erasure.known_erasures import KnownErasures
from tideline.udfs.core.lists.list_block import encode_block
from tideline.udfs.core.policies.arm_key import decode_ledger_key
from tideline.udfs.core.policies.fence import Claim, check_sole_claim, check_still_writer
from tideline.udfs.core.policies.policy_start import PolicyStart, Publication, TopicRecord
from tideline.udfs.core.rule_costs.days import encode_costs
from tideline.udfs.core.serving.broker_clock import BrokerClock
from tideline.udfs.core.serving.costs.sampled_decisions import WaitingDecisions
from tideline.udfs.core.serving.dead_letter_limit import DeadLetterLimit, DeadLetterLimitReached
from tideline.udfs.core.serving.engine import Outcome
from tideline.udfs.core.serving.popular_list import PopularList
from tideline.udfs.core.serving.ranker_state import RankerState
from tideline.udfs.core.serving.renewal.renew import refresh, republish, settle
from tideline.udfs.core.serving.stop_list import StopList
from tideline.udfs.io.job_log import speak_as
from tideline.udfs.io.kafka_cluster import KafkaCluster
from tideline.udfs.io.longer_log import read_policy
from tideline.udfs.io.topic_reader import read_topic
from tideline.udfs.operators.batch_rows import ORDER, PROFILES, Batch, read_batch
from tideline.udfs.operators.dead_letters import Letter, counts_of, letter_of_record, letters_of_batch, packed
from tideline.udfs.operators.kept.batch_users import BatchUsers, settled
from tideline.udfs.operators.kept.deployment import Deployment
from tideline.udfs.operators.kept.erased_marks import ErasedMarks
from tideline.udfs.operators.kept.flink_users import flink_users
from tideline.udfs.operators.kept.opening_rolls import OpeningRolls
from tideline.udfs.operators.kept.shard_keys import ShardKeys
from tideline.udfs.operators.kept.tallies import Tallies
from tideline.udfs.operators.kept.user_states import UserStates
from tideline.udfs.operators.metrics import Meters
from tideline.udfs.operators.part_row import outcome_row, part_row
from tideline.udfs.operators.past.read_past import Told, read_past, with_more
from tideline.udfs.operators.pushing.pushes import Pushes
from tideline.udfs.operators.ranker_feed import ACTIVITIES, CONTROL, POLICY, RankerFeed
from tideline.udfs.operators.stop import fail_job, failing_for_good
from tideline.udfs.operators.subtask import broadcasts_of, collect_seldom, job_id, present_ms, subtask_number
from tideline.udfs.settings.build import BUILD_ID
from tideline.udfs.settings.job_config import BackfillConfig, JobConfig, ReplayConfig
from tideline.udfs.settings.rank_settings import rank_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tideline.udfs.core.rule_costs.sums import DayCosts
    from tideline.udfs.settings.worker_config import WorkerConfig

_REPUBLISHED_AT_ONCE = 500
_DAY_MS = 86_400_000


class InterestRank(KeyedBroadcastProcessFunction):
    """Keyed by shard. Each user is a value of his own, as bytes; the last republish command is kept, too."""

    def __init__(self, submitted: WorkerConfig[JobConfig], popular_shard: int) -> None:
        self._submitted = submitted
        self._popular_shard = popular_shard
        self._build = BUILD_ID

    def open(self, context: RuntimeContext) -> None:
        """Load the encoder and bring the ranker's state to the present of its topics."""
        if self._build != BUILD_ID:
            raise ConfigError("build", BUILD_ID, f"{self._build}, which was submitted: install it here and restart")
        speak_as("interest_rank", subtask_number(context))
        config = self._config = self._submitted.opened()
        self._muted = not config.makes_lists
        self._context = context
        self._cluster = KafkaCluster(config.bootstrap, config.kafka_properties)
        self._deployment = Deployment(config)
        with failing_for_good(context):
            self._deployment.check(broadcasts_of(context))
        self._last_republish = context.get_state(ValueStateDescriptor("last_republish", Types.STRING()))
        live = not isinstance(config, ReplayConfig | BackfillConfig)
        self._rolls = OpeningRolls(context, config.refresh_per_s if live else 0, config.shards)
        kept = flink_users(context)
        self._shards = ShardKeys(kept.at)
        self._tallies = Tallies(context, self._shards, config)
        self._meters = Meters(context)
        self._states = UserStates(kept, self._shards, lambda: self._meters.add({"state_malformed": 1}))
        erased_ms = round(config.erased_days * _DAY_MS)
        self._marks = ErasedMarks(context, self._states, self._shards, erased_ms)
        kept_by = self._shards, self._states, self._marks, self._rolls
        later, some = (not self._muted, config.users) if isinstance(config, ReplayConfig) else (False, None)
        self._users = BatchUsers(context, *kept_by, later=later, some=some)
        self._writes_letters, self._brake = subtask_number(context) == 0, DeadLetterLimit()
        self._clock, self._sampled, self._publication = BrokerClock(), WaitingDecisions(), Publication()
        self._popular, self._stops = PopularList(config.list_ttl_s * 1000), StopList(config.list_ttl_s * 1000)
        # What reads the past may meet events of before any erasure.
        told = self._read_topics(erased_from_ms=present_ms() - erased_ms if live else 0)
        pushing = self._feed.state.settings.push
        self._pushes = Pushes(context, pushing, self._shards, self._users, self._meters)
        self._past = read_past(config, self._read, told, self._feed.state, present_ms())
        self._show()
        self._feed.log_start(BUILD_ID, config.topics.activities)
        collect_seldom()

    def _read_topics(self, erased_from_ms: int) -> Told:
        """Bring the ranker's state to the present: whatever comes later is broadcast. Return what was told."""
        config = self._config
        start = RankerState.start(rank_settings(config), Encoder.load(Path(config.encoder), config.provider))
        erased = ((record.key, record.value) for record in self._read(config.topics.erasures))
        erasures = KnownErasures.of(erased, start.settings.keys, erased_from_ms)
        self._meters.add({"erasures_refused": erasures.refused})
        self._feed = RankerFeed(
            replace(start, erasures=erasures),
            config.provider,
            self._read_policy,
            lambda role: self._read(config.topics.by_role()[role]),
            lambda name: self._meters.add({name: 1}),
            config.epoch or 0,
        )
        told = Told(start, *(list(self._read(name)) for name in (config.topics.control, config.topics.activities)))
        told = with_more(config, told)
        self._feed.apply(CONTROL, told.orders)
        if isinstance(config, ReplayConfig):
            self._feed.pin(config.policy_pin)
        self._feed.start_policy()
        self._end_if_taken_over()
        self._feed.apply(ACTIVITIES, told.activities)
        return told

    def process_element(self, row: Row, ctx: Any) -> Iterator[Row]:
        """Process a batch of events or of profiles, or republish every user of the shard."""
        batch = read_batch(row)
        self._shards.entered(batch.shards[0])
        if batch.kind == ORDER:
            yield from self._obey(batch.shards[0], batch.records.values[0], ctx.timer_service())
            return
        timers, shards, (held, worlds) = ctx.timer_service(), dict.fromkeys(batch.shards), self._past
        believed_ms = self._clock.bounded(batch.records.keys, batch.records.timestamps_ms, present_ms())
        ranker = worlds.at(max(believed_ms)) if worlds else self._feed.state
        outcome = self._users.worked_off(batch, believed_ms, worlds or ranker, muted=self._muted, held=held)
        if self._muted:
            outcome = settled(outcome, filter(self._is_over, shards), batch.shard_of, ranker)
        heard_ms, newest = max(believed_ms), self._feed.openings.newest
        of_pushes = self._pushes.store(outcome, batch.shard_of, self._feed.state, heard_ms, timers)
        if batch.kind != PROFILES:
            self._brake_if_needed(heard_ms, len(batch.shards), outcome)
        popular = stops = b""
        if outcome.listed or (self._users.later and outcome.users):
            self._meters.show("activities_cold", ranker.cold(outcome.newest_ms))
            if self._popular_shard in shards:
                popular = self._popular_block(ranker, outcome.newest_ms)
                if popular or self._stops.is_due(outcome.newest_ms):
                    stops = self._renewed_stops(outcome.newest_ms)
        self._users.look(shards, newest(min(outcome.newest_ms, heard_ms)), newest(heard_ms), timers)
        self._tallies.add(batch, outcome, timers)
        yield self._row(outcome, popular, stops, batch)
        if of_pushes:
            yield part_row(feedback=of_pushes)
        yield from self._tell_costs(self._sampled.add(outcome.sampled, heard_ms))

    def _end_if_taken_over(self) -> None:
        if isinstance(self._config, ReplayConfig):
            return
        with failing_for_good(self._context):
            own = Claim(self._config.epoch or 0, job_id(self._context))
            check_still_writer(self._config.topics.policy, own.epoch, self._feed.policy_epoch)
            check_sole_claim(self._config.topics.policy, own, self._feed.claims)

    def _is_over(self, shard: int) -> bool:
        self._shards.at(shard)
        return self._last_republish.value() is not None

    def _brake_if_needed(self, heard_ms: int, records: int, outcome: Outcome) -> None:
        try:
            self._brake.count(heard_ms, records, sum(each.error.reason.producer_fault for each in outcome.dead))
        except DeadLetterLimitReached as error:
            fail_job(self._context, f"dead-letter limit: {error}")
            raise

    def process_broadcast_element(self, row: Row, ctx: Any) -> Iterator[Row]:
        """Apply one record of the activities, control or policy topic."""
        role = row[0]
        if not role:  # a replay's single change is none
            return
        self._deployment.keep(ctx)
        record = TopicRecord(row[1], row[2], row[3], row[4])
        records = self._publication.ended(record) if role == POLICY else [record]
        if not records:
            return
        yield from self._tell_costs(self._sampled.costs())  # while the state is what they were made with
        self._feed.apply(role, records)
        if role == POLICY:
            self._end_if_taken_over()
        if role == ACTIVITIES or decode_ledger_key(record.key) is not None:
            yield from self._write_stops()
        self._show()
        refused = self._feed.refusal(role, record.offset)
        # Each ranker is told of each record: the first one alone writes the letter. A record read at the start is
        # broadcast too, unless a checkpoint is past it, and then its letter was written before.
        if refused is not None and self._writes_letters:
            letter = letter_of_record(refused, record, self._config.topics.by_role()[role])
            yield part_row(letters=self._packed([letter]))

    def _popular_block(self, ranker: RankerState, newest_ms: int, renew: bool = False) -> bytes:
        """Return the popular lists that are due, by placement."""
        due = self._popular.due(ranker, newest_ms, renew)
        return encode_block(list(due), list(due.values())) if due else b""

    def _renewed_stops(self, now_ms: int) -> bytes:
        """As the popular list is, and where there is none: it may not stay away after a loss of Redis."""
        return self._stops.due(self._feed.stops(), self._feed.state.generation, now_ms, renew=True)

    def _write_stops(self) -> Iterator[Row]:
        """Tell readers what is stopped as soon as it is known: one ranker does, a backfill makes nothing readable."""
        if not self._writes_letters or self._muted:
            return
        if stops := self._stops.due(self._feed.stops(), self._feed.state.generation):
            yield part_row(stops=stops)

    def _tell_costs(self, costs: list[DayCosts]) -> Iterator[Row]:
        """Tell the learner what rules cost, the way feedback takes."""
        for each in costs:
            self._meters.add(each.counters())
            yield part_row(feedback=encode_costs([each]))

    def on_timer(self, timestamp: int, ctx: Any) -> Iterator[Row]:
        """Forget erased users of a shard; tell some more of its users of an activity that opened; end a replay."""
        shard, timers = ctx.get_current_key(), ctx.timer_service()
        self._shards.entered(shard)
        if self._tallies.is_end(timestamp):
            yield from map(self._row, self._users.last(shard, self._past.last(self._feed.state)))
            yield part_row(tally=self._tallies.told(shard))
            return
        if self._pushes.is_tick(shard, timestamp):
            yield from self._pushes.work_off(shard, self._feed.state, timers)
            return
        self._meters.add({"erasures_over": self._marks.let_go(shard, timestamp, timers)})
        users, opened_ms = self._rolls.part(shard, timers)
        if not users:
            return
        outcome = refresh(users, self._users.load(users, lambda _: shard), self._feed.state, opened_ms)
        self._users.store(outcome.users, outcome.states, lambda _: shard, timers)
        yield self._row(outcome)
        yield from self._tell_costs(self._sampled.add(outcome.sampled, 0))

    def _read(self, topic: str) -> Any:
        return read_topic(self._cluster, topic)

    def _read_policy(self, pinned: int | None) -> PolicyStart:
        config = self._config
        archive = config.archive if isinstance(config, ReplayConfig) else None
        return read_policy(self._cluster, config.topics.policy, config.publish_ms, pinned, archive)

    def _obey(self, shard: int, value: bytes | None, timers: Any) -> Iterator[Row]:
        try:
            control = decode_for(Audience.SHARDS, value)
        except InvalidRecord:
            return  # counted and logged where the command is broadcast
        if control is None or not isinstance(control.command, Republish):
            return
        if self._last_republish.value() == control.command.id:
            return  # a command sent or read twice is one command
        self._last_republish.update(control.command.id)
        users, shard_of = list(self._states.keys()), lambda _: shard
        for start in range(0, len(users), _REPUBLISHED_AT_ONCE):
            part = users[start : start + _REPUBLISHED_AT_ONCE]
            if self._muted:  # there are no lists to write: the order ends the backfill
                self._users.store(part, settle(self._users.load(part, shard_of), self._feed.state), shard_of, timers)
                continue
            outcome = republish(part, self._users.load(part, shard_of), self._feed.state, self._rolls.least_ms(shard))
            self._pushes.store(outcome, shard_of, self._feed.state, 0, timers)
            popular = stops = b""
            if shard == self._popular_shard and start == 0:  # once a command
                popular = self._popular_block(self._feed.state, outcome.newest_ms, renew=True)
                stops = self._renewed_stops(outcome.newest_ms)
            yield self._row(outcome, popular, stops)
            yield from self._tell_costs(self._sampled.add(outcome.sampled, 0))

    def _row(self, outcome: Outcome, popular: bytes = b"", stops: bytes = b"", batch: Batch | None = None) -> Row:
        self._meters.add({**outcome.counts, "decisions": len(outcome.decisions)})
        topics = self._config.topics
        source = topics.profiles if batch is not None and batch.kind == PROFILES else topics.clickstream
        letters = self._packed(letters_of_batch(outcome.dead, batch, source) if batch else [])
        return outcome_row(outcome, popular, stops, letters)

    def _packed(self, letters: list[Letter]) -> list[list[bytes]]:
        self._meters.add(counts_of(letters))
        return [packed(letter) for letter in letters]

    def _show(self) -> None:
        ranker = self._feed.state
        self._meters.show("encoder_version", ranker.encoder.version)
        self._meters.show("encoder_on_cuda", int(ranker.encoder.provider == "cuda"))
        self._meters.show("policy_version", max(ranker.version, 0))
        self._meters.show("activities", len(ranker.offers.activities))
