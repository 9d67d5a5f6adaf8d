"""The list as the frontend reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.core_world import KEYS, NOON_MS, activity
from tideline.udfs.core.catalogue.activity import Activity
from tideline.udfs.core.catalogue.catalogue import Catalogue
from tideline.udfs.core.context import DIM
from tideline.udfs.core.lists.activity_tags import ActivityTags
from tideline.udfs.core.lists.ranked_lists import ListHeads, MadeBy, RankedLists
from tideline.udfs.core.lists.slate import payloads
from tideline.udfs.core.variants.drawing import Drawn

SCHEMA = json.loads((Path(__file__).parents[5] / "schemas" / "ranked_list.schema.json").read_bytes())


def listed(
    order: list[list[int]],
    as_of_ms: list[int],
    *activities: Activity,
    leases_ms: Mapping[int, int] | None = None,
    until: list[list[int]] | None = None,
    variants: Drawn | None = None,
) -> list[dict[str, Any]]:
    users, none = len(order), np.zeros(len(order), np.int64)
    lists = RankedLists(
        ListHeads(
            users=[""] * users,
            as_of_ms=np.array(as_of_ms),
            seq=np.arange(users),
            arms=none,
            until=None if until is None else np.array(until),
        ),
        MadeBy(generation=2, encoder=7, policy=0, exploration_permille=0),
        eligible=none,
        explored=none,
        x=np.zeros((users, DIM), np.int8),
        order=np.array(order, np.int64),
        tags=ActivityTags.of([each.activity_id for each in activities], KEYS).current,
        pairs=np.zeros((users, len(order[0])), np.uint32),
        variants=variants,
    )
    found = payloads(Catalogue.of(activities), lists, [f"t{row}" for row in range(users)], leases_ms)
    return [json.loads(each) for each in found]


def test_a_list_says_what_to_show_and_until_when() -> None:
    """Contract: version, encoder, ids best first, whole minutes of each (from the minute of t), and the token."""
    minute_ms = NOON_MS // 60_000 * 60_000
    ends = [activity("a", ends_ms=minute_ms + 60_000), activity("b", ends_ms=minute_ms + 3 * 60_000 + 59_999)]
    first, second, none = listed([[1, 0, -1], [0, -1, -1], [-1, -1, -1]], [minute_ms, minute_ms + 59_999, 5], *ends)
    assert first == {"v": [2, minute_ms, 0], "m": 7, "i": ["b", "a"], "e": [3, 1], "k": "t0"}
    assert second == {"v": [2, minute_ms + 59_999, 1], "m": 7, "i": ["a"], "e": [1], "k": "t1"}
    assert none == {"v": [2, 5, 2], "m": 7, "i": [], "e": [], "k": "t2"}


@pytest.mark.parametrize("leases_ms", [{}, {1: 420_000, 7: 60_000}])
def test_lists_of_many_minutes_are_those_of_each_alone(leases_ms: dict[int, int]) -> None:
    """Contract: the same bytes, however many lists of a minute there are beside them."""
    draw = np.random.default_rng(2)
    ends = [activity(f"a{at}", ends_ms=NOON_MS + at * 700_000) for at in range(30)]
    order = np.array([draw.permutation(30)[:5] for _ in range(60)])
    order[::7, 3:] = -1
    as_of_ms = [NOON_MS + int(at) * 60_000 for at in draw.integers(0, 12, 40)] + [NOON_MS] * 20
    together = listed(order.tolist(), as_of_ms, *ends, leases_ms=leases_ms)
    apart = [listed([row], [ms], *ends, leases_ms=leases_ms)[0]["e"] for row, ms in zip(order, as_of_ms, strict=True)]
    assert [each["e"] for each in together] == apart


def test_what_has_a_lease_ends_with_it() -> None:
    """Contract: or with its window, if that is sooner; the others of the list end when they do."""
    minute_ms = NOON_MS // 60_000 * 60_000
    ends = [activity(name, ends_ms=minute_ms + minutes * 60_000) for name, minutes in (("a", 90), ("b", 5), ("c", 90))]
    (found,) = listed([[0, 1, 2]], [minute_ms], *ends, leases_ms={0: 1_259_999, 1: 1_200_000})
    assert found["e"] == [20, 5, 90]


def test_an_entry_ends_with_its_hours_where_they_are_over_before_it() -> None:
    """Contract: minutes of each user's own, in the order of his list."""
    minute = NOON_MS // 60_000
    both = [activity("a"), activity("b")]
    until = [[minute + 5, minute + 1], [minute + 7, minute + 3]]

    first, second = listed([[1, 0], [0, -1]], [NOON_MS, NOON_MS + 60_000], *both, until=until)
    leased, _ = listed([[1, 0], [0, -1]], [NOON_MS, NOON_MS], *both, until=until, leases_ms={0: 120_000, 1: 120_000})

    assert (first["e"], second["e"], leased["e"]) == ([1, 5], [6], [1, 2])


def test_a_list_says_which_variants_to_show_where_there_are_any() -> None:
    """Contract: before the token, by position; lists of the batch without variants have the bytes they always had."""
    both, none = [activity("a"), activity("b")], np.zeros((2, 2), np.int64)
    with_one, without = listed([[0, 1], [1, -1]], [5, 5], *both, variants=Drawn(none, none, {0: {1: "red"}}))
    plain, as_before = listed([[0, 1], [1, -1]], [5, 5], *both)
    assert list(with_one) == ["v", "m", "i", "e", "p", "k"]
    assert (with_one["p"], with_one["i"]) == ([None, "red"], ["a", "b"])
    assert without == as_before
    assert {**plain, "p": [None, "red"]} == with_one
    assert set(with_one) <= set(SCHEMA["properties"])


def test_a_list_obeys_its_schema() -> None:
    """Contract: the documented fields, types and bounds, with the oddest ids an activity may have."""
    ids = ["0.-_:9", "A" * 64, "0"]
    (found,) = listed([[2, 1, 0]], [NOON_MS], *[activity(each) for each in ids])
    fields = SCHEMA["properties"]
    assert set(SCHEMA["required"]) <= set(found) <= set(fields)
    assert len(found["v"]) == fields["v"]["minItems"] == fields["v"]["maxItems"]
    assert all(type(number) is int and number >= 0 for number in [*found["v"], found["m"], *found["e"]])
    assert len(found["i"]) == len(found["e"]) == 3
    assert sorted(found["i"]) == sorted(ids)
    assert all(re.search(fields["i"]["items"]["pattern"], each) for each in found["i"])
    assert fields["k"]["minLength"] <= len(found["k"]) <= fields["k"]["maxLength"]
