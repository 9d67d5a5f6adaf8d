"""What the console reads, from where: one protocol for each part of a deployment, so that tests can be one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tideline.schemas.events import Event
    from tideline.scripts.commands.activity_topic import ActivityTopic
    from tideline.scripts.console.messages import Switch
    from tideline.scripts.simulation.lists import Lists, Stops
    from tideline.udfs.core.policies.policy_start import PolicyStart


class Pages(NamedTuple):
    """Metrics by the name of the process that shows them; an empty page of one that does not answer."""

    of_process: Mapping[str, str]


class JobSeen(NamedTuple):
    """A job as its JobManager tells it."""

    state: str
    """Such as RUNNING; empty where there is none of that name."""
    runs: bool = False
    """Whether every task of it runs."""
    checkpoints: CheckpointsSeen | None = None
    root_cause: str = ""
    """First line of why it failed last, empty where it never did."""
    failed_ms: int = 0
    """When that was, UTC epoch milliseconds."""


class CheckpointsSeen(NamedTuple):
    """Checkpoints of a job: counts, and of the last completed one when, how large (bytes) and how long (ms)."""

    completed: int
    failed: int
    last_ms: int = 0
    last_bytes: int = 0
    last_took_ms: int = 0


class RedisSeen(NamedTuple):
    """Redis as it tells itself; 0 for what the login may not ask."""

    used_bytes: int
    most_bytes: int


class LetterSeen(NamedTuple):
    """A dead letter."""

    reason: str
    error: str
    topic: str
    partition: int
    offset: int
    at_ms: int
    """When it was refused, UTC epoch milliseconds."""
    key: bytes
    value: bytes


class MetricPort(Protocol):
    """The processes of the job's cluster."""

    def pages(self) -> Pages:
        """Return what each shows now."""


class FlinkPort(Protocol):
    """The JobManager."""

    def job(self) -> JobSeen:
        """Return the job; raises OSError or StackError where nobody answers."""


class RedisPort(Protocol):
    """Where lists are read."""

    @property
    def lists(self) -> Lists:
        """The lists; reading raises Unavailable where Redis does not answer."""

    def stops(self) -> Stops:
        """Return what the stop list says; raises Unavailable."""

    def seen(self) -> RedisSeen:
        """Return how full it is; raises Unavailable."""

    def stopped_messages(self) -> Mapping[str, Mapping[str, Any]]:
        """Return who stopped messages and when, by activity, all under the empty one; raises Unavailable."""

    def switch_messages(self, switch: Switch, by: str, at_ms: int) -> bool:
        """Stop or start messages; return whether that changed anything; raises Unavailable."""


class KafkaPort(Protocol):
    """The topics. Every method raises Unavailable where no broker answers or one refuses."""

    def letters(self, count: int) -> Sequence[LetterSeen]:
        """Return the newest dead letters, the newest first."""

    def activities(self) -> ActivityTopic:
        """Return the topic of activities."""

    def recent_users(self, count: int) -> Sequence[str]:
        """Return users of the newest events, the newest first, each once."""

    def policy(self, pinned: int | None) -> PolicyStart:
        """Return the policy's rows as of an offset, None for now."""

    def send(self, event: Event) -> None:
        """Write an event to the clickstream and wait until the broker has it."""


@dataclass(frozen=True)
class Sources:
    """A deployment. Where a part is not named, nothing is known of it."""

    name: str
    """As people call it."""
    prefix: str
    """Of keys in Redis."""
    redis: RedisPort
    metrics: MetricPort | None = field(default=None)
    flink: FlinkPort | None = field(default=None)
    kafka: KafkaPort | None = field(default=None)
