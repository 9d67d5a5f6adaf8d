"""Contract: what another policy would have earned, told from the decision log alone, is what it earns when it runs."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from pyarrow import parquet

from tests.support.running_job import make_room
from tests.support.waiting import wait_until
from tideline.schemas.topics import Topics
from tideline.scripts.commands import export_log, ope
from tideline.scripts.commands.submit import submit
from tideline.scripts.commands.topics import ensure_topics
from tideline.scripts.simulation.clickstream import Clickstream
from tideline.scripts.simulation.frontend import Frontend, Shown
from tideline.scripts.simulation.lists import NO_STOPS, RedisLists, Stops
from tideline.scripts.simulation.play import Play
from tideline.scripts.simulation.world import World, make_world

if TYPE_CHECKING:
    from pathlib import Path

    from tideline.scripts.localstack import Stack

pytestmark = [pytest.mark.integration, pytest.mark.slow]

SLICES = 60
TAG = "judged"


def test_the_value_of_random_lists_is_told_by_the_log_of_ranked_ones(
    stack: Stack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Contract: from a quarter of positions explored, IPS and DR are within chance of the click rate of random lists.

    The same visitors are then shown random lists of what is running, twenty times over. How much was learned by when,
    and so the log, is another each time: a 95 % interval misses once in twenty runs, twice as wide a one in 10,000.
    """
    world = make_world(seed=1)
    world = replace(world, slices=world.slices[:SLICES], holdout=np.zeros_like(world.holdout))
    shown = _run(world, stack)
    log = tmp_path / "decisions.parquet"
    wait_until(
        "every shown entry is a decision", lambda: _exported(stack, log) >= sum(len(each.entries) for each in shown)
    )
    capsys.readouterr()
    assert ope.main(["--log", str(log), "--policy", "uniform", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    print(json.dumps(found))
    assert found["refused"] is None
    measured = _click_rate_of_random_lists(world, [each for each in shown if each.personal])
    print(f"measured: {measured:.5f}, logged: {found['logged']['value']:.5f}")
    for name in ("ips", "dr"):
        low, high = found["estimates"][name]["ci95"]
        assert abs(measured - found["estimates"][name]["value"]) <= high - low, name
        assert high < found["logged"]["value"], name


def _run(world: World, stack: Stack) -> list[Shown]:
    """Play the world through a job of its own; return what visitors saw and did."""
    topics = Topics().with_suffix(f"-{TAG}")
    ensure_topics(stack.kafka, topics)
    clickstream = Clickstream(stack.kafka_bootstrap, topics)
    clickstream.publish(offer.activity for offer in world.offers)
    options = {
        "name": TAG,
        "prefix": TAG,
        "group_id": TAG,
        "topics": json.dumps(topics.by_role()),
        "exploration": "0.25",
    }
    make_room(stack)
    job_id = submit(stack, "live", options)
    lists = RedisLists(stack.redis_url, TAG)
    try:
        stack.rest.wait_running(job_id)
        # How much was learned by when is in the log, and does not matter to what is compared.
        play = Play(world, clickstream, lists, seed=1, is_learned=lambda: True, limit_s=math.inf)
        play.run()
    finally:
        clickstream.close()
        lists.close()
        stack.rest.cancel(job_id)
    return play.shown


def _exported(stack: Stack, path: Path) -> int:
    arguments = ["--stack", stack.name, f"--suffix=-{TAG}", "--out", str(path)]
    assert export_log.main(arguments) == 0
    return int(parquet.read_metadata(path).num_rows)


def _click_rate_of_random_lists(world: World, shown: list[Shown]) -> float:
    everybody = replace(world, holdout=np.ones_like(world.holdout))
    entries = clicks = 0
    for seed in range(20):
        for each in Frontend(everybody, _NoLists(), 100 + seed).serve([each.visit for each in shown]):
            entries += len(each.entries)
            clicks += len(each.clicked)
    return clicks / entries


class _NoLists:
    """What a frontend reads that shows random lists only."""

    def read(self, users: object) -> list[bytes | None]:
        return []

    def popular(self) -> bytes | None:
        return None

    def stops(self) -> Stops:
        return NO_STOPS
