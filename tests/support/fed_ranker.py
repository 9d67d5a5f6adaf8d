"""A ranker's feed on topics in memory."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.core_world import NOON_MS, activity, make_ranker
from tests.support.policy_log import MemoryLog
from tideline.models.registry import verify
from tideline.udfs.core.catalogue.activity import encode_activity
from tideline.udfs.core.control.control import Control, LoadModel, encode_control
from tideline.udfs.core.policies.arm_key import ArmKey, RowKey
from tideline.udfs.core.policies.policy_start import PolicyStart, TopicRecord, read_start
from tideline.udfs.core.policies.policy_table import cold_row, encode_row
from tideline.udfs.operators.ranker_feed import CONTROL, POLICY, RankerFeed

if TYPE_CHECKING:
    from tideline.schemas.errors import Reason
    from tideline.udfs.core.control.control import Command
    from tideline.udfs.core.serving.ranker_state import RankerState

ARTEFACTS = Path(__file__).parents[2] / "models" / "artefacts"
Written = tuple[int, bytes | None, bytes | None]
"""(offset, key, value)."""


class Fed:
    """A feed, the ranker that it leads to, and what it counted."""

    def __init__(self, begun: RankerState | None = None, epoch: int = 0) -> None:
        self.counts: Counter[str] = Counter()
        self.policy: list[Written] = []
        self.topics: dict[str, list[TopicRecord]] = {}
        self.feed = RankerFeed(
            begun or make_ranker(),
            "cpu",
            self._read_policy,
            self.topics.__getitem__,
            lambda name: self.counts.update([name]),
            epoch,
        )
        self._commands = 0
        self.feed.start_policy()

    @property
    def ranker(self) -> RankerState:
        """What the records led to."""
        return self.feed.state

    def apply(self, topic: str, records: list[Written]) -> list[Reason]:
        """Apply records written at NOON_MS; return why some were refused."""
        self.feed.apply(topic, (TopicRecord(*record, NOON_MS) for record in records))
        found = [self.feed.refusal(topic, offset) for offset, _, _ in records]
        return [error.reason for error in found if error is not None]

    def _read_policy(self, pinned: int | None) -> PolicyStart:
        return read_start(MemoryLog([TopicRecord(*record, NOON_MS) for record in self.policy]), 2_000, pinned)

    def obey(self, command: Command) -> None:
        """Apply the next record of the control topic."""
        self.apply(CONTROL, [(self._commands, b"k", encode_control(Control(command, NOON_MS)))])
        self._commands += 1

    def publish(self, *names: str) -> None:
        """Append a row of each activity to the policy topic, with as many impressions as there are rows."""
        for name in names:
            row = cold_row()._replace(encoder=3, impressions=float(len(self.policy)))
            self.policy.append((len(self.policy), RowKey(ArmKey(3, name)).value, encode_row(row, name)))
            self.apply(POLICY, self.policy[-1:])


def row_of(encoder: int, name: str, impressions: float) -> bytes:
    """Return a policy record."""
    return encode_row(cold_row()._replace(encoder=encoder, impressions=impressions), name)


def load_command(name: str) -> LoadModel:
    """Return the command to load a shipped encoder."""
    manifest = verify(ARTEFACTS / name)
    return LoadModel(manifest.version, str(ARTEFACTS / name), manifest.sha256)


def record(offset: int, name: str, **changes: Any) -> Written:
    """Return a record of an activity."""
    return offset, name.encode(), encode_activity(activity(name, **changes))
