"""Why a user's list would change, as the lists say it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.support.core_world import NOON_MS, token_for
from tideline.scripts.comparison.change_reasons import reasons
from tideline.scripts.simulation.lists import RankedList


def _made(token: str | None, *version: int) -> RankedList:
    return RankedList(version or (1, NOON_MS, 1), ("a", "b"), (1, 1), token, (None, None))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"policy": 790}, "policy version 5 now, 790 then"),
        ({"encoder": 9}, "encoder 3 now, 9 then"),
        ({"eligible": np.array([1_200])}, "12 activities could be shown now, 1,200 then"),
        ({"explored": np.array([3])}, "exploration put 2 of the entries then where they are"),
        ({"experiment": 7}, "another arm of an experiment"),
        ({"x": np.array([[127] + [5] * 15], np.int8)}, "what is known of the user differs (his context)"),
        ({}, "made of the same by what the lists say: activities, stops, hours or profiles differ"),
    ],
)
def test_what_two_tokens_differ_in_is_said(changes: dict[str, Any], told: str) -> None:
    now, then = _made(token_for("u", ["a", "b"])), _made(token_for("u", ["a", "b"], **changes))
    assert reasons(now, then) == [told]


def test_which_of_two_lists_knows_more_is_said() -> None:
    token = token_for("u", ["a", "b"])
    assert reasons(_made(token, 2, NOON_MS + 90_000, 9), _made(token, 1, NOON_MS, 12)) == [
        "the list now is of a moment 0:01:30 later",
        "the list then counts 3 more updates",
        "generation 2 now, 1 then",
    ]
    assert reasons(_made(token, 1, 5, 1), _made(token, 1, 6, 2)) == [
        "the list then is of a moment less than a second later",
        "the list then counts 1 more update",
    ]
    assert reasons(_made(token, 1, NOON_MS + 234_768, 1), _made(token, 1, NOON_MS, 1)) == [
        "the list now is of a moment 0:03:55 later"
    ]


@pytest.mark.parametrize("token", [None, "", "t", "AAAA" * 40, "\ud800"])
def test_of_a_token_that_cannot_be_read_nothing_is_said(token: str | None) -> None:
    (only,) = reasons(_made(token), _made(token_for("u", ["a", "b"])))
    assert only.startswith("made of the same by what the lists say")
