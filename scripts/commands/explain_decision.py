"""Why a user was shown what he was, held against the decision log: `tideline explain`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tideline.schemas.errors import InvalidRecord, TidelineError
from tideline.schemas.records import DECISION
from tideline.scripts.audit.decision_scores import Ranking, Scores, explained
from tideline.scripts.commands.exits import Exit, failed
from tideline.scripts.commands.person_records import records_of
from tideline.scripts.commands.printable import printable
from tideline.scripts.commands.show_list import known_activities
from tideline.scripts.commands.target import PUBLISH_MS, read_target
from tideline.scripts.localstack import StackError
from tideline.scripts.parsers.verbs import parse
from tideline.udfs.core.catalogue.opening import moment
from tideline.udfs.io.topic_reader import read_policy
from tideline.udfs.settings.job_config import JobConfig

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from tideline.scripts.commands.target import Target

_VERDICTS = {
    True: "worked out again: equal, bit for bit",
    False: "the log has OTHER numbers: the job has other weights or options, or the topic has lost rows since",
    None: "nothing of it can be worked out again",
}


def decisions_of(target: Target, user: str, decision_id: str | None) -> list[dict[str, Any]]:
    """Return the log's records of one list of a user, of the one shown last where none is named; none if there is none.

    Raises:
        Unavailable: no broker answers, it refuses, or there is no such topic.
    """
    found = []
    for each in records_of(target.cluster, target.topics.decisions, user):
        try:
            found.append(DECISION.decode(each.record.value or b""))
        except InvalidRecord:
            continue
    if decision_id is None and found:
        decision_id = max(found, key=lambda each: each["shown_ms"])["decision_id"]
    return [each for each in found if each["decision_id"] == decision_id]


def explain_user(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return why a user was shown what he was.

    Raises:
        ConfigError: he was shown nothing that is still known, or the policy is none.
        Unavailable: a topic cannot be read.
    """
    target = read_target(arguments)
    job = JobConfig
    weights = arguments.weights or (job.weight_click, job.weight_conversion, job.weight_revenue, job.weight_cost)
    scores = Scores(
        Ranking(arguments.policy or job.policy, tuple(weights)),
        known_activities(arguments),
        lambda version: read_policy(target.cluster, target.topics.policy, PUBLISH_MS, version),
    )
    return explained(decisions_of(target, arguments.user, arguments.decision), scores)


def describe(found: Mapping[str, Any]) -> list[str]:
    """Return the lines for people."""
    lines = [
        f"list {found['decision_id']} as of {moment(found['as_of_ms'])}, ranked by {found['policy']}, what had been "
        f"learned as of version {found['policy_version']:,}, encoder {found['encoder_version']}; "
        f"{found['eligible']:,} activities could have been shown"
    ]
    for each in found["entries"]:
        lines.append(f"{each['position'] + 1:3} {each['activity_id']}: {_of_score(each)}")
        lines += [f"      {line}" for line in _of_place(each)]
    lines.append(_VERDICTS[found["equal"]])
    return [printable(line) for line in lines]


def _of_score(each: Mapping[str, Any]) -> str:
    if each["mean"] is None:
        return f"not known: {each['why_not']}"
    parts = ", ".join(f"{name} {part:.6f}" for name, part in each["parts"].items())
    bonus = "without limit, for nobody had seen it" if each["bonus"] is None else f"{each['bonus']:.6f}"
    return f"expected {each['mean']:.6f} ({parts}) + for not knowing it well {bonus}"


def _of_place(each: Mapping[str, Any]) -> list[str]:
    lines = []
    if each["ahead"] is not None:
        lines.append(f"ahead of the next by {each['ahead']:.6f}")
    if each["explored"]:
        lines.append("exploration put it here")
    if each["propensity"] is not None:
        lines.append(f"it stood here with a chance of {each['propensity']:.4f}")
    if each["rules"]:
        lines.append(f"{', '.join(each['rules'])} left {each['feasible']} for this place")
    if each["equal"] is False:
        lines.append("the log has OTHER numbers")
    return lines


def main(argv: Sequence[str]) -> int:
    """Explain a list; 1 where the log has other numbers, 3 where nothing of it can be worked out."""
    arguments = parse("explain", argv)
    try:
        found = explain_user(arguments)
    except (StackError, TidelineError) as error:
        return failed("explain", error)
    print(json.dumps(found) if arguments.json else "\n".join(describe(found)))
    return {True: Exit.DONE, False: Exit.FAILED}.get(found["equal"], Exit.CANNOT_SAY)
