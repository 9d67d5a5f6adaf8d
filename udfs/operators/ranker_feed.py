"""Keeps a ranker's state at that of the activities, control and policy topics.

The topics are the truth: at start the ranker reads activities and control to their ends and the newest rows of the
policy (policy_start.py); later records come by broadcast. A record is applied once, in the order of its offset, so
reading one twice changes nothing and no broadcast state is needed.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tideline.models.encoder import Encoder
from tideline.models.registry import verify
from tideline.schemas.errors import InvalidRecord, ModelError, Reason
from tideline.udfs.core.budgets.owed_exposure import FloorsRefused, check_floors
from tideline.udfs.core.budgets.standing import NO_STANDINGS, Standing
from tideline.udfs.core.catalogue.activity import decode_activity
from tideline.udfs.core.catalogue.reach import Unreachable, unreachable
from tideline.udfs.core.control.control import (
    Audience,
    LoadModel,
    PinPolicy,
    SetExamination,
    decode_for,
)
from tideline.udfs.core.policies.arm_key import COSTS_KEY, PUSH_KEY, is_sums_key
from tideline.udfs.core.policies.fence import Claim, decode_claim, epoch_of
from tideline.udfs.core.push.learned.policy_records import decode_record
from tideline.udfs.core.push.learned.push_known import PushKnown
from tideline.udfs.core.ranking.sort_keys import MAX_ACTIVITIES
from tideline.udfs.core.rule_costs.lifted import standing_without
from tideline.udfs.core.serving.ranker_state import PolicyTables, RankerCommand
from tideline.udfs.core.serving.renewal.openings import Openings
from tideline.udfs.core.serving.stop_list import Runs, stops_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.policies.policy_start import PolicyStart, TopicRecord
    from tideline.udfs.core.serving.ranker_state import RankerState
    from tideline.udfs.core.serving.stop_list import Stops

ACTIVITIES, CONTROL, POLICY = "activities", "control", "policy"
_log = logging.getLogger(__name__)

Provider = Literal["auto", "cpu", "cuda"]


class RankerFeed:
    """Applies records of the three topics; `state` is what they lead to."""

    def __init__(
        self,
        state: RankerState,
        provider: Provider,
        read_policy: Callable[[int | None], PolicyStart],
        read_topic: Callable[[str], Iterable[TopicRecord]],
        count: Callable[[str], None],
        epoch: int = 0,
    ) -> None:
        """`read_policy` reads the policy as it is, or as of a pinned offset; `count` raises a counter by one.

        `read_topic` reads the topic of activities or control as it is; `epoch` is that of the job.
        """
        self.state = state
        self.openings = Openings()
        self._provider = provider
        self._read_policy = read_policy
        self._read_topic = read_topic
        self._count, self._epoch = count, epoch
        self._applied = {ACTIVITIES: -1, CONTROL: -1}
        self._newest_ms = {ACTIVITIES: 0, CONTROL: 0}
        self._refused: dict[tuple[str, int], InvalidRecord] = {}
        """By topic and offset: refused and not yet asked for."""
        self._policy_offset, self._policy_ms = -1, 0
        """Of all policy records read so far, the highest."""
        self.policy_epoch = 0
        """The highest one read: behind it, rows of a lower one are of a job that has not ended yet."""
        self.claims: dict[Claim, None] = {}
        """Those with the epoch of the job, the only ones that can end it: each once, in the order of the topic."""
        self._standings: Mapping[str, Standing] = NO_STANDINGS
        """Where activities stand now, whatever the policy is pinned to: readers are told of stops all the same."""
        self._runs = Runs()
        self._started = False
        self._ordered: Encoder | None = None
        """Proven, and waiting for what the learner carries over to its version."""

    def apply(self, topic: str, records: Iterable[TopicRecord]) -> None:
        """Apply records of one topic in the order of their offsets; an invalid one is logged and skipped.

        One at an offset that was applied before, and newer than all, is of a topic made again, which is read anew.
        """
        if topic == POLICY:
            self._apply_policy(records)
            return
        records = list(records)
        for record in records:
            if record.offset <= self._applied[topic] and record.timestamp_ms > self._newest_ms[topic]:
                self._count(f"{topic}_made_again")
                _log.warning("%s topic: offset %d is newer than all there was: read again", topic, record.offset)
                records = list(self._read_topic(topic))
                self._applied[topic] = -1
                if topic == ACTIVITIES:
                    self.state = self.state.with_activities(dict.fromkeys(self.state.offers.activities))
                break
        self._apply_new(topic, records)

    def _apply_new(self, topic: str, records: Iterable[TopicRecord]) -> None:
        changes: dict[str, Activity | None] = {}
        told_ms: dict[str, int] = {}
        for record in records:
            if record.offset <= self._applied[topic]:
                continue
            self._applied[topic] = record.offset
            self._newest_ms[topic] = max(self._newest_ms[topic], record.timestamp_ms)
            try:
                if topic == ACTIVITIES:
                    name = (record.key or b"").decode(errors="replace")
                    changes[name] = self._activity(name, record, len(changes))
                    told_ms[name] = record.timestamp_ms
                else:
                    self._obey(record.value)
            except InvalidRecord as error:
                self._refused[topic, record.offset] = error
                _log.warning("%s record at offset %d refused: %s", topic, record.offset, error)
        if changes:
            before = self.state.offers.unranked()
            self.openings = self.openings.changed(self.state.offers.activities, changes, told_ms)
            self.state = self.state.with_activities(changes)
            self._check_floors()
            for name in sorted(self.state.offers.unranked() - before):
                self._count(f"activity_unreachable_{Unreachable.CLASH}")
                _log.warning("activity %s can be shown to nobody: %s", name, Unreachable.CLASH.meaning)

    def _check_floors(self) -> None:
        activities = self.state.offers.activities.values()
        floors = {each.activity_id: each.exposure_floor for each in activities if each.exposure_floor > 0.0}
        try:
            check_floors(floors, self.state.settings.list_size)
        except FloorsRefused as error:
            self._count("floors_not_owable")
            _log.warning("floors that lists cannot all keep: %s", error)

    def stops(self) -> Stops:
        """Return what readers are to be told to show no more, as of all that was read."""
        activities, newest_ms = self.state.offers.activities, self._newest_ms[ACTIVITIES]
        return stops_of(activities, self._runs, self._standings, newest_ms, self._applied[ACTIVITIES] + 1)

    def log_start(self, build: str, topic: str) -> None:
        """Say what is ranked with, and from which topic of activities; an empty one is an error."""
        _log.info(
            "ranking with encoder %s on %s, %d activities, policy version %d, build %s",
            self.state.encoder.version,
            self.state.encoder.provider,
            len(self.state.offers.activities),
            self.state.version,
            build,
        )
        for each in self.state.offers.placed:
            if not each.takes.any():
                _log.warning("placement %s takes none of the activities that are known: its lists are empty", each.name)
        if not self.state.offers.activities:
            _log.error("no activity is known: no list is written until topic %s has one", topic)

    def refusal(self, topic: str, offset: int) -> InvalidRecord | None:
        """Return once why a record was refused, also one that was applied at the start and is broadcast later."""
        return self._refused.pop((topic, offset), None)

    def _activity(self, name: str, record: TopicRecord, pending: int) -> Activity | None:
        activity = decode_activity(record.key, record.value)
        if activity is None:
            return None
        known = self.state.offers.activities
        if name not in known and len(known) + pending >= MAX_ACTIVITIES:
            raise InvalidRecord(Reason.BAD_ACTIVITY, f"one more activity than the {MAX_ACTIVITIES} that can be ranked")
        self._runs.hear(activity)
        why = unreachable(activity, record.timestamp_ms, self.state.encoder.vocabulary)
        if why is not None:
            self._count(f"activity_unreachable_{why}")
            _log.warning("activity %s, at offset %d, can be shown to nobody: %s", name, record.offset, why.meaning)
        return activity

    def pin(self, version: int | None) -> None:
        """Rank with a policy version only, whatever was commanded; before `start_policy`."""
        self.state = self.state.after(PinPolicy(version), 0)

    def start_policy(self) -> None:
        """Bring the policy to the present of its topic, or to what it is pinned to; before it, read the commands."""
        pinned = self.state.tables.pinned
        start = self._read_policy(pinned)
        self.state = self.state.with_tables(PolicyTables.empty(-1 if start.whole else start.end - 1, pinned))
        self._policy_offset, self._policy_ms = start.end - 1, start.newest_ms
        self.policy_epoch = 0
        self._started = True
        self._take(start.records)

    def _apply_policy(self, records: Iterable[TopicRecord]) -> None:
        taken = []
        for record in records:
            if record.offset <= self._policy_offset and record.timestamp_ms > self._policy_ms:
                self._count("policy_made_again")
                _log.warning("policy topic: offset %d is newer than %d: read again", record.offset, self._policy_offset)
                self._standings = NO_STANDINGS
                self.start_policy()
                return
            if record.offset <= self._policy_offset:
                continue  # read at the start
            self._policy_offset = record.offset
            self._policy_ms = max(self._policy_ms, record.timestamp_ms)
            taken.append(record)
        self._take(taken)

    def _take(self, records: Iterable[TopicRecord]) -> None:
        for offset, key, value, _ in records:
            if value is None or is_sums_key(key):
                claim = decode_claim(key)
                if claim is not None and claim.epoch == self._epoch:
                    self.claims.setdefault(claim)
                continue
            if key == COSTS_KEY or (key == PUSH_KEY and self.state.settings.push is None):
                # It says nothing to a ranker but who writes.
                self.policy_epoch = max(self.policy_epoch, epoch_of(value))
                continue
            try:
                name, row = decode_record(key, value, offset)
            except InvalidRecord as error:
                self._count("policy_rows_refused")
                _log.warning("policy record at offset %d refused: %s", offset, error)
                continue
            if row.epoch < self.policy_epoch:
                self._count("policy_rows_fenced")
                continue
            self.policy_epoch = row.epoch
            former = self.state
            if isinstance(row, Standing):
                self._note_standing(name, standing_without(row, former.settings.lifted))
                self.state = former.with_standing(name, row)
            elif isinstance(row, PushKnown):
                self.state = former.with_pushes(row)
            else:
                self.state = former.with_row(name, row)
            if self.state is not former:
                self._count("policy_rows_applied")
        self._swap_when_known()

    def _note_standing(self, name: str, standing: Standing) -> None:
        if standing.version > self._standings.get(name, Standing()).version:
            self._standings = {**self._standings, name: standing}

    def _obey(self, value: bytes | None) -> None:
        control = decode_for(Audience.RANKERS, value)
        if control is None:
            return
        command = control.command
        if isinstance(command, LoadModel):
            self._prove(command)
        elif isinstance(command, RankerCommand):
            self._check_placement(command)
            self.state = self.state.after(command, control.issued_ms)
            if isinstance(command, PinPolicy) and self._started:
                self.start_policy()
        self._count("control_applied")
        _log.info("control command carried out: %s", command)

    def _check_placement(self, command: RankerCommand) -> None:
        names = [each.name for each in self.state.settings.placements]
        if isinstance(command, SetExamination) and command.placement not in (None, *names):
            allowed = f"allowed: {', '.join(names) or 'none, there are no placements'}"
            raise InvalidRecord(Reason.BAD_CONTROL, f"argument.placement={command.placement!r}; {allowed}")

    def _prove(self, order: LoadModel) -> None:
        """Load the ordered artefact beside the one in use and prove it; any failure keeps the one in use."""
        try:
            self._ordered = _ordered_encoder(order, self._provider)
        except ModelError as error:
            self._count("model_refused")
            _log.warning("encoder %d refused, version %d stays: %s", order.version, self.state.encoder.version, error)
            return
        _log.info("encoder %s (version %d) proven", self._ordered.name, self._ordered.version)
        self._swap_when_known()

    def _swap_when_known(self) -> None:
        """Take a proven encoder into use once its policy rows are there: no list is scored with rows of another."""
        encoder = self._ordered
        if encoder is None or not self.state.tables.deployed.knows(encoder.version):
            return
        self._ordered = None
        self.state = self.state.with_encoder(encoder)
        self._count("model_swapped")
        _log.info("encoder %s (version %d) in use on %s", encoder.name, encoder.version, encoder.provider)


def _ordered_encoder(order: LoadModel, provider: Provider) -> Encoder:
    manifest = verify(Path(order.path))
    if (manifest.version, manifest.sha256) != (order.version, order.sha256):
        raise ModelError("order", f"{order.path} is version {manifest.version}, sha256 {manifest.sha256}")
    return Encoder.load(Path(order.path), provider)
