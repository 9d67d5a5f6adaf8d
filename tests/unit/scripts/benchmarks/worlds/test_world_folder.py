"""The folder of a world, and what is refused in it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.support.tiny_world import tiny_world
from tideline.models.data import owners
from tideline.schemas.errors import ConfigError
from tideline.scripts.benchmarks.worlds.value_world import Response
from tideline.scripts.benchmarks.worlds.world_folder import read_world, write_world

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    world = tiny_world(fatigue=0.5)
    first = world.responses[0]
    later = Response(int(world.visit_ms[5]), first.click[:, ::-1], first.conversion[:, ::-1], first.revenue)
    write_world(replace(world, responses=(first, later)), tmp_path)
    return tmp_path


def test_what_was_written_is_read_again(folder: Path) -> None:
    """Events, activities, responses of all times, visits and settings are the same."""
    world, found = tiny_world(fatigue=0.5), read_world(folder)
    assert found.activities == world.activities
    assert (found.users, found.looked_at, found.holdout) == (world.users, (1.0, 0.5), 0.0)
    assert (found.seed, found.fatigue) == (1, 0.5)
    assert (found.visitor == world.visitor).all()
    assert (found.visit_ms == world.visit_ms).all()
    assert [each.from_ms for each in found.responses] == [0, int(world.visit_ms[5])]
    assert (found.responses[1].click == world.responses[0].click[:, ::-1]).all()
    assert (found.responses[0].conversion == world.responses[0].conversion).all()
    assert (found.events.ts_ms == world.events.ts_ms).all()
    named = [each.events.category_names[each.events.category].tolist() for each in (found, world)]
    assert named[0] == named[1]
    assert (found.events.names[owners(found.events)] == world.events.names[owners(world.events)]).all()


def refused(folder: Path, *words: str) -> None:
    with pytest.raises(ConfigError) as error:
        read_world(folder)
    for word in ("--world", *words):
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("looked_at", [], "1 to 64 chances"),
        ("looked_at", [0.0], "above 0"),
        ("looked_at", 0.5, "1 to 64 chances"),
        ("looked_at", [True], "1 to 64 chances"),
        ("holdout", 1, "below 1"),
        ("holdout", "none", "below 1"),
        ("seed", 1.5, "whole number"),
        ("seed", -1, "whole number"),
        ("fatigue", 2, "0 to 1"),
        ("places", 4, "looked_at, holdout, seed, fatigue"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(folder: Path, name: str, value: object, allowed: str) -> None:
    settings = json.loads((folder / "world.json").read_text())
    (folder / "world.json").write_text(json.dumps(settings | {name: value}))
    refused(folder, "world.json", name, allowed)


@pytest.mark.parametrize("name", ["looked_at", "holdout", "seed"])
def test_a_setting_that_is_missing_is_named(folder: Path, name: str) -> None:
    settings = json.loads((folder / "world.json").read_text())
    del settings[name]
    (folder / "world.json").write_text(json.dumps(settings))
    refused(folder, "world.json", f"no {name}")


@pytest.mark.parametrize("text", ["", "[1]", "{"])
def test_settings_that_are_no_object_are_refused(folder: Path, text: str) -> None:
    (folder / "world.json").write_text(text)
    refused(folder, "world.json")


@pytest.mark.parametrize("name", ["events.parquet", "activities.jsonl", "response.parquet", "visits.csv", "world.json"])
def test_a_file_that_is_not_there_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    refused(folder, name)


@pytest.mark.parametrize(
    ("change", "allowed"),
    [
        ({"cap": {"max_shown": 1, "window_ms": 60_000}}, "cap"),
        ({"kind": "poem"}, "kind"),
        ({"activity_id": "b"}, "each activity_id once"),
        ({"title": None}, "title"),
    ],
)
def test_an_activity_that_cannot_be_is_refused_with_its_line(
    folder: Path, change: dict[str, object], allowed: str
) -> None:
    path = folder / "activities.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("\n".join(json.dumps(each) for each in [lines[0] | change, *lines[1:]]))
    refused(folder, "activities.jsonl, line", allowed)


def test_lines_that_are_no_json_are_refused(folder: Path) -> None:
    with (folder / "activities.jsonl").open("a") as file:
        file.write("a,b,c\n")
    refused(folder, "activities.jsonl, line 4", "one JSON object")


def test_a_world_without_activities_is_refused(folder: Path) -> None:
    (folder / "activities.jsonl").write_text("\n")
    refused(folder, "activities.jsonl", "1 to 65536")


@pytest.mark.parametrize(
    ("column", "value", "allowed"),
    [
        ("click", 1.2, "chances from 0 to 1"),
        ("conversion", 0.9, "that of the click"),
        ("revenue", -1.0, "amounts from 0"),
        ("activity_id", "z", "ids of activities.jsonl"),
        ("activity_id", "b", "one row for each user and activity"),
    ],
)
def test_a_response_that_cannot_be_is_refused(folder: Path, column: str, value: object, allowed: str) -> None:
    path = folder / "response.parquet"
    table = pq.read_table(path)
    values = table[column].to_pylist()
    values[0] = value
    pq.write_table(table.set_column(table.schema.get_field_index(column), column, [values]), path)
    refused(folder, "response.parquet", allowed)


def test_a_pair_without_a_response_is_refused(folder: Path) -> None:
    """The first that is missing is named."""
    path = folder / "response.parquet"
    pq.write_table(pq.read_table(path).slice(1), path)
    refused(folder, "0 rows of user u0, activity a")


def test_visits_of_users_without_a_response_are_refused(folder: Path) -> None:
    with (folder / "visits.csv").open("a") as file:
        file.write("stranger,1700000000000\n")
    refused(folder, "visits.csv", "users of response.parquet")


def test_a_world_nobody_visits_is_refused(folder: Path) -> None:
    (folder / "visits.csv").write_text("user_id,ts_ms\n")
    refused(folder, "visits.csv")


def test_visits_may_come_in_any_order(folder: Path) -> None:
    world = read_world(folder)
    head, *lines = (folder / "visits.csv").read_text().splitlines()
    (folder / "visits.csv").write_text("\n".join([head, *reversed(lines)]) + "\n")
    found = read_world(folder)
    assert (found.visit_ms == world.visit_ms).all()
    assert np.array_equal(found.visitor, world.visitor)
