"""Decision records: what was shown, with everything an evaluation or an explanation needs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.schemas.decision_writer import encode_decision
from tideline.udfs.core.catalogue.competing import variant_of_mark
from tideline.udfs.core.experiments.experiment import RANDOM
from tideline.udfs.core.limits import BASELINE, HOLDOUT
from tideline.udfs.core.lists.decision_token import propensity
from tideline.udfs.core.policies.base import Contexts
from tideline.udfs.core.policies.cold_start import pairs_at, row_at, worth
from tideline.udfs.core.policies.policy_table import stack
from tideline.udfs.core.ranking.rule_tables import RELAXED, rule_names
from tideline.udfs.core.variants.variant_shares import PARTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.lists.decision_token import Token
    from tideline.udfs.core.policies.base import Policy
    from tideline.udfs.core.policies.cold_start import Weights
    from tideline.udfs.core.policies.pair_row import PairRow
    from tideline.udfs.core.policies.policy_table import PolicyRow, PolicyTable
    from tideline.udfs.core.rewards.token_events import ShownDecision
    from tideline.udfs.core.serving.ranker_state import RankerState

    _Score = tuple[float | None, float | None]

# Each context is scored against each row of a block, though only the pairs on its diagonal were shown: one by one a
# score costs 60 us.
_AT_ONCE = 64


def decision_records(shown: Sequence[ShownDecision], ranker: RankerState) -> list[tuple[str, bytes]]:
    """Return (user, Avro record) of each first impression."""
    if not shown:
        return []
    policies = [_policy(each.token, ranker) for each in shown]
    scores = _scores(shown, policies, ranker)
    nobody: list[_Score] = [(None, None)] * len(shown)
    shadows = _scores(shown, [_shadow(each.token, ranker) for each in shown], ranker) if ranker.experiments else nobody
    return [
        (each.user, encode_decision(_record(each, policy, score, shadow_score, ranker)))
        for each, policy, score, shadow_score in zip(shown, policies, scores, shadows, strict=True)
    ]


def _record(
    shown: ShownDecision, policy: Policy | None, score: _Score, shadow: _Score, ranker: RankerState
) -> dict[str, object]:
    token = shown.token
    version = token.version
    experiment, arm = _arm(token, ranker)
    mean, bonus = score
    shadow_mean, shadow_bonus = shadow
    mark, share = token.variant_at(shown.position) if token.variants else (0, 0)
    return {
        "user_id": shown.user,
        "decision_id": f"{version.generation}.{version.as_of_ms}.{version.seq}"
        + (f".{token.placement}" if token.placement else ""),
        "activity_id": shown.activity_id,
        "position": shown.position,
        "shown_ms": shown.shown_ms,
        "generation": version.generation,
        "as_of_ms": version.as_of_ms,
        "seq": version.seq,
        "encoder_version": token.encoder,
        "policy_version": token.policy,
        "eligible": token.eligible,
        "explored": bool(token.explored >> shown.position & 1),
        "propensity": propensity(token, shown.position) if _is_known(token, policy) else None,
        "mean": mean,
        "bonus": bonus,
        "x": token.x,
        "pair": token.pair_at(shown.position),
        "slate": _slate(shown, ranker),
        "policy": _policy_name(token, policy),
        "constraints": _constraints(token, shown.position),
        "experiment": experiment,
        "arm": arm,
        "shadow_mean": shadow_mean,
        "shadow_bonus": shadow_bonus,
        "feasible": token.feasible_at(shown.position) if token.acted else None,
        "variant": _variant(shown.activity_id, mark, ranker),
        "variant_share": share / PARTS if mark else None,
        "placement": _placement(token, ranker) if token.placement else "",
    }


def _placement(token: Token, ranker: RankerState) -> str:
    """Return the name of a list's placement, its number where it is no longer one."""
    placed = ranker.offers.at(token.placement)
    return placed.name if placed else f"#{token.placement}"


def _weights(token: Token, ranker: RankerState) -> Weights:
    placed = ranker.offers.at(token.placement)
    own = None if placed is None else placed.placement.weights
    return own or ranker.weights


def _variant(activity_id: str, mark: int, ranker: RankerState) -> str:
    activity = ranker.offers.activities.get(activity_id) if mark else None
    return variant_of_mark(activity_id, activity.variants, mark) if activity else ""


def _constraints(token: Token, position: int) -> list[str]:
    """Return which rules had a say in a place: those of the list where they left fewer than all that were left."""
    if not token.acted:
        return []
    bound = token.feasible_at(position) < token.eligible - position
    return rule_names(token.acted if bound else token.acted & RELAXED)


def _policy(token: Token, ranker: RankerState) -> Policy | None:
    """Return the policy that scored a list: None for the popular one and an arm that is no longer known."""
    if token.popular:
        return None
    if token.arm in (BASELINE, HOLDOUT):
        return ranker.settings.policy
    experiment = ranker.experiment_of(token.experiment)
    return experiment.arms[token.arm - 1].policy if experiment and token.arm <= len(experiment.arms) else None


def _shadow(token: Token, ranker: RankerState) -> Policy | None:
    experiment = None if token.popular else ranker.experiment_of(token.experiment)
    return experiment.shadow if experiment else None


def _policy_name(token: Token, policy: Policy | None) -> str:
    if token.popular:
        return "popular"
    return RANDOM if token.arm == HOLDOUT else policy.name if policy else ""


def _arm(token: Token, ranker: RankerState) -> tuple[str, str]:
    """Return (experiment id, name of the arm) of a list, nothing where it was in no experiment that is known."""
    experiment = None if token.popular else ranker.experiment_of(token.experiment)
    known = experiment.id if experiment else ""
    if token.arm == HOLDOUT and not token.popular:
        return known, "holdout"
    if experiment is None or token.arm > len(experiment.arms):
        return "", ""
    return known, "baseline" if token.arm == BASELINE else experiment.arms[token.arm - 1].name


def _is_known(token: Token, policy: Policy | None) -> bool:
    return policy is not None and (token.arm == HOLDOUT or not policy.randomised)


def _scores(shown: Sequence[ShownDecision], policies: Sequence[Policy | None], ranker: RankerState) -> list[_Score]:
    """Score each activity again, by its policy with the row that counted then; None where one is no longer at hand."""
    found: list[_Score] = [(None, None)] * len(shown)
    ways: dict[tuple[Policy, Weights], list[int]] = {}
    for at, (each, policy) in enumerate(zip(shown, policies, strict=True)):
        if policy is not None and not policy.randomised:
            weights = _weights(each.token, ranker) if each.token.placement else ranker.weights
            ways.setdefault((policy, weights), []).append(at)
    for (policy, weights), here in ways.items():
        for shared, known in _by_shared(shown, here, policy, ranker):
            scored = _Scored(policy, weights, shared)
            for start in range(0, len(known), _AT_ONCE):
                _score_some(found, shown, known[start : start + _AT_ONCE], scored, ranker)
    return found


class _Scored(NamedTuple):
    """How decisions were scored."""

    policy: Policy
    weights: Weights
    shared: PairRow


def _by_shared(
    shown: Sequence[ShownDecision], here: Sequence[int], policy: Policy, ranker: RankerState
) -> list[tuple[PairRow, list[tuple[int, PolicyRow]]]]:
    """Return those whose row is known with it, by what all pairs shared when they were scored."""
    parts: dict[int, tuple[PairRow, list[tuple[int, PolicyRow]]]] = {}
    tables: dict[tuple[int, int], tuple[PolicyTable, PairRow]] = {}
    for at in here:
        token = shown[at].token
        made = token.encoder, token.policy
        if made not in tables:
            table = ranker.table_of(policy, *made)
            tables[made] = table, pairs_at(table, *made)
        table, shared = tables[made]
        row = _row(shown[at], policy, table, ranker)
        if row is not None:
            parts.setdefault(id(shared), (shared, []))[1].append((at, row))
    return list(parts.values())


def _row(shown: ShownDecision, policy: Policy, table: PolicyTable, ranker: RankerState) -> PolicyRow | None:
    activity, version = ranker.offers.activities.get(shown.activity_id), shown.token.policy
    if activity is None:
        return None
    if version < ranker.tables.deployed.whole_from and policy.regression != ranker.settings.policy.regression:
        return None  # whether the arm's own rows were there then is not known any more
    return row_at(table, shown.token.encoder, activity, version)


def _score_some(
    found: list[_Score],
    shown: Sequence[ShownDecision],
    known: Sequence[tuple[int, PolicyRow]],
    scored: _Scored,
    ranker: RankerState,
) -> None:
    parts = []
    for at, row in known:
        its, token = shown[at], shown[at].token
        activity = ranker.offers.activities[its.activity_id]
        parts.append(Scorable(token.x, token.eligible, token.pair_at(its.position), activity, row))
    for (at, _), score in zip(known, scores_of(parts, *scored), strict=True):
        found[at] = score


class Scorable(NamedTuple):
    """What the score of a decision is worked out of."""

    x: bytes
    eligible: int
    pair: int
    activity: Activity
    row: PolicyRow
    """That of the version it was ranked by, with what it starts from where nobody had seen it (`row_at`)."""


def scores_of(some: Sequence[Scorable], policy: Policy, weights: Weights, shared: PairRow) -> list[_Score]:
    """Return mean and bonus of each decision, without prices and offsets; `shared` is what all pairs had in common."""
    x = np.frombuffer(b"".join([each.x for each in some]), np.int8).reshape(len(some), -1)
    eligible = np.array([each.eligible for each in some])
    coefficients = stack([each.row for each in some], worth([each.activity for each in some], weights), shared)
    its_pair = [each.pair for each in some]
    pairs = np.repeat(np.array(its_pair, np.uint32)[:, None], len(some), axis=1)
    scores = policy.score(Contexts(x, pairs), coefficients, eligible, np.zeros(len(some), np.uint64))
    # Before its first impression an activity's bonus may have no limit: no number, so none is stated.
    bonus = [each if math.isfinite(each) else None for each in scores.bonus.diagonal().tolist()]
    return list(zip(scores.mean.diagonal().tolist(), bonus, strict=True))


def _slate(shown: ShownDecision, ranker: RankerState) -> list[str | None]:
    """Return the list's ids from its tags; None where no activity of today has the tag."""
    named = ranker.offers.tags.names_on(shown.token.key_id, shown.token.tags)
    named[shown.position] = shown.activity_id
    return named
