"""Why a user was shown what he was, held against the decision log: `tideline explain`."""

from __future__ import annotations

import json
import time
from functools import partial
from importlib.util import find_spec
from secrets import token_bytes
from typing import TYPE_CHECKING, Any

from tideline.models.registry import MANIFEST, verify
from tideline.schemas.errors import ConfigError, InvalidRecord, ModelError, TidelineError
from tideline.scripts.archive.topic_activities import activities_at
from tideline.scripts.audit.decision_scores import Ranking, Scores, explained
from tideline.scripts.audit.decision_search import LOGGED_WITHIN_MS, Span, searched
from tideline.scripts.audit.list_causes import NOT_REMADE, UNKNOWN, causes
from tideline.scripts.audit.remade_user import Heard, UserThen
from tideline.scripts.commands.exits import Exit, failed
from tideline.scripts.commands.explain_words import describe
from tideline.scripts.commands.extras import lacks
from tideline.scripts.commands.target import PUBLISH_MS, read_target
from tideline.scripts.commands.token_secrets import read_token_keys
from tideline.scripts.localstack import StackError
from tideline.scripts.parsers.verbs import parse
from tideline.udfs.core.control.control import SetWeights, decode_control
from tideline.udfs.core.limits import MAX_POSITIONS
from tideline.udfs.core.lists.token_keys import TokenKeys
from tideline.udfs.core.policies.by_name import make_policy
from tideline.udfs.core.serving.offers.offers import RankSettings
from tideline.udfs.core.serving.ranker_state import RankerState
from tideline.udfs.io.longer_log import opened_with, read_policy
from tideline.udfs.settings.job_config import JobConfig

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tideline.scripts.audit.remade_user import Remade
    from tideline.scripts.commands.target import Target
    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.policies.cold_start import Weights
    from tideline.udfs.core.policies.policy_start import PolicyStart, TopicRecord
    from tideline.udfs.core.users.interest import StepEncoder

    Decision = dict[str, Any]

_DAY_MS = 86_400_000


class Topic:
    """The topics of a deployment, as far back as an archive has them."""

    def __init__(self, target: Target, archive: Path | None) -> None:
        """Raises ConfigError: there is no such archive."""
        if archive is not None and not any(archive.glob("topic=*")):
            raise ConfigError("--archive", str(archive), "a folder as `tideline archive` writes it")
        self._target, self._archive = target, archive
        self.names = target.topics

    def records(self, topic: str, span: Span = Span()) -> Iterator[TopicRecord]:  # noqa: B008 - a value
        """Yield the records of a topic, partition by partition; raises as `opened_with`."""
        with opened_with(self._target.cluster, topic, self._archive) as logs:
            for log in logs:
                start = log.begin if span.since_ms is None else log.offset_at(span.since_ms)
                yield from log.records(start, log.end if span.until_ms is None else log.offset_at(span.until_ms))

    def of(self, topic: str, user: str, span: Span = Span()) -> list[TopicRecord]:  # noqa: B008 - a value
        """Return the records whose key is a user; raises as `opened_with`."""
        key = user.encode("utf-8", "surrogateescape")
        return [each for each in self.records(topic, span) if each.key == key]

    def policy(self, version: int | None) -> PolicyStart:
        """Return what the policy was at a version; raises as `opened_with`."""
        return read_policy(self._target.cluster, self.names.policy, PUBLISH_MS, version, self._archive)


def weights_at(records: Iterable[TopicRecord], at_ms: int) -> Weights:
    """Return the weights that the topic of commands had ordered by a moment, the job's defaults where none."""
    job = JobConfig
    found: Weights = job.weight_click, job.weight_conversion, job.weight_revenue, job.weight_cost
    for record in records:
        try:
            control = decode_control(record.value)
        except InvalidRecord:
            continue
        ordered = control.command if control is not None and record.timestamp_ms <= at_ms else None
        if isinstance(ordered, SetWeights):
            found = ordered.click, ordered.conversion, ordered.revenue, ordered.cost
    return found


def encoder_of(registry: Path, version: int) -> StepEncoder | str:
    """Return the encoder of a version out of a folder of model folders, or why there is none."""
    if find_spec("onnxruntime") is None:
        return lacks("onnxruntime")
    from tideline.models.encoder import Encoder

    for path in sorted(registry.glob(f"*/{MANIFEST}")):
        try:
            if verify(path.parent).version == version:
                return Encoder.load(path.parent, "cpu")
        except ModelError:
            continue
    return f"{registry} has no encoder of version {version}"


def ranker_of(
    ranking: Ranking, encoder: StepEncoder, known: Mapping[str, Activity], keys: TokenKeys | None
) -> RankerState:
    """Return what makes a user's state again; without the job's token secrets no token is taken."""
    settings = RankSettings(
        policy=make_policy(ranking.policy),
        keys=keys or TokenKeys({1: token_bytes(32)}, 1),
        salt=0,
        list_size=MAX_POSITIONS,
        exploration_permille=0,
        attribution_ms=round(JobConfig.attribution_days * _DAY_MS),
        weights=ranking.weights,
    )
    return RankerState.start(settings, encoder, known)


def explain(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return why a user was shown what he was.

    Raises:
        ConfigError: he was shown nothing that is still known, or the policy is none.
        Unavailable: a topic cannot be read.
    """
    target = read_target(arguments)
    topics = Topic(target, arguments.archive)
    now_ms = int(time.time() * 1000)
    at_ms = None if arguments.at is None else arguments.at.at_ms(now_ms)
    decisions = searched(
        partial(topics.records, topics.names.decisions), arguments.subject, arguments.decision, at_ms, now_ms
    )
    known = activities_at(topics.records(topics.names.activities), max(each["shown_ms"] for each in decisions))
    weights = arguments.weights or weights_at(topics.records(topics.names.control), decisions[-1]["shown_ms"])
    ranking = Ranking(arguments.policy or JobConfig.policy, tuple(weights))
    scores = Scores(ranking, known, topics.policy)
    found = explained(decisions, scores) | UNKNOWN
    told = [each for each, entry in zip(decisions, found["entries"], strict=True) if entry["equal"]]
    if not told:
        return found
    encoder = encoder_of(arguments.registry, told[0]["encoder_version"])
    if isinstance(encoder, str):
        return found | causes(found, told, scores, encoder)
    remade = _remade(topics, told[0], ranker_of(ranking, encoder, known, read_token_keys(target)))
    return found | causes(found, told, scores, remade or NOT_REMADE)


def _remade(topics: Topic, decision: Decision, ranker: RankerState) -> Remade | None:
    """Return the user of a list; what was sent over a day after it was seen is read where a clock was further off."""
    user = decision["user_id"]
    profiles = topics.of(topics.names.profiles, user)
    for span in (Span(None, decision["shown_ms"] + LOGGED_WITHIN_MS), Span()):
        heard = Heard(topics.of(topics.names.clickstream, user, span), profiles)
        remade = UserThen(ranker, user, heard).at(decision)
        if remade is not None:
            return remade
    return None


def main(argv: Sequence[str]) -> int:
    """Explain a list; 1 where the log has other numbers, 3 where nothing of it can be worked out."""
    arguments = parse("explain", argv)
    try:
        found = explain(arguments)
    except (StackError, TidelineError) as error:
        return failed("explain", error)
    print(json.dumps(found) if arguments.json else "\n".join(describe(found)))
    return {True: Exit.DONE, False: Exit.FAILED}.get(found["equal"], Exit.CANNOT_SAY)
