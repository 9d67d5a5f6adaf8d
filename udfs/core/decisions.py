"""Decision records: what was shown, with everything an evaluation or an explanation needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from schemas.records import DECISION
from udfs.core.decision_token import propensity
from udfs.core.policy_table import stack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from udfs.core.attribution import ShownDecision
    from udfs.core.world import World

    _Score = tuple[float | None, float | None]

# Each context is scored against each row of a block, though only the pairs on its diagonal were shown: one by one a
# score costs 60 us.
_AT_ONCE = 64


def decision_records(shown: Sequence[ShownDecision], world: World) -> list[tuple[str, bytes]]:
    """Return (user, Avro record) of each first impression."""
    if not shown:
        return []
    scores = _scores(shown, world)
    return [
        (each.user, DECISION.encode(_record(each, score, world))) for each, score in zip(shown, scores, strict=True)
    ]


def _record(shown: ShownDecision, score: _Score, world: World) -> dict[str, object]:
    token, policy = shown.token, world.policy
    mean, bonus = score
    return {
        "user_id": shown.user,
        "decision_id": f"{token.generation}.{token.as_of_ms}.{token.seq}",
        "activity_id": shown.activity_id,
        "position": shown.slot,
        "shown_ms": shown.shown_ms,
        "generation": token.generation,
        "as_of_ms": token.as_of_ms,
        "seq": token.seq,
        "encoder_version": token.encoder,
        "policy_version": token.policy,
        "eligible": token.eligible,
        "explored": bool(token.explored >> shown.slot & 1),
        "propensity": None if policy.randomised or token.popular else propensity(token, shown.slot),
        "mean": mean,
        "bonus": bonus,
        "x": token.x,
        "slate": _slate(shown, world),
        "policy": "popular" if token.popular else policy.name,
        "constraints": [],
    }


def _scores(shown: Sequence[ShownDecision], world: World) -> list[_Score]:
    """Score each activity again with the row that counted then; None where that row is no longer at hand."""
    found: list[_Score] = [(None, None)] * len(shown)
    if world.policy.randomised:
        return found
    rows = [world.table.row_at(each.token.encoder, each.activity_id, each.token.policy) for each in shown]
    at = [place for place, row in enumerate(rows) if row is not None and not shown[place].token.popular]
    if not at:
        return found
    for start in range(0, len(at), _AT_ONCE):
        part = at[start : start + _AT_ONCE]
        known = stack([row for place in part if (row := rows[place]) is not None], np.array(world.weights))
        x = np.frombuffer(b"".join([shown[place].token.x for place in part]), np.int8).reshape(len(part), -1)
        eligible = np.array([shown[place].token.eligible for place in part])
        scores = world.policy.score(x, known, eligible, np.zeros(len(part), np.uint64))
        found_part = zip(scores.mean.diagonal().tolist(), scores.bonus.diagonal().tolist(), strict=True)
        for place, score in zip(part, found_part, strict=True):
            found[place] = score
    return found


def _slate(shown: ShownDecision, world: World) -> list[str | None]:
    """Return the list's ids from its slot tags; None where no activity of today, or more than one, has the tag."""
    named = [world.catalogue.name_of_tag.get(tag) for tag in shown.token.tags]
    named[shown.slot] = shown.activity_id
    return named
