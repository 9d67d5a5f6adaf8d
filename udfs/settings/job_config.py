"""Every option of the live job, of a backfill and of a replay, declared once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from tideline.schemas.errors import ConfigError
from tideline.schemas.topics import Topics
from tideline.udfs.core.limits import MAX_POSITIONS
from tideline.udfs.core.push.learned.push_settings import ALLOWED_PUSH, PushSettings, read_push
from tideline.udfs.core.ranking.list_rules import ALLOWED_RULES, ListRules, read_list_rules
from tideline.udfs.core.ranking.placements import ALLOWED_PLACEMENTS, Placements, read_placements
from tideline.udfs.core.rule_costs.lifted import Lifted
from tideline.udfs.core.serving.past.some_users import SomeUsers
from tideline.udfs.settings.connection.kafka_security import KAFKA_PROPERTIES, mask_properties
from tideline.udfs.settings.connection.redis_url import REDIS_URL, mask_url
from tideline.udfs.settings.option_kinds import (
    ARCHIVE,
    LIFTED,
    OFFSETS,
    POLICY,
    TOKEN_KEYS,
    USERS,
    check_range,
    mask_token_keys,
)
from tideline.udfs.settings.options import (
    Kind,
    brokers,
    folder_with,
    number,
    one_of,
    option,
    text,
    topic_names,
    whole,
)
from tideline.udfs.settings.replay_names import ReplayNames, replay_names

_DAY_S = 24 * 60 * 60
_MAX_TIME_MS = 2**48 - 1
# Neither colon nor @: both separate parts of names that are built from these.
_NAME = text(r"[A-Za-z0-9._-]{1,64}", "1 to 64 letters, digits, dots, hyphens and underscores")


@dataclass(frozen=True, kw_only=True)
class JobConfig:
    """Options of the live job; make it by `load`, which checks each value.

    Raises:
        ConfigError: Two options contradict each other.
    """

    name: str = option(_NAME, "Name of the job in Flink", "tideline")
    bootstrap: str = option(brokers(), "Kafka brokers")
    kafka_properties: Mapping[str, str] = option(
        KAFKA_PROPERTIES,
        "Connection settings of every Kafka client: security.protocol, sasl.*, ssl.*",
        {},
        mask_properties,
    )
    topics: Topics = option(  # noqa: RUF009 - it makes a field
        topic_names(),
        "Topic names; roles that are left out keep theirs",
        Topics(),
    )
    group_id: str = option(_NAME, "Consumer group", "tideline")
    start: str = option(
        one_of(("committed", "earliest")),
        "Where reading starts without a checkpoint; no commit is earliest",
        "committed",
    )
    without_state: str = option(
        one_of(("refuse", "begin")),
        "What a job without state does where another one has written the policy: end, or begin anew over it",
        "refuse",
    )
    epoch: int | None = option(
        whole(0, 2**53),
        "Which submission this is: the policy's writer with the highest one counts. Without it the time of submission",
        None,
    )
    prefix: str = option(_NAME, "First part of every key in Redis", "tideline")
    redis_url: str = option(
        REDIS_URL,
        "The server that holds the lists",
        mask=mask_url,
    )
    list_ttl_s: int = option(whole(60, 3650 * _DAY_S), "A list that is not renewed for this long vanishes", 30 * _DAY_S)
    refresh_per_s: int = option(
        whole(0, 100_000),
        "Users a second who get a new list once an activity has opened, if seen in the day before",
        2000,
    )
    redis_deadline_s: float = option(
        number(0, 3600), "How long an outage of Redis is waited out before a restart", 60.0
    )
    parallelism: int = option(whole(1, 1024), "Subtasks of each keyed operator", 1)
    shards: int = option(
        whole(1, 1024, power_of_two=True), "Parts of the user state; fixed when the job is first deployed", 8
    )
    batch_ms: int = option(whole(10, 5000), "How long events are gathered before they are worked off together", 50)
    list_size: int = option(whole(1, MAX_POSITIONS), "Activities on a list", 10)
    list_rules: ListRules = option(  # noqa: RUF009 - it makes a field
        Kind(ALLOWED_RULES, read_list_rules),
        "What a further activity of one category, kind or label costs in a list, or that it is banned from it",
        ListRules(),
    )
    placements: Placements = option(  # noqa: RUF009 - it makes a field
        Kind(ALLOWED_PLACEMENTS, read_placements),
        "Lists that each user has beside the default one, in the order in which they are made",
        Placements(),
    )
    policy: str = option(POLICY, "How activities are scored", "pairs")
    exploration: float = option(number(0, 0.255), "Share of list positions drawn at random, in steps of 0.001", 0.02)
    holdout: float = option(
        number(0, 0.5), "Share of users whose lists stay in random order, to measure against; in steps of 0.001", 0.0
    )
    salt: str | None = option(
        text(r".{1,64}", "1 to 64 characters"),
        "Seed of the random draws: what is explored, who is held out. Keep it to yourself; without it, it is made of "
        "the token secret with the lowest id",
        None,
    )
    weight_click: float = option(number(0, 1e6), "Worth of a click in a list's score", 1.0)
    weight_conversion: float = option(number(0, 1e6), "Worth of a conversion", 5.0)
    weight_revenue: float = option(number(0, 1e6), "Worth of one unit of revenue", 0.0)
    weight_cost: float = option(number(0, 1e6), "How much one unit of an activity's cost takes away", 0.0)
    least_clicks: float = option(
        number(0, 0.999),
        "Share of the clicks they could have that lists keep, whatever the weights say; 0: none is kept",
        0.0,
    )
    push: PushSettings | None = option(  # noqa: RUF009 - it makes a field
        Kind(ALLOWED_PUSH, read_push), "Messages to users who agreed to them; without it, none is ever sent", None
    )
    half_life_days: float = option(
        number(0, 3650),
        "Age at which evidence counts half where clicks have changed, at most; 0 never forgets",
        28.0,
    )
    publish_ms: int = option(whole(100, 600_000), "Time between two published policies", 2000)
    worth_limit: float = option(
        number(0.001, 1e9),
        "Largest worth of one conversion, either side of 0; what is reported past it is cut: set it for your currency",
        10_000.0,
    )
    attribution_days: float = option(number(0, 90), "How long after it was shown an activity can be rewarded", 7.0)
    erased_days: float = option(
        number(0, 3650),
        "How long it is remembered that a user was erased: longer than the clickstream keeps a record, whole segments",
        35.0,
    )
    generation: int = option(whole(0, 2**16 - 1), "First part of a list's version; a higher one replaces any list", 1)
    encoder: Path = option(  # noqa: RUF009 - it makes a field
        folder_with("manifest.json"), "The encoder artefact to start with"
    )
    provider: Literal["auto", "cpu", "cuda"] = option(
        one_of(("auto", "cpu", "cuda")), "Where the encoder runs; auto takes CUDA if it is there", "auto"
    )
    token_keys: Mapping[int, bytes] = option(
        TOKEN_KEYS,
        "Secrets that sign decision tokens; keep a former one while its tokens may come back",
        mask=mask_token_keys,
    )
    token_key_id: int = option(whole(0, 255), "The secret that signs new tokens", 1)

    def __post_init__(self) -> None:
        """Checks what one option cannot say alone."""
        if self.token_key_id not in self.token_keys:
            raise ConfigError("token_key_id", self.token_key_id, f"an id of token_keys: {sorted(self.token_keys)}")
        if self.erased_days < self.attribution_days:
            allowed = f"at least attribution_days, {self.attribution_days:g}: lists of before would count again"
            raise ConfigError("erased_days", self.erased_days, allowed)
        if self.parallelism > self.shards:
            raise ConfigError("parallelism", self.parallelism, f"at most one subtask a shard, {self.shards} now")
        if self.holdout and self.salt is None:
            allowed = "a text of your own where there is a holdout: it would change with a token secret that is retired"
            raise ConfigError("salt", self.salt, allowed)
        if self.push and self.salt is None:
            allowed = "a text of your own where pushes are: who is never sent one would change with a token secret"
            raise ConfigError("salt", self.salt, allowed)
        names = self.topics.by_role()
        if len(set(names.values())) < len(names):
            raise ConfigError("topics", names, "a topic of its own for each role")

    @property
    def namespace(self) -> str:
        """First part of every key in Redis."""
        return self.prefix

    @property
    def consumer_group(self) -> str:
        """Consumer group of the clickstream."""
        return self.group_id

    @property
    def output_topics(self) -> Topics:
        """Names of the topics that the job writes."""
        return self.topics

    @property
    def makes_lists(self) -> bool:
        """Whether users are ranked."""
        return True


@dataclass(frozen=True, kw_only=True)
class BackfillConfig(JobConfig):
    """Options of a backfill: those of the live job that goes on from its state."""

    @property
    def makes_lists(self) -> bool:
        """Whether users are ranked."""
        return False


@dataclass(frozen=True, kw_only=True)
class ReplayConfig(JobConfig):
    """Options of a replay: those of the live job, and the range of clickstream to read.

    The range is a time range (ingestion time, `to_ms` excluded) or an offset range (`to_offsets` excluded).
    """

    name: str = option(_NAME, "Name of the replay; its keys, group and output topics carry it")
    from_ms: int | None = option(whole(0, _MAX_TIME_MS), "Start of the range, UTC epoch milliseconds", None)
    to_ms: int | None = option(whole(0, _MAX_TIME_MS), "End of the range, excluded", None)
    from_offsets: Mapping[int, int] | None = option(OFFSETS, "Start of the range in each partition", None)
    to_offsets: Mapping[int, int] | None = option(OFFSETS, "End of the range in each partition, excluded", None)
    makes: Literal["lists", "policy"] = option(
        one_of(("lists", "policy")),
        "What it makes: lists, ranked by one policy version, or the policy that its own range teaches, and no lists",
        "lists",
    )
    world: Literal["then", "now"] = option(
        one_of(("then", "now")),
        "Which activities and orders it works off a record with: those of the record's time, or those of its own start",
        "then",
    )
    archive: Path | None = option(  # noqa: RUF009 - it makes a field
        ARCHIVE, "Where the clickstream is read in place of Kafka", None
    )
    users: SomeUsers | None = option(  # noqa: RUF009 - it makes a field
        USERS, "Whose records it works off; without it everybody's", None
    )
    without: Lifted | None = option(  # noqa: RUF009 - it makes a field
        LIFTED, "Classes of rules that do not hold in it; without it all hold", None
    )
    records_per_s: int | None = option(
        whole(100, 1_000_000),
        "Records that it works off in a second at most, to leave the machine to others; without it as many as it can",
        None,
    )
    policy_pin: int | None = option(
        whole(0, 2**40 - 1), "Policy version to rank with; without it the newest at its start", None
    )

    def __post_init__(self) -> None:
        """Checks what one option cannot say alone."""
        super().__post_init__()
        check_range((self.from_ms, self.to_ms), (self.from_offsets, self.to_offsets))
        if self.archive is not None and self.from_offsets is None:
            raise ConfigError("from_offsets", None, "offsets, with an archive: `tideline replay` finds those of times")
        if self.users is not None and not self.makes_lists:
            raise ConfigError("users", self.users, "everybody, where it makes a policy: some users teach another one")
        if self.without is not None and not self.makes_lists:
            raise ConfigError("without", self.without, "not where it makes a policy: rules are of lists")

    @property
    def makes_lists(self) -> bool:
        """Whether users are ranked."""
        return self.makes == "lists"

    @property
    def names(self) -> ReplayNames:
        """What is its own in Redis and Kafka."""
        return replay_names(self.name, self.prefix, self.group_id, self.topics)

    @property
    def namespace(self) -> str:
        """First part of every key in Redis; no live job's prefix holds an @."""
        return self.names.namespace

    @property
    def consumer_group(self) -> str:
        """Consumer group of the clickstream; no live job's holds an @."""
        return self.names.group

    @property
    def output_topics(self) -> Topics:
        """Names of the topics that the replay writes: the live ones with the replay's name behind."""
        return self.names.topics


def submitted_at(config: JobConfig, now_ms: int) -> JobConfig:
    """Return the configuration of a submission: a later one has a higher epoch, but for who gives it himself."""
    return config if config.epoch is not None else replace(config, epoch=now_ms)
