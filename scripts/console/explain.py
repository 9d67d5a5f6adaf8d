"""Scores of a list, worked out again by the core from its token and the policy rows that counted when it was made.

What cannot be worked out is said to be not known: the order of the list is what an answer has to agree with.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.schemas.errors import InvalidRecord
from tideline.scripts.audit.decision_scores import NOTHING_LEARNED, Scores
from tideline.scripts.simulation.lists import parse_list
from tideline.udfs.core.limits import BASELINE, HOLDOUT
from tideline.udfs.core.lists.decision_token import read_unverified
from tideline.udfs.core.policies.base import in_steps

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from tideline.scripts.audit.decision_scores import Ranking
    from tideline.scripts.console.learned import Learned
    from tideline.scripts.simulation.lists import RankedList
    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.lists.decision_token import Token
    from tideline.udfs.core.policies.policy_start import PolicyStart

    ReadPolicy = Callable[[int | None], PolicyStart]

EQUAL = "Recomputed, equal: by these scores the list stands as it does."


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
    if token.arm == HOLDOUT and not token.popular:
        return _unknown("This user is held out: his list is in random order.")
    scores = Scores(ranking, known, read_policy)
    head = _as_logged(token, scores.policy.name)
    entries = [head | {"activity_id": name} for name in ranked.activities]
    if why := next(filter(None, map(scores.why_not, entries)), ""):
        return _unknown(f"Not known: {why}.")
    names = ranked.activities
    left_out = _left_out(token, ranked, known)
    if not token.policy:  # also what a ranker says that has no row at all yet
        told = _told(token, names, left_out, scores, NOTHING_LEARNED)
        if told["equal"]:
            return told
    if why := scores.unread(head):
        return _unknown(f"No longer known: {why}.")
    return _told(token, names, left_out, scores, None)


def _as_logged(token: Token, policy: str) -> dict[str, Any]:
    """Return what a decision record says of every entry of a list."""
    return {
        "x": token.x,
        "eligible": token.eligible,
        "encoder_version": token.encoder,
        "policy_version": token.policy,
        "policy": "popular" if token.popular else policy,
        "arm": "" if token.arm == BASELINE else str(token.arm),
        "placement": "",
    }


def _left_out(token: Token, ranked: RankedList, known: Mapping[str, Activity]) -> list[str] | None:
    """Return what could have been on the list and is not; None where the activities as they are now do not say."""
    _, at_ms, _ = ranked.version
    is_open = [each for each in known.values() if each.status == "active" and each.starts_ms <= at_ms < each.ends_ms]
    if len(is_open) != token.eligible:  # rules, caps or dismissals took some out, or they are others by now
        return None
    return [each.activity_id for each in is_open if each.activity_id not in ranked.activities]


def _told(
    token: Token,
    names: Sequence[str],
    left_out: Sequence[str] | None,
    scores: Scores,
    learned: Learned | None,
) -> dict[str, Any]:
    """Return the document of a list, with what came closest to be on it."""
    score = np.add(*(parts := _parts(token, names, scores, learned)))
    told = _document(token, names, *parts)
    ranked = [place for place in range(len(names)) if not token.explored >> place & 1]
    if not told["equal"] or token.acted or not ranked:
        return told
    if scores.policy.reads_pairs:
        words = "What came next is not known: what this user has to do with it is in no token."
    elif left_out is None:
        words = "What came next is not known: who else could be on this list is in no token."
    elif not left_out:
        words = "All that could be on the list is on it."
    else:
        others = np.add(*_parts(token, [*names, *left_out], scores, learned))[len(names) :]
        next_one = int(np.argmax(others))
        name, margin = left_out[next_one], float(score[ranked].min() - others[next_one])
        if margin >= 0:
            told["runner_up"] = {"activity_id": name, "score": _number(others[next_one]), "margin": _number(margin)}
            words = f"Next would have been {name}, {margin:.4f} behind the last place that was ranked."
        else:
            words = "What came next is not known: activities have changed since."
    return told | {"verdict": f"{told['verdict']} {words}"}


def _parts(
    token: Token, names: Sequence[str], scores: Scores, learned: Learned | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and bonus of each activity, the entries of the list first and in its order; of others no pair."""
    pairs = [token.pair_at(position) for position in range(len(names))]
    return scores.listed(_as_logged(token, scores.policy.name), names, pairs, learned=learned)


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
