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
    cost              what a conversion of the activity costs, as it is now
    mature            whether its attribution window was over at the newest event, so that nothing more can come of it
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

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
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from tideline.schemas.events import Event
    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.lists.token_keys import TokenKeys

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
_KEYS = ["user_id", "generation", "as_of_ms", "seq", "placement", "decision_id", "position"]
_ABOUT_NOTHING = '{"categories": [], "kind": "", "labels": {}}'
_IMPRESSIONS_AT_ONCE = 64
ORGANIC = (EventType.VIEW, EventType.SEARCH, EventType.ADD_TO_CART)
"""Types that cannot be attributed to a list at all."""
_REWARDING = frozenset((EventType.CLICK, EventType.CONVERSION, EventType.DISMISS))
"""Types without one of which nothing comes of a user's lists: a purchase is credited to a click."""
_Key = tuple[str, int, int, int, int, int]


class _Rewards(NamedTuple):
    """What came of an entry; its worth in thousandths."""

    clicked: bool = False
    converted: bool = False
    dismissed: bool = False
    milli: int = 0


_NOTHING = _Rewards()


class Told(NamedTuple):
    """What all of a log says together: how many placements it has lists of, and when its newest event was."""

    placements: int
    newest_ms: int

    @classmethod
    def by(cls, placements: Iterable[str], events: Iterable[Event]) -> Told:
        """Return what these say; no name is no placement."""
        return cls(sum(map(bool, placements)), max((event.ts_ms for event in events), default=0))


def join(
    decisions: pa.Table,
    events: Sequence[Event],
    settings: AttributionSettings,
    activities: Mapping[str, Activity],
    told: Told | None = None,
) -> pa.Table:
    """Return the table; decisions, as `columns_of` reads them, and events may come in any order and repeatedly.

    `activities` are those that are known by id. Where these are some users' alone, `told` is what all say together.
    Rewards are found by the job's own attribution, event by event in order of time: tokens that are not ours count
    nothing, a conversion without a token goes to the newest click on its activity inside the window. What users were
    shown before they were erased is left out.
    """
    rows = _kept(decisions, _erased(events, settings))
    told = told or Told.by(pc.unique(rows["placement"]).to_pylist(), events)
    rewards = _rewards(events, settings._replace(max_lists=most_lists(told.placements)))
    users = _of_each(rows["user_id"], partial(pseudonym, settings.keys), pa.string())
    columns: dict[str, Any] = {
        "decision_id": pc.binary_join_element_wise(users, rows["decision_id"], "/"),
        "user": users,
    }
    columns |= {name: rows[field].cast(kind) for name, (field, kind) in _COPIED.items()}
    x = np.frombuffer(b"".join(rows["x"].to_pylist()), np.int8).reshape(-1, DIM) / 127.0
    columns |= {f"x_{at}": x[:, at] for at in range(DIM)}
    names = rows["activity_id"].dictionary_encode()
    known = [activities.get(name) for name in names.dictionary.to_pylist()]
    features = np.array([UNKNOWN if each is None else features_of(each) for each in known], np.int8)
    own = features.reshape(-1, FEATURES)[names.indices.to_numpy()]
    columns |= {f"feature_{at}": own[:, at] / 127.0 for at in range(FEATURES)}
    about = pa.array([_ABOUT_NOTHING if each is None else _about(each) for each in known], pa.string())
    columns["about"] = about.take(names.indices)
    found = _found(rows, rewards)
    columns["click"] = columns["reward"] = np.array([each.clicked for each in found], np.int8)
    columns["conversion"] = np.array([each.converted for each in found], np.int8)
    columns["dismissed"] = np.array([each.dismissed for each in found], np.int8)
    columns["revenue"] = np.array([each.milli for each in found], np.int64) / 1000.0
    costs = pa.array([0.0 if each is None else each.cost for each in known], pa.float64())
    columns["cost"] = costs.take(names.indices)
    columns["mature"] = rows["shown_ms"].to_numpy() + settings.window_ms <= told.newest_ms
    return pa.table(columns)


def _kept(decisions: pa.Table, erased_ms: Mapping[str, int]) -> pa.RecordBatch:
    """Return each entry once, as it was told last, by time, list and position, without what erased users were shown."""
    told = decisions.append_column("row", pa.array(np.arange(decisions.num_rows)))
    once = told.group_by(["user_id", "decision_id", "activity_id"]).aggregate([("row", "min"), ("row", "max")])
    rows = decisions.take(once["row_max"]).append_column("first", once["row_min"])
    if erased_ms:
        until = _of_each(rows["user_id"].combine_chunks(), lambda user: erased_ms.get(user, -1), pa.int64())
        rows = rows.filter(pc.greater(rows["as_of_ms"], until))
    order = [(name, "ascending") for name in ("shown_ms", "decision_id", "position", "first")]
    rows = rows.sort_by(order)
    return pa.record_batch([column.combine_chunks() for column in rows.columns], schema=rows.schema)


def _of_each(texts: pa.Array, told: Callable[[str], str | int], kind: pa.DataType) -> pa.Array:
    """Return what is told of each text, asked once of each different one."""
    different = texts.dictionary_encode()
    return pa.array([told(each) for each in different.dictionary.to_pylist()], kind).take(different.indices)


def _found(rows: pa.RecordBatch, rewards: Mapping[_Key, _Rewards]) -> list[_Rewards]:
    """Return what came of each row: most are of users of whom nothing did."""
    found = [_NOTHING] * rows.num_rows
    users = pa.array({user for user, *_ in rewards}, pa.string())
    rewarded = np.flatnonzero(pc.is_in(rows["user_id"], value_set=users))
    for at, each in zip(rewarded.tolist(), rows.select(_KEYS).take(pa.array(rewarded)).to_pylist(), strict=True):
        found[at] = rewards.get(_key(each), _NOTHING)
    return found


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


def pseudonym(keys: TokenKeys, user: str) -> str:
    """Return what stands for a user id in a log."""
    secret = keys.secrets[min(keys.secrets)]
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
        if event.type not in ORGANIC:
            by_user[event.user_id][event.event_id] = event
    found: dict[_Key, _Rewards] = {}
    for user, own in by_user.items():
        if not any(event.type in _REWARDING for event in own.values()):
            continue
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
