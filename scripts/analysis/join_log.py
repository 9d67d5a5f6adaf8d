"""Decision records joined with what came of them: the log that `tideline ope` and analysts read.

One row for each entry that was on screen:

    decision_id       text: whose and which list
    user              text: whose, a hash of the user id under the first of the token secrets; what intervals count by
    action, position  the activity and its 0-based place
    ts_ms             event time of the impression, UTC epoch milliseconds
    propensity        probability of the activity in that place given those above it; empty where it cannot be stated
    eligible          how many activities could have been shown
    feasible          how many of them the list's rules left for that place; empty where none had a say in the list
    variant           which of its variants it was; empty for an activity without, or one that is no longer known
    variant_share     probability with which its user was to see that variant; empty where there was none. Both together
                      were shown with propensity times it
    about             kind, categories and labels of the activity, as they are now: a JSON object; where it has variants
                      their ids, how they compete, and what a conversion of each costs
    explored          whether exploration filled the place
    policy, policy_version, encoder_version, mean, bonus    what ranked it, and its score = mean + bonus
    placement         name of the placement whose list it was; empty for the default list
    experiment, arm   what it was part of; empty for no experiment
    shadow_mean, shadow_bonus    what the experiment's shadow policy would have scored
    x_0 .. x_15       the context as it was scored
    pair              what user and activity had to do with each other as it was scored: a whole number of 24 bits
    feature_0 .. feature_7    what is known of the activity before anybody saw it, as it is now: kind and categories
    click, conversion, dismissed    0 or 1, by the learner's own attribution
    revenue           worth of the conversion
    reward            the same as click
    mature            whether its attribution window was over at the newest event, so that nothing more can come of it
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from tideline.schemas.errors import InvalidRecord
from tideline.schemas.events import EventType
from tideline.udfs.core.catalogue.activity_features import FEATURES, UNKNOWN, features_of
from tideline.udfs.core.context import DIM
from tideline.udfs.core.erasure.erase_order import check_order
from tideline.udfs.core.limits import MAX_POSITIONS
from tideline.udfs.core.rewards.attribution import attribute
from tideline.udfs.core.rewards.attribution_settings import AttributionSettings, most_lists
from tideline.udfs.core.shown.remembered import Remembered
from tideline.udfs.core.shown.shown_state import CLICKED, CONVERTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tideline.schemas.events import Event
    from tideline.udfs.core.catalogue.activity import Activity

_COPIED = {
    "action": ("activity_id", pa.string()),
    "position": ("position", pa.int64()),
    "ts_ms": ("shown_ms", pa.int64()),
    "propensity": ("propensity", pa.float64()),
    "eligible": ("eligible", pa.int64()),
    "feasible": ("feasible", pa.int64()),
    "explored": ("explored", pa.bool_()),
    "policy": ("policy", pa.string()),
    "policy_version": ("policy_version", pa.int64()),
    "encoder_version": ("encoder_version", pa.int64()),
    "mean": ("mean", pa.float64()),
    "bonus": ("bonus", pa.float64()),
    "experiment": ("experiment", pa.string()),
    "arm": ("arm", pa.string()),
    "shadow_mean": ("shadow_mean", pa.float64()),
    "shadow_bonus": ("shadow_bonus", pa.float64()),
    "pair": ("pair", pa.int64()),
    "variant": ("variant", pa.string()),
    "variant_share": ("variant_share", pa.float64()),
    "placement": ("placement", pa.string()),
}
_ABOUT_NOTHING = '{"categories": [], "kind": "", "labels": {}}'
_IMPRESSIONS_AT_ONCE = 64
_ORGANIC = (EventType.VIEW, EventType.SEARCH, EventType.ADD_TO_CART)
_Key = tuple[str, int, int, int, int, int]


class _Rewards(NamedTuple):
    """What came of an entry; its worth in thousandths."""

    clicked: bool = False
    converted: bool = False
    dismissed: bool = False
    milli: int = 0


_NOTHING = _Rewards()


def matters(event: Event) -> bool:
    """Return whether an event can be attributed to a list at all."""
    return event.type not in _ORGANIC


def join(
    decisions: Iterable[dict[str, Any]],
    events: Sequence[Event],
    settings: AttributionSettings,
    activities: Mapping[str, Activity],
) -> pa.Table:
    """Return the table; decision records and events may come in any order and repeatedly.

    `activities` are those that are known by id.
    Rewards are found by the job's own attribution, event by event in order of time: tokens that are not ours count
    nothing, a conversion without a token goes to the newest click on its activity inside the window. What users were
    shown before they were erased is left out.
    """
    unique = {(each["user_id"], each["decision_id"], each["activity_id"]): each for each in decisions}
    erased_ms = _erased(events, settings)
    unique = {key: each for key, each in unique.items() if each["as_of_ms"] > erased_ms.get(each["user_id"], -1)}
    rows = sorted(unique.values(), key=lambda each: (each["shown_ms"], each["decision_id"], each["position"]))
    placements = {each["placement"] for each in rows if each["placement"]}
    rewards = _rewards(events, settings._replace(max_lists=most_lists(len(placements))))
    newest_ms = max((event.ts_ms for event in events), default=0)
    secret = settings.keys.secrets[min(settings.keys.secrets)]
    hashes = {user: _pseudonym(secret, user) for user in {each["user_id"] for each in rows}}
    users = [hashes[each["user_id"]] for each in rows]
    columns: dict[str, Any] = {
        "decision_id": pa.array(
            [f"{user}/{each['decision_id']}" for user, each in zip(users, rows, strict=True)], pa.string()
        ),
        "user": pa.array(users, pa.string()),
    }
    for name, (field, kind) in _COPIED.items():
        columns[name] = pa.array([each.get(field) for each in rows], kind)
    x = np.frombuffer(b"".join(each["x"] for each in rows), np.int8).reshape(-1, DIM) / 127.0
    columns |= {f"x_{at}": x[:, at] for at in range(DIM)}
    features = {name: features_of(each) for name, each in activities.items()}
    known = np.array([features.get(each["activity_id"], UNKNOWN) for each in rows], np.int8).reshape(-1, FEATURES)
    columns |= {f"feature_{at}": known[:, at] / 127.0 for at in range(FEATURES)}
    about = {name: _about(each) for name, each in activities.items()}
    columns["about"] = pa.array([about.get(each["activity_id"], _ABOUT_NOTHING) for each in rows], pa.string())
    found = [rewards.get(_key(each), _NOTHING) for each in rows]
    columns["click"] = columns["reward"] = np.array([each.clicked for each in found], np.int8)
    columns["conversion"] = np.array([each.converted for each in found], np.int8)
    columns["dismissed"] = np.array([each.dismissed for each in found], np.int8)
    columns["revenue"] = np.array([each.milli for each in found], np.int64) / 1000.0
    columns["mature"] = np.array([each["shown_ms"] + settings.window_ms <= newest_ms for each in rows], np.bool_)
    return pa.table(columns)


def _erased(events: Sequence[Event], settings: AttributionSettings) -> dict[str, int]:
    """Return up to when users were erased, by the orders among their events that are ours."""
    found: dict[str, int] = {}
    for event in events:
        if event.type == EventType.ERASE and event.token is None:
            try:
                check_order(event, settings.keys)
            except InvalidRecord:
                continue
            found[event.user_id] = max(event.ts_ms, found.get(event.user_id, 0))
    return found


def _about(activity: Activity) -> str:
    told: dict[str, Any] = {"kind": activity.kind, "categories": activity.categories, "labels": dict(activity.labels)}
    if activity.variants:
        costs = {each.id: each.parameters.get("cost", activity.cost) for each in activity.variants}
        told |= {"variants": list(costs), "objective": activity.objective, "split": activity.split, "costs": costs}
    return json.dumps(told, sort_keys=True)


def _pseudonym(secret: bytes, user: str) -> str:
    return hashlib.blake2b(user.encode(), digest_size=8, key=secret[:64], person=b"tideline/export").hexdigest()


def _key(decision: dict[str, Any]) -> _Key:
    return (
        decision["user_id"],
        decision["generation"],
        decision["as_of_ms"],
        decision["seq"],
        _placement(decision),
        decision["position"],
    )


def _placement(decision: dict[str, Any]) -> int:
    """Return the number of a decision's placement, which stands in what tells lists apart."""
    return int(decision["decision_id"].rpartition(".")[2]) if decision["placement"] else 0


def _parts(story: Sequence[Event]) -> Iterator[list[Event]]:
    """Yield a user's events up to each that can be a reward: what later ones push out of the state was seen before."""
    part: list[Event] = []
    for event in story:
        part.append(event)
        if event.type != EventType.IMPRESSION or len(part) == _IMPRESSIONS_AT_ONCE:
            yield part
            part = []
    if part:
        yield part


def _rewards(events: Sequence[Event], settings: AttributionSettings) -> dict[_Key, _Rewards]:
    """Return what came of each (user, list, position) of which anything did."""
    by_user: defaultdict[str, dict[str, Event]] = defaultdict(dict)
    for event in events:
        if matters(event):
            by_user[event.user_id][event.event_id] = event
    found: dict[_Key, _Rewards] = {}
    for user, own in by_user.items():
        shown = b""
        for part in _parts(sorted(own.values(), key=lambda each: (each.ts_ms, each.event_id))):
            shown = attribute(shown, [(0, event) for event in part], settings).shown
            state = Remembered(shown)
            for each in state.lists.values():
                for position in range(MAX_POSITIONS):
                    if each.dismissed >> position & 1:
                        key = (user, *each.key, position)
                        found[key] = found.get(key, _NOTHING)._replace(dismissed=True)
            for reward in state.rewards.values():
                key = (user, *reward.page.key, reward.position)
                clicked, converted = reward.flags & CLICKED > 0, reward.flags & CONVERTED > 0
                before = found.get(key, _NOTHING)
                found[key] = _Rewards(clicked, converted, before.dismissed, reward.counted_milli)
    return found
