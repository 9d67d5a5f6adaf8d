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


def decision_records(shown: Sequence[ShownDecision], world: World) -> list[tuple[str, bytes]]:
    """Return (user, Avro record) of each first impression."""
    return [(each.user, DECISION.encode(_record(each, world))) for each in shown]


def _record(shown: ShownDecision, world: World) -> dict[str, object]:
    token, policy = shown.token, world.policy
    mean, bonus = _score(shown, world)
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


def _score(shown: ShownDecision, world: World) -> tuple[float | None, float | None]:
    """Score the activity again with the row that counted then; None where that row is no longer at hand."""
    token = shown.token
    row = world.table.row_at(token.encoder, shown.activity_id, token.policy)
    if row is None or world.policy.randomised or token.popular:
        return None, None
    known = stack([row], np.array(world.weights))
    x = np.frombuffer(token.x, np.int8)[None, :]
    scores = world.policy.score(x, known, np.array([token.eligible]), np.zeros(1, np.uint64))
    return float(scores.mean[0, 0]), float(scores.bonus[0, 0])


def _slate(shown: ShownDecision, world: World) -> list[str | None]:
    """Return the list's ids from its slot tags; None where no activity of today, or more than one, has the tag."""
    catalogue = world.catalogue
    named: list[str | None] = []
    for tag in shown.token.tags:
        numbers = np.flatnonzero(catalogue.tags == tag)
        named.append(catalogue.activities[int(numbers[0])].activity_id if numbers.size == 1 else None)
    named[shown.slot] = shown.activity_id
    return named
