"""The log that analysts read: decision records with their rewards."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tests.support.core_world import DAY_MS, KEYS, NOON_MS, activity, make_ranker, token_for
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.schemas.records import DECISION
from tideline.scripts.analysis import join_log
from tideline.scripts.archive.avro_columns import columns_of
from tideline.udfs.core.catalogue.activity import Activity
from tideline.udfs.core.catalogue.activity_features import UNKNOWN, features_of
from tideline.udfs.core.catalogue.competing import Variant
from tideline.udfs.core.erasure.erase_order import erase_order
from tideline.udfs.core.lists.token_keys import TokenKeys
from tideline.udfs.core.rewards.attribution import attribute
from tideline.udfs.core.rewards.attribution_settings import AttributionSettings
from tideline.udfs.core.serving.engine import Records, process
from tideline.udfs.core.shown.remembered import Remembered

NAMES = ["a", "b", "c"]
KNOWN = {"a": activity("a", categories=("tea",), labels={"provider": "x"}, cost=2.5)}
SETTINGS = AttributionSettings.of(KEYS, DAY_MS, {"a": 2.5, "b": 1.0, "c": 1.0}, {})


def _event(
    kind: EventType, name: str, at: int, token: str | None, user: str = "u", value: float | None = None
) -> Event:
    position = None if kind == EventType.CONVERSION or token is None else NAMES.index(name)
    return Event(
        f"{kind}{name}{at}", user, kind, NOON_MS + at, activity_id=name, token=token, position=position, value=value
    )


def _decisions(events: list[Event]) -> list[dict[str, Any]]:
    ranker = make_ranker([activity(name) for name in NAMES])
    shown = [event for event in events if event.type == EventType.IMPRESSION]
    records = Records(
        [event.user_id.encode() for event in shown], [encode_event(event) for event in shown], [2**50] * len(shown)
    )
    outcome = process(records, lambda users: [None] * len(users), ranker)
    return [DECISION.decode(record) for _, record in outcome.decisions]


def join(
    decisions: list[dict[str, Any]], events: list[Event], settings: AttributionSettings, known: dict[str, Activity]
) -> pa.Table:
    """Return the table of decision records, written and read as columns."""
    return join_log.join(columns_of(DECISION, list(map(DECISION.encode, decisions))), events, settings, known)


def test_every_shown_entry_is_a_row_with_its_rewards() -> None:
    """Contract: one row for each entry shown, rewards joined by token, or without one by activity inside the window."""
    first, second = token_for("u", NAMES), token_for("u", NAMES, seq=2)
    other = token_for("v", NAMES)
    events = [
        _event(EventType.IMPRESSION, "a", 1, first),
        _event(EventType.IMPRESSION, "b", 2, first),
        _event(EventType.IMPRESSION, "a", 3, second),
        _event(EventType.IMPRESSION, "a", 4, other, "v"),
        _event(EventType.CLICK, "b", 5, first),
        _event(EventType.CONVERSION, "b", 6, first, value=7.25),
        _event(EventType.CLICK, "a", 6, second),
        _event(EventType.CONVERSION, "a", 7, None, value=3.0),
        _event(EventType.DISMISS, "a", 8, other, "v"),
        _event(EventType.CLICK, "a", 9, token_for("x", NAMES), "v"),  # signed for somebody else
    ]
    table = join(_decisions(events) * 2, events[::-1] * 2, SETTINGS, KNOWN)
    rows = {
        (row["decision_id"].split("/")[1], row["action"], row["position"], row["ts_ms"] - NOON_MS): row
        for row in table.to_pylist()
    }
    assert sorted(at for *_, at in rows) == [1, 2, 3, 4]
    found = {at: (row["click"], row["conversion"], row["dismissed"], row["revenue"]) for (*_, at), row in rows.items()}
    assert found == {1: (0, 0, 0, 0.0), 2: (1, 1, 0, 7.25), 3: (1, 1, 0, 3.0), 4: (0, 0, 1, 0.0)}
    one = next(row for (*_, at), row in rows.items() if at == 2)
    assert (one["reward"], one["eligible"], one["policy"], one["mature"]) == (1, 12, "linucb", False)
    assert one["x_0"] == pytest.approx(90 / 127)
    assert one["feasible"] is None
    assert {row["action"]: row["cost"] for row in rows.values()} == {"a": 2.5, "b": 0.0}
    about = {row["action"]: json.loads(row["about"]) for row in rows.values()}
    assert about["a"] == {"kind": "coupon", "categories": ["tea"], "labels": {"provider": "x"}}
    assert about["b"] == {"kind": "", "categories": [], "labels": {}}
    assert {row["action"]: row["pair"] for row in rows.values()} == {"a": 0x030201, "b": 2 * 0x030201}
    for at, wanted in ((1, features_of(KNOWN["a"])), (2, UNKNOWN)):
        row = next(row for (*_, each), row in rows.items() if each == at)
        assert [round(127 * row[f"feature_{place}"]) for place in range(8)] == wanted.tolist()
    assert len({row["decision_id"] for row in rows.values()}) == 3


def test_a_row_says_its_variant_and_share_and_what_competes() -> None:
    """Contract: as the decision has them; costs are the variant's own parameter or else the activity's."""
    variants = (Variant("red", {"cost": 0.5}), Variant("blue"))
    known = {"a": activity("a", variants=variants, cost=2.0, objective="margin")}
    token = token_for("u", NAMES)
    decisions = _decisions([_event(EventType.IMPRESSION, name, 1, token) for name in ("a", "b")])
    decisions[0] |= {"variant": "red", "variant_share": 0.5}
    first, second = join(decisions, [], SETTINGS, known).sort_by("action").to_pylist()
    assert (first["variant"], first["variant_share"]) == ("red", 0.5)
    assert (second["variant"], second["variant_share"]) == ("", None)
    about = json.loads(first["about"])
    assert (about["variants"], about["objective"], about["split"]) == (["red", "blue"], "margin", "even")
    assert about["costs"] == {"red": 0.5, "blue": 2.0}


def test_a_reward_of_a_list_that_left_the_state_still_counts_once_it_was_given() -> None:
    """Contract: what newer lists push out keeps the rewards it had."""
    tokens = [token_for("u", NAMES, as_of_ms=NOON_MS + at, seq=at) for at in range(1, 81)]
    events = []
    for at, token in enumerate(tokens, 1):
        events += [_event(EventType.IMPRESSION, name, 60_000 * at, token) for name in NAMES]
        events.append(_event(EventType.CLICK, "c", 60_000 * at + 5, token))
    table = join(_decisions(events), events, SETTINGS, KNOWN)
    assert (table.num_rows, sum(table.column("click").to_pylist())) == (240, 80)


def test_rows_past_their_window_are_mature() -> None:
    first, second = token_for("u", NAMES), token_for("u", NAMES, NOON_MS + DAY_MS)
    events = [_event(EventType.IMPRESSION, "a", 1, first), _event(EventType.IMPRESSION, "b", DAY_MS + 1, second)]
    assert join(_decisions(events), events, SETTINGS, KNOWN).column("mature").to_pylist() == [True, False]


def test_nothing_shown_is_an_empty_table() -> None:
    assert join([], [], SETTINGS, KNOWN).num_rows == 0


def test_reading_impressions_many_at_a_time_gives_what_one_at_a_time_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: random stories, longer than what is remembered and than the window, have the same table."""
    random = np.random.default_rng(4)
    events = []
    for user in ("u", "v"):
        at = 0
        for seq in range(1, 90):
            token = token_for(user, NAMES, as_of_ms=NOON_MS + at, seq=seq)
            at += int(random.choice([1_000, 60_000, DAY_MS // 3]))
            events += [_event(EventType.IMPRESSION, name, at, token, user) for name in NAMES]
            kind = random.choice([EventType.CLICK, EventType.DISMISS, EventType.CONVERSION, EventType.VIEW])
            if kind != EventType.VIEW:
                events.append(_event(EventType(kind), str(random.choice(NAMES)), at + 7, token, user))
    decisions = _decisions(events)
    at_once = join(decisions, events, SETTINGS, KNOWN)
    monkeypatch.setattr("tideline.scripts.analysis.join_log._IMPRESSIONS_AT_ONCE", 1)
    assert join(decisions, events, SETTINGS, KNOWN).equals(at_once)
    assert sum(at_once.column("click").to_pylist()) > 10


def test_users_are_told_apart_without_their_ids() -> None:
    """Contract: the same hash for the same user and secret, another one under another secret; no id in the table."""
    events = [_event(EventType.IMPRESSION, "a", at, token_for(user, NAMES), user) for at, user in enumerate(("u", "v"))]
    table = join(_decisions(events), events, SETTINGS, KNOWN)
    users = table.column("user").to_pylist()
    assert len(set(users)) == 2
    assert all(len(user) == 16 for user in users)
    assert [text.split("/")[0] for text in table.column("decision_id").to_pylist()] == users
    other = SETTINGS._replace(keys=TokenKeys({1: b"x" * 32}, 1))
    assert not {*join(_decisions(events), [], other, KNOWN).column("user").to_pylist()} & {*users}


def test_rewards_are_those_of_the_list_of_the_placement() -> None:
    """Contract: one activity on two lists of one moment: who was clicked where, and which placement that was."""
    tokens = {name: token_for("u", NAMES, placement=number) for name, number in (("", 0), ("#7", 7), ("#63", 63))}
    events = [_event(EventType.IMPRESSION, "a", at, token) for at, token in enumerate(tokens.values(), 1)]
    events += [_event(EventType.CLICK, "a", 5, tokens["#63"]), _event(EventType.DISMISS, "a", 6, tokens[""])]
    rows = join(_decisions(events), events, SETTINGS, KNOWN).to_pylist()
    assert {(row["placement"], row["click"], row["dismissed"]) for row in rows} == {
        ("", 0, 1),
        ("#7", 0, 0),
        ("#63", 1, 0),
    }
    assert len({row["decision_id"] for row in rows}) == 3


def test_what_users_were_shown_before_they_were_erased_is_left_out() -> None:
    """Contract: by an order that is ours; what they see later, and what others saw, is there."""
    first, later = token_for("u", NAMES), token_for("u", NAMES, NOON_MS + 1_000, seq=2)
    other = token_for("v", NAMES)
    shown = [
        _event(EventType.IMPRESSION, "a", 1, first),
        _event(EventType.IMPRESSION, "b", 1_002, later),
        _event(EventType.IMPRESSION, "a", 4, other, "v"),
    ]
    forged = erase_order("u", NOON_MS + 900, KEYS)._replace(user_id="v")
    taken_back = erase_order("v", NOON_MS + 900, KEYS, other)
    orders = [erase_order("u", NOON_MS + 500, KEYS), erase_order("u", NOON_MS + 100, KEYS), forged, taken_back]
    table = join(_decisions(shown), [*shown, *orders], SETTINGS, KNOWN)
    assert sorted(row["ts_ms"] - NOON_MS for row in table.to_pylist()) == [4, 1_002]


def test_of_records_that_say_otherwise_the_last_counts_in_the_place_of_the_first() -> None:
    """Contract: as a dictionary by user, decision and activity has them, in order of time, list and position."""
    events = [_event(EventType.IMPRESSION, name, 1, token_for("u", NAMES)) for name in NAMES]
    told = [each | {"position": 0} for each in _decisions(events)]
    random = np.random.default_rng(3)
    records = [told[at] | {"eligible": place} for place, at in enumerate(random.integers(0, 3, 50).tolist())]
    last = {each["activity_id"]: each["eligible"] for each in records}
    table = join(records, events, SETTINGS, KNOWN)
    assert list(zip(table["action"].to_pylist(), table["eligible"].to_pylist(), strict=True)) == list(last.items())


def test_nothing_comes_of_users_who_only_look_and_buy() -> None:
    """Contract: whoever is passed over for want of a click has no reward by the job's own attribution either."""
    events = []
    for at in range(1, 200):
        token = token_for("u", NAMES, as_of_ms=NOON_MS + at, seq=at)
        events += [_event(EventType.IMPRESSION, name, 60_000 * at, token) for name in NAMES]
        events.append(_event(EventType.PURCHASE, "a", 60_000 * at + 7, None, value=3.0))
    shown = attribute(b"", [(0, event) for event in events], SETTINGS).shown
    assert not Remembered(shown).rewards
    table = join(_decisions(events), events, SETTINGS, KNOWN)
    assert table.num_rows > 0
    assert not any(table.column(name).to_numpy().any() for name in ("click", "conversion", "dismissed", "revenue"))
