"""Rules: what a user must have done."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.core_world import NOON_MS, activity
from tideline.schemas.events import EventType
from tideline.udfs.core.catalogue.activity import Activity, Rule
from tideline.udfs.core.catalogue.catalogue import Catalogue, eligible
from tideline.udfs.core.hashing import hash32
from tideline.udfs.core.users.user_state import HISTORY, UserBatch, decode_states


def user(as_of_ms: int = NOON_MS, **fields: int) -> UserBatch:
    batch = decode_states([None], 4)
    batch.header["as_of_ms"] = as_of_ms
    for name, number in fields.items():
        batch.header[name] = number
    return batch


def may_see(batch: UserBatch, *activities: Activity) -> list[str]:
    catalogue = Catalogue.of(activities)
    (mask,) = eligible(catalogue, batch, np.array([0])).mask
    return [each.activity_id for each, may in zip(catalogue.activities, mask.tolist(), strict=True) if may]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Rule(), True),
        (Rule(min_events=7), True),
        (Rule(min_events=8), False),
        (Rule(min_purchases=2), True),
        (Rule(min_purchases=3), False),
        (Rule(any_category=("wine", "tea")), True),
        (Rule(any_category=("wine",)), False),
        (Rule(min_events=7, min_purchases=2, any_category=("tea",)), True),
        (Rule(min_events=7, min_purchases=3, any_category=("tea",)), False),
    ],
)
def test_every_part_of_a_rule_must_hold(rule: Rule, expected: bool) -> None:
    batch = user(accepted=7, purchases=2, n_history=1)
    batch.history["category"][0, HISTORY - 1] = hash32("tea")
    batch.history["type"][0, HISTORY - 1] = EventType.VIEW
    assert may_see(batch, activity("a", rule=rule), activity("b")) == (["a", "b"] if expected else ["b"])
