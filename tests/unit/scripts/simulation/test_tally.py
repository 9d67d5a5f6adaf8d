"""What policy and holdout came to."""

import json

import numpy as np

from tests.unit.scripts.simulation.conftest import START_MS, MemoryLists
from tideline.scripts.simulation.frontend import Frontend, Shown
from tideline.scripts.simulation.tally import Tally
from tideline.scripts.simulation.visits import Visit
from tideline.scripts.simulation.world import World


def payload(names: list[str], as_of_ms: int = START_MS, with_token: bool = True) -> bytes:
    document = {"v": [1, as_of_ms, 5], "m": 1, "i": names, "e": [6_000] * len(names)}
    return json.dumps(document | ({"k": "tok"} if with_token else {})).encode()


def visits(household: int, count: int = 1) -> list[Visit]:
    return [Visit(number, household, START_MS + number * 60_000) for number in range(count)]


def serve(world: World, lists: MemoryLists, household: int, count: int = 1) -> list[Shown]:
    frontend = Frontend(world, lists, seed=1)
    return [each for visit in visits(household, count) for each in frontend.serve([visit])]


def test_policy_and_holdout_are_counted_apart(world: World, lists: MemoryLists) -> None:
    lists.by_user["11"] = payload(["c1-a", "c1-b", "c1-c", "c1-d"])
    treated, control = serve(world, lists, 0, 30), serve(world, lists, 3, 10)
    tally = Tally(world.holdout, 2)
    tally.add(0, treated)
    tally.add(1, control)
    assert tally.impressions == 160
    assert tally.rate(holdout=False).value == sum(len(each.clicked) for each in treated) / 120
    assert tally.rate(holdout=True).value == sum(len(each.clicked) for each in control) / 40
    assert np.isnan(tally.rate(holdout=True, first=0, after=1).value)
