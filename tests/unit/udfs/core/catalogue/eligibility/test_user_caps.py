"""Caps of users over activities, groups, kinds and all, against a plain count of what was shown and clicked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.core_world import DAY_MS, NOON_MS, activity
from tideline.schemas.errors import InvalidField, Reason
from tideline.schemas.fields import Fields
from tideline.udfs.core.catalogue.activity import Activity
from tideline.udfs.core.catalogue.catalogue import Catalogue, eligible
from tideline.udfs.core.catalogue.eligibility.user_caps import MAX_CAP, UserCap, read_caps
from tideline.udfs.core.hashing import activity_hash
from tideline.udfs.core.shown.marks import click_name, mark_click, mark_impression, trim
from tideline.udfs.core.shown.remembered import Remembered
from tideline.udfs.core.users.user_state import decode_states

MINUTE_MS = 60_000
NOW_MS = NOON_MS // MINUTE_MS * MINUTE_MS
NAMES = ("a0", "a1", "a2", "a3", "a4")
KINDS = {"a0": "coupon", "a1": "coupon", "a2": "event", "a3": "event", "a4": "banner"}
GROUPS = {"a0": "x", "a1": "y", "a2": "x", "a3": None, "a4": "y"}
CAPS = st.builds(
    UserCap,
    of=st.sampled_from(["activity", "kind", "all"]),
    max=st.integers(1, 3),
    window_ms=st.integers(1, 9).map(lambda minutes: minutes * MINUTE_MS),
    event=st.sampled_from(["impression", "click"]),
)
OF_GROUPS = st.tuples(CAPS, st.sampled_from(["x", "y", "none"])).map(
    lambda each: UserCap("group", each[0].max, each[0].window_ms, each[0].event, each[1])
)
SEEN = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(["impression", "click"]), st.integers(0, 10)), max_size=12
)


def counted(cap: UserCap, of: Activity, name: str) -> bool:
    """Return whether a cap of an activity counts what happened to another."""
    if cap.of == "group":
        return GROUPS[name] == (cap.group or of.group)
    return {"activity": name == of.activity_id, "kind": KINDS[name] == of.kind, "all": True}[cap.of]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(st.one_of(CAPS, OF_GROUPS), max_size=3), min_size=5, max_size=5), st.lists(SEEN, max_size=4))
def test_an_activity_is_out_while_one_of_its_caps_is_full(
    caps: list[list[UserCap]], users: list[list[tuple[str, str, int]]]
) -> None:
    """Contract: exactly while, for any number of users, with marks trimmed to what the caps need."""
    made = [
        activity(name, kind=KINDS[name], group=GROUPS[name], caps=tuple(own))
        for name, own in zip(NAMES, caps, strict=True)
    ]
    catalogue = Catalogue.of(made)
    needs = {activity_hash(name): each for name, each in catalogue.caps.needs.items()}
    batch = decode_states([None] * len(users), 4)
    batch.header["as_of_ms"] = NOW_MS
    for row, seen in enumerate(users):
        state = Remembered(b"")
        for entry, (name, event, age) in enumerate(seen):
            number = activity_hash(name if event == "impression" else click_name(name))
            at_ms = NOW_MS - age * MINUTE_MS
            if number in needs and event == "impression":
                mark_impression(state.marks, number, 2 * entry + 1, at_ms, is_first=True)
            elif number in needs:
                mark_click(state.marks, number, 2 * entry + 1, at_ms)
        trim(state.marks, needs)
        batch.shown[row] = state.encode()

    mask = eligible(catalogue, batch, np.arange(len(users))).mask

    for row, seen in enumerate(users):
        for number, each in enumerate(made):
            full = any(
                sum(
                    counted(cap, each, name) and event == cap.event and age * MINUTE_MS < cap.window_ms
                    for name, event, age in seen
                )
                >= cap.max
                for cap in each.caps
            )
            assert mask[row, number] == (not full), (each, seen)


def test_marks_are_made_of_what_some_cap_counts_and_no_more() -> None:
    """Contract: of each what the strictest and the longest need; clicks under a name of their own."""
    made = [
        activity("a", group="g", caps=(UserCap("group", 2, DAY_MS), UserCap("activity", 5, DAY_MS // 2))),
        activity("b", group="g", after_click_ms=DAY_MS),
        activity("c"),
    ]
    assert Catalogue.of(made).caps.needs == {
        "a": (5, DAY_MS), "b": (2, DAY_MS), click_name("b"): (1, DAY_MS)
    }  # fmt: skip


@pytest.mark.parametrize(("after_ms", "days", "expected"), [(None, 400, False), (DAY_MS, 1, False), (DAY_MS, 2, True)])
def test_a_dismissal_keeps_an_activity_away_for_ever_or_as_long_as_it_says(
    after_ms: int | None, days: int, expected: bool
) -> None:
    """Contract: from the end of the day of the latest dismissal on."""
    batch = decode_states([None], 4)
    batch.header["as_of_ms"] = NOW_MS
    state = Remembered(b"")
    state.marks.dismissed[activity_hash("a")] = NOW_MS // DAY_MS - days
    batch.shown[0] = state.encode()
    ((found,),) = eligible(Catalogue.of([activity("a", after_dismiss_ms=after_ms)]), batch, np.array([0])).mask.tolist()
    assert found is expected


@pytest.mark.parametrize(
    ("stated", "path", "allowed"),
    [
        ({"of": "activity"}, "caps", "at most 4 objects"),
        ([{"of": "all", "max": 1, "window_ms": MINUTE_MS}] * 5, "caps", "at most 4 objects"),
        ([1], "caps[0]", "an object"),
        ([{"of": "all", "max": 1}], "caps[0].window_ms", "it must be given"),
        ([{"of": "user", "max": 1, "window_ms": MINUTE_MS}], "caps[0].of", "activity, group, kind, all"),
        ([{"of": "all", "max": MAX_CAP + 1, "window_ms": MINUTE_MS}], "caps[0].max", f"a whole number of 1..{MAX_CAP}"),
        ([{"of": "all", "max": 1, "window_ms": 5}], "caps[0].window_ms", "a whole number of 60000"),
        (
            [{"of": "all", "max": 1, "window_ms": MINUTE_MS, "event": "conversion"}],
            "caps[0].event",
            "impression, click",
        ),
        ([{"of": "group", "max": 1, "window_ms": MINUTE_MS}], "caps[0].of", "where the activity has a group"),
        ([{"of": "all", "max": 1, "window_ms": MINUTE_MS, "group": "g"}], "caps[0].group", "null, or of is group"),
    ],
)
def test_a_cap_that_cannot_be_is_refused(stated: Any, path: str, allowed: str) -> None:
    with pytest.raises(InvalidField) as refused:
        read_caps(Fields({"caps": stated}, Reason.BAD_ACTIVITY), None)
    assert refused.value.field == path
    assert allowed in refused.value.allowed


def test_a_cap_is_of_impressions_and_of_its_own_group_unless_it_says_otherwise() -> None:
    stated = [
        {"of": "group", "max": 1, "window_ms": MINUTE_MS},
        {"of": "group", "max": 2, "window_ms": MINUTE_MS, "group": "h", "event": "click"},
    ]
    assert read_caps(Fields({"caps": stated}, Reason.BAD_ACTIVITY), "g") == (
        UserCap("group", 1, MINUTE_MS),
        UserCap("group", 2, MINUTE_MS, "click", "h"),
    )


def test_counts_of_many_activities_are_those_of_few() -> None:
    """Contract: where a column for each count would be too large, they are sorted instead: 300 users, 1,500 caps."""
    made = [activity(f"n{number}", caps=(UserCap("activity", 2, DAY_MS),)) for number in range(1500)]
    batch = decode_states([None] * 300, 4)
    batch.header["as_of_ms"] = NOW_MS
    for row in range(300):
        state = Remembered(b"")
        for entry, number in enumerate((row, row, row + 1)):
            mark_impression(state.marks, activity_hash(f"n{number}"), 2 * entry + 1, NOW_MS, is_first=True)
        batch.shown[row] = state.encode()
    catalogue = Catalogue.of(made)
    numbers = {each.activity_id: number for number, each in enumerate(catalogue.activities)}

    mask = eligible(catalogue, batch, np.arange(300)).mask

    assert [np.flatnonzero(~each).tolist() for each in mask] == [[numbers[f"n{row}"]] for row in range(300)]
