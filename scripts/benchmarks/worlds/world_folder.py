"""The folder of a world, so that anybody can bring his own; docs/guide/worlds.md has the columns.

events.parquet     what users did before and between their visits, as `models/data.py` reads it, with user_id
activities.jsonl   one activity a line, as in the topic `activities`
response.parquet   user_id, activity_id, click, conversion, revenue and, where chances change, from_ms
visits.csv         user_id, ts_ms
world.json         looked_at, holdout, seed, fatigue
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq

from tideline.models.data import owners, read
from tideline.models.tables import Table
from tideline.schemas.errors import ConfigError, InvalidRecord
from tideline.schemas.events import TYPE_NAMES
from tideline.scripts.benchmarks.worlds.value_world import Response, World
from tideline.udfs.core.catalogue.activity import decode_activity
from tideline.udfs.core.ranking.sort_keys import MAX_ACTIVITIES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from tideline.models.data import Sequences
    from tideline.udfs.core.catalogue.activity import Activity

OPTION = "--world"
_SETTINGS = {
    "looked_at": "1 to 64 chances above 0 and up to 1, by place",
    "holdout": "a number from 0 to below 1",
    "seed": "a whole number from 0 to 2147483647",
    "fatigue": "a number from 0 to 1",
}
_REQUIRED = ("looked_at", "holdout", "seed")


def read_world(folder: Path) -> World:
    """Return the world of a folder.

    Raises:
        ConfigError: a file is not there or says what is not allowed; it names file, place and what is allowed.
    """
    settings = _settings(folder / "world.json")
    events = read(folder / "events.parquet", OPTION)
    activities = _activities(folder / "activities.jsonl")
    users, responses = _responses(folder / "response.parquet", [each.activity_id for each in activities])
    visitor, visit_ms = _visits(folder / "visits.csv", users)
    return World(events, activities, users, responses, visitor, visit_ms, **settings)


def write_world(world: World, folder: Path) -> None:
    """Write a world into a folder that is made where it is not there; read again it is the same world."""
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(_event_table(world.events), folder / "events.parquet")
    lines = [orjson.dumps(_authored(each)) for each in world.activities]
    (folder / "activities.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    pq.write_table(_response_table(world), folder / "response.parquet")
    visits = pa.table({"user_id": np.array(world.users, object)[world.visitor], "ts_ms": world.visit_ms})
    pc_csv.write_csv(visits, folder / "visits.csv")
    settings = {name: getattr(world, name) for name in _SETTINGS}
    (folder / "world.json").write_text(json.dumps(settings) + "\n")


def _settings(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError(OPTION, str(path), f"a JSON file that can be read ({error})") from error
    if not isinstance(found, dict):
        raise ConfigError(OPTION, str(path), f"one object with {', '.join(_REQUIRED)}")
    for name in found.keys() - _SETTINGS.keys():
        raise ConfigError(OPTION, f"{path}: {name}", f"the keys {', '.join(_SETTINGS)}")
    for name in _REQUIRED:
        if name not in found:
            raise ConfigError(OPTION, f"{path}: no {name}", _SETTINGS[name])
    settings: dict[str, Any] = {"fatigue": 1.0} | found
    places = settings["looked_at"]
    good = {
        "looked_at": isinstance(places, list)
        and 0 < len(places) <= 64
        and all(_number(k, 1) and k > 0 for k in places),
        "holdout": _number(settings["holdout"], 1) and settings["holdout"] < 1,
        "seed": type(settings["seed"]) is int and _number(settings["seed"], 2**31 - 1),
        "fatigue": _number(settings["fatigue"], 1),
    }
    for name, fine in good.items():
        if not fine:
            raise ConfigError(OPTION, f"{path}: {name}={settings[name]!r}"[:200], _SETTINGS[name])
    return settings | {"looked_at": tuple(places)}


def _number(value: Any, most: float) -> bool:
    return type(value) in (int, float) and 0 <= value <= most


def _activities(path: Path) -> tuple[Activity, ...]:
    found: dict[str, Activity] = {}
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise ConfigError(OPTION, str(path), f"a file that can be read ({error})") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            record = orjson.loads(line)
            key = str(record["activity_id"]).encode() if isinstance(record, dict) and "activity_id" in record else b"?"
            activity = decode_activity(key, line)
        except orjson.JSONDecodeError as error:
            raise ConfigError(OPTION, where, f"one JSON object a line ({error})") from error
        except InvalidRecord as error:
            raise ConfigError(OPTION, where, f"an activity of the topic ({error})") from error
        if activity is None or activity.activity_id in found:
            raise ConfigError(OPTION, where, "each activity_id once")
        if activity.limits():
            raise ConfigError(OPTION, f"{where}: cap", "none: how often a user may see it is not played")
        found[activity.activity_id] = activity
    if not 0 < len(found) <= MAX_ACTIVITIES:
        raise ConfigError(OPTION, f"{path}: {len(found)} activities", f"1 to {MAX_ACTIVITIES}")
    return tuple(found[name] for name in sorted(found))


def _responses(path: Path, names: Sequence[str]) -> tuple[tuple[str, ...], tuple[Response, ...]]:
    table = Table(path, OPTION)
    table.need(("user_id", "activity_id", "click", "conversion", "revenue"), "columns of a response")
    user, activity = table.texts("user_id"), table.texts("activity_id")
    click, conversion = table.numbers("click"), table.numbers("conversion")
    revenue = table.numbers("revenue")
    table.require("click", (click >= 0) & (click <= 1), "chances from 0 to 1")
    table.require("conversion", (conversion >= 0) & (conversion <= click), "chances from 0 to that of the click")
    table.require("revenue", revenue >= 0, "amounts from 0")
    place = {name: at for at, name in enumerate(names)}
    column = np.array([place.get(name, -1) for name in activity.tolist()], np.int64)
    table.require("activity_id", column >= 0, "ids of activities.jsonl")
    users, row = np.unique(user, return_inverse=True)
    from_ms = table.times("from_ms") if "from_ms" in table.names else np.zeros(table.rows, np.int64)
    found = []
    for moment in np.unique(from_ms).tolist():
        at = from_ms == moment
        times = np.zeros((users.size, len(names)), np.int64)
        np.add.at(times, (row[at], column[at]), 1)
        if (times != 1).any():
            who, what = (int(each[0]) for each in np.nonzero(times != 1))
            raise ConfigError(
                OPTION,
                f"{path}: {times[who, what]} rows of user {users[who]}, activity {names[what]}, from_ms {moment}",
                "one row for each user and activity at each from_ms",
            )
        arrays = [_placed(each[at], row[at], column[at], times.shape) for each in (click, conversion, revenue)]
        found.append(Response(moment, *arrays))
    return tuple(users.tolist()), tuple(found)


def _placed(
    values: NDArray[np.float64], row: NDArray[np.int64], column: NDArray[np.int64], shape: tuple[int, ...]
) -> NDArray[np.float64]:
    found = np.zeros(shape)
    found[row, column] = values
    return found


def _visits(path: Path, users: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    table = Table(path, OPTION)
    table.need(("user_id", "ts_ms"), "columns of visits")
    place = {name: at for at, name in enumerate(users)}
    visitor = np.array([place.get(name, -1) for name in table.texts("user_id").tolist()], np.int64)
    table.require("user_id", visitor >= 0, "users of response.parquet")
    visit_ms = table.times("ts_ms")
    if not visit_ms.size:
        raise ConfigError(OPTION, str(path), "at least one visit")
    order = np.lexsort((visitor, visit_ms))
    return visitor[order], visit_ms[order]


def _event_table(events: Sequences) -> pa.Table:
    items = np.array([*events.item_names.tolist(), None], object)[events.item]
    categories = np.array([*events.category_names.tolist(), None], object)[events.category]
    return pa.table(
        {
            "user_id": pa.array(events.names[owners(events)], pa.string()),
            "item_id": pa.array(items, pa.string()),
            "ts_ms": events.ts_ms,
            "event_type": pa.array(np.array(TYPE_NAMES, object)[events.type], pa.string()),
            "category": pa.array(categories, pa.string()),
            "price": events.price,
            "quantity": events.quantity,
        }
    )


def _authored(activity: Activity) -> dict[str, Any]:
    """Return an activity as its author writes it: what is as by default is left out."""
    slots = {name: getattr(activity, name) for name in activity.__dataclass_fields__}
    return {name: value for name, value in slots.items() if value not in (None, (), {})}


def _response_table(world: World) -> pa.Table:
    users, activities = len(world.users), len(world.activities)
    names = np.array([each.activity_id for each in world.activities], object)
    parts = [
        {
            "user_id": pa.array(np.repeat(np.array(world.users, object), activities), pa.string()),
            "activity_id": pa.array(np.tile(names, users), pa.string()),
            "click": each.click.ravel(),
            "conversion": each.conversion.ravel(),
            "revenue": each.revenue.ravel(),
            "from_ms": np.full(users * activities, each.from_ms),
        }
        for each in world.responses
    ]
    whole = pa.concat_tables([pa.table(part) for part in parts])
    return whole if len(parts) > 1 else whole.drop_columns(["from_ms"])
