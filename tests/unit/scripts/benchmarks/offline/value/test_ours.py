"""The job's own policies in a world."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from tests.support.core_world import NOON_MS, ArithmeticEncoder
from tests.support.tiny_world import tiny_world
from tideline.models.data import Sequences
from tideline.scripts.benchmarks.offline.value.ours import JobPolicy
from tideline.scripts.benchmarks.offline.value.value_figures import ctr
from tideline.scripts.benchmarks.offline.value.value_play import play
from tideline.scripts.benchmarks.offline.value.value_stage import category_hashes, long_liked_at_visits, make_stage
from tideline.udfs.core.learning.learner import Learner
from tideline.udfs.core.policies.arm_key import ArmKey
from tideline.udfs.core.policies.policy_table import PolicyRow
from tideline.udfs.core.users.long_liked import fold_many, none_liked
from tideline.udfs.core.users.user_state import HISTORY


def test_it_learns_that_categories_matter() -> None:
    """Who buys bread clicks bread alone: nearly all that can be had, which no list for all has."""
    world = tiny_world(users=40, visits=60, click=[[0.4, 0.0, 0.0], [0.0, 0.4, 0.0]] * 20)
    stage = make_stage(world, ArithmeticEncoder())
    assert ctr(play(stage.truth, JobPolicy(stage, 1, "pairs"), 1)) > 0.18


def test_each_publication_has_every_row_as_it_is_in_the_job_after_ten_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: the rest of an activity that nobody saw in a slice goes by what all pairs share now."""
    stage = make_stage(tiny_world(users=10, visits=40), ArithmeticEncoder())
    published: list[set[str]] = []
    publish = Learner.publish

    def noted(learner: Learner, arms: list[ArmKey]) -> list[tuple[str, PolicyRow]]:
        published.append({arm.activity_id for arm in arms})
        return publish(learner, arms)

    monkeypatch.setattr(Learner, "publish", noted)
    play(stage.truth, JobPolicy(stage, 1, "pairs"), 1)
    assert len(published) > 1
    assert all(before <= after for before, after in itertools.pairwise(published))


def test_the_same_seed_gives_the_same_clicks() -> None:
    stage = make_stage(tiny_world(users=10, visits=20), ArithmeticEncoder())
    runs = [play(stage.truth, JobPolicy(stage, 1, "pairs"), 1).clicks for _ in range(2)]
    assert (runs[0] == runs[1]).all()


def test_a_profile_is_what_the_history_no_longer_holds() -> None:
    """At each visit, all but the 31 newest events before it, folded in one by one."""
    random = np.random.default_rng(4)
    counts = np.array([10, 60, 90, 31])
    starts = np.concatenate([[0], np.cumsum(counts)])
    ts_ms = np.concatenate([np.sort(random.integers(1, 4 * 86_400_000, count)) for count in counts]) + NOON_MS
    world = tiny_world()
    events = Sequences(
        starts=starts,
        names=world.events.names,
        item=np.full(ts_ms.size, -1),
        category=random.integers(-1, 2, ts_ms.size),
        type=np.zeros(ts_ms.size, np.uint8),
        ts_ms=ts_ms,
        price=np.zeros(ts_ms.size, np.float32),
        quantity=np.zeros(ts_ms.size, np.int64),
        item_names=world.events.item_names,
        category_names=world.events.category_names,
    )
    stage = make_stage(replace(world, events=events), ArithmeticEncoder())
    liked, folded = long_liked_at_visits(stage.world, stage.truth.visitor, stage.first, stage.end)
    codes = category_hashes(events)[events.category]
    assert np.count_nonzero(folded) > 4
    for visit, (first, end) in enumerate(zip(stage.first.tolist(), stage.end.tolist(), strict=True)):
        left = codes[first : max(end - HISTORY, first)].tolist()
        mine = none_liked(1)
        fold_many(mine[0], 0, left)
        assert folded[visit] == len(left)
        assert (liked[visit] == mine[0]).all()
