"""Scores of a list, worked out again by the core from its token and the policy rows that counted when it was made.

What cannot be worked out is said to be not known: the order of the list is what an answer has to agree with.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.schemas.errors import InvalidRecord
from tideline.scripts.console.learned import Learned
from tideline.scripts.simulation.lists import parse_list
from tideline.udfs.core.catalogue.catalogue import Catalogue
from tideline.udfs.core.limits import BASELINE, HOLDOUT
from tideline.udfs.core.lists.decision_token import read_unverified
from tideline.udfs.core.policies.base import Contexts, in_steps
from tideline.udfs.core.policies.by_name import make_policy
from tideline.udfs.core.policies.cold_start import Weights, coefficients
from tideline.udfs.core.policies.policy_start import PolicyStart

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from tideline.scripts.simulation.lists import RankedList
    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.lists.decision_token import Token
    from tideline.udfs.core.policies.base import Policy

    ReadPolicy = Callable[[int | None], PolicyStart]

_NOTHING = Learned.of(PolicyStart([], 0, 0, True))
EQUAL = "Recomputed, equal: by these scores the list stands as it does."


class Ranking(NamedTuple):
    """How a job scores, as its options say."""

    policy: str
    weights: Weights


def explain(
    payload: bytes | None, known: Mapping[str, Activity], ranking: Ranking, read_policy: ReadPolicy
) -> dict[str, Any]:
    """Return the scores of a list's entries and whether they agree with it; `read_policy` reads the policy's topic.

    Raises:
        Unavailable: the topic cannot be read.
        ValueError, KeyError: the payload is no list.
    """
    if payload is None:
        return _unknown("There is no list of this user.")
    ranked = parse_list(payload)
    try:
        token = read_unverified(ranked.token or "")
    except InvalidRecord:
        return _unknown("Not known: the list has no token that this build can read.")
    why = _not_scored(token, ranked.activities, known, make_policy(ranking.policy))
    if why is not None:
        return _unknown(why)
    activities = [known[name] for name in ranked.activities]
    left_out = _left_out(token, ranked, known)
    if not token.policy:  # also what a ranker says that has no row at all yet
        told = _told(token, activities, left_out, ranking, _NOTHING)
        if told["equal"]:
            return told
    read = Learned.of(read_policy(token.policy))
    if token.policy and not read.table.knows(token.encoder, token.policy):
        return _unknown(f"No longer known: the policy as of version {token.policy:,} is not in its topic.")
    return _told(token, activities, left_out, ranking, read)


def _left_out(token: Token, ranked: RankedList, known: Mapping[str, Activity]) -> list[Activity] | None:
    """Return what could have been on the list and is not; None where the activities as they are now do not say."""
    _, at_ms, _ = ranked.version
    is_open = [each for each in known.values() if each.status == "active" and each.starts_ms <= at_ms < each.ends_ms]
    if len(is_open) != token.eligible:  # rules, caps or dismissals took some out, or they are others by now
        return None
    return [each for each in is_open if each.activity_id not in ranked.activities]


def _told(
    token: Token, activities: Sequence[Activity], left_out: Sequence[Activity] | None, ranking: Ranking, read: Learned
) -> dict[str, Any]:
    """Return the document of a list, with what came closest to be on it."""
    score = np.add(*(parts := _scores(token, activities, ranking, read)))
    told = _document(token, [each.activity_id for each in activities], *parts)
    ranked = [place for place in range(len(activities)) if not token.explored >> place & 1]
    if not told["equal"] or token.acted or not ranked:
        return told
    if make_policy(ranking.policy).reads_pairs:
        words = "What came next is not known: what this user has to do with it is in no token."
    elif left_out is None:
        words = "What came next is not known: who else could be on this list is in no token."
    elif not left_out:
        words = "All that could be on the list is on it."
    else:
        others = np.add(*_scores(token, [*activities, *left_out], ranking, read))[len(activities) :]
        next_one = int(np.argmax(others))
        name, margin = left_out[next_one].activity_id, float(score[ranked].min() - others[next_one])
        if margin >= 0:
            told["runner_up"] = {"activity_id": name, "score": _number(others[next_one]), "margin": _number(margin)}
            words = f"Next would have been {name}, {margin:.4f} behind the last place that was ranked."
        else:
            words = "What came next is not known: activities have changed since."
    return told | {"verdict": f"{told['verdict']} {words}"}


def _not_scored(token: Token, names: Sequence[str], known: Mapping[str, Activity], policy: Policy) -> str | None:
    """Return why no scores of the deployment's policy made this list what it is, None where they did."""
    if token.popular:
        return "This is the popular list: it is ranked for nobody in particular."
    if token.arm == HOLDOUT:
        return "This user is held out: his list is in random order."
    if token.arm != BASELINE:
        return "This user is in an arm of an experiment, which ranks in a way of its own."
    if policy.randomised:
        return "The policy draws its scores: they cannot be worked out again."
    lacking = [name for name in names if name not in known]
    return f"No longer known: {lacking[0]} is not among the activities." if lacking else None


def _scores(
    token: Token, activities: Sequence[Activity], ranking: Ranking, read: Learned
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and bonus of each activity, the entries of the list first and in its order; of others no pair."""
    catalogue = Catalogue.of(activities)
    at = {each.activity_id: number for number, each in enumerate(catalogue.activities)}
    order = [at[each.activity_id] for each in activities]
    pairs = np.zeros((1, len(order)), np.uint32)
    pairs[0, order] = [token.pair_at(position) for position in range(len(order))]
    x = np.frombuffer(token.x, np.int8)[None, :]
    rows = coefficients(read.table, catalogue, token.encoder, ranking.weights, read.standings.known)
    policy = make_policy(ranking.policy)
    scores = policy.score(Contexts(x, pairs), rows, np.array([token.eligible]), np.zeros(1, np.uint64))
    return scores.mean[0, order], scores.bonus[0, order]


def _document(
    token: Token, names: Sequence[str], mean: NDArray[np.float64], bonus: NDArray[np.float64]
) -> dict[str, Any]:
    score = mean + bonus
    explored = [bool(token.explored >> position & 1) for position in range(len(names))]
    drawn = token.acted or any(explored)
    ranked = [position for position in range(len(names)) if not explored[position]]
    steps = in_steps(score[ranked].copy())
    agrees = bool(np.all(steps[:-1] >= steps[1:]))
    if not agrees and not token.acted:
        return _unknown("No longer known: by the job's default policy and weights the order would be another.")
    entries = [
        {
            "activity_id": name,
            "score": _number(score[position]),
            "mean": _number(mean[position]),
            "bonus": _number(bonus[position]),
            "explored": explored[position],
            "behind": _behind(score, position),
        }
        for position, name in enumerate(names)
    ]
    verdict = EQUAL
    if drawn:
        verdict += " Places that explore, or that a list rule had a say in, stand where they were drawn."
    if not agrees:
        verdict = "Recomputed; a list rule had a say in this list, so that it need not stand in the order of scores."
    found = {"verdict": verdict, "equal": agrees, "policy_version": token.policy, "entries": entries}
    return found | {"runner_up": None}


def _behind(score: NDArray[np.float64], position: int) -> float | None:
    return _number(score[position - 1] - score[position]) if position else None


def _number(value: float) -> float | None:
    return round(float(value), 9) if math.isfinite(value) else None


def _unknown(verdict: str) -> dict[str, Any]:
    return {"verdict": verdict, "equal": None, "policy_version": None, "entries": [], "runner_up": None}
