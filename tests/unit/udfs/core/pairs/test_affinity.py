"""How much of what a user did was about what an activity is about."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.support.core_world import activity
from tideline.udfs.core.hashing import hash32
from tideline.udfs.core.pairs import affinity
from tideline.udfs.core.pairs.affinity import AFFINITIES, MOST, affinities, content_of, share_of, steps
from tideline.udfs.core.pairs.pair_numbers import affinity_at
from tideline.udfs.core.users.long_liked import fold, fold_many, long_liked_of, none_liked
from tideline.udfs.core.users.user_state import HISTORY

CONTENT = content_of(
    [
        activity("a", categories=("bread",)),
        activity("b", categories=("bread", "milk")),
        activity("c"),
        activity("d", categories=("tea",)),
    ]
)


def of(categories: list[str]) -> list[list[int]]:
    """Return the affinities [K, AFFINITIES] of a user who did this, oldest first."""
    hashes = [hash32(name) if name else 0 for name in categories]
    liked = none_liked(1)
    fold_many(liked[0], 0, hashes[:-HISTORY])
    long_liked = long_liked_of(liked, np.array([max(len(hashes) - HISTORY, 0)]))
    history = np.zeros((1, HISTORY), np.uint32)
    kept = hashes[-HISTORY:]
    history[0, HISTORY - len(kept) :] = kept
    rows = affinities(CONTENT, history, np.array([len(kept)]), long_liked)[0] << np.uint32(6)  # as pairs have them
    return [[int(affinity_at(row, at)) for at in range(AFFINITIES)] for row in rows]


def step(share: float) -> int:
    """Return the step of a share by its definition: whole powers of two, straight between them."""

    def height(value: float) -> float:
        power = math.floor(math.log2(value))
        return power + value / 2.0**power - 1.0

    return round(MOST * height(1.0 + 1_000.0 * share) / height(1_001.0))


def test_who_does_nothing_else_is_all_in() -> None:
    """A share of one is the most, whatever was long ago; of none, 0."""
    assert of(["bread"] * 200) == [[MOST] * AFFINITIES, [MOST] * AFFINITIES, [0] * AFFINITIES, [0] * AFFINITIES]


def test_nobody_knows_a_stranger() -> None:
    assert of([]) == [[0] * AFFINITIES] * 4


def test_an_activity_is_about_all_its_categories() -> None:
    """Half bread, half milk: the first is half of it, both together are all."""
    found = of(["bread", "milk"] * 15)
    assert found[0][2] == pytest.approx(step(0.5), abs=1)
    assert found[1] == [MOST] * AFFINITIES


def test_what_was_long_ago_weighs_by_its_half_life() -> None:
    """Tea, then as many other events as the middle half-life has: the shares are those of exact arithmetic."""
    found = of([*["tea"] * 60, *["milk"] * 100])[3]
    for at, half_life in enumerate((10, 100, 1_000)):
        ages = np.arange(159, -1, -1)
        weights = 0.5 ** (ages / half_life)
        share = weights[:60].sum() / weights.sum()
        if at:
            assert found[at] == pytest.approx(step(share), abs=1)
        else:
            assert found[at] == 0  # nothing of it is in the history


def test_events_without_a_category_count_as_other_ones() -> None:
    assert of(["bread", ""])[0][2] == pytest.approx(step(0.5), abs=1)


def test_a_user_alone_and_among_others_has_the_same_numbers() -> None:
    """The same bits in any batch."""
    random = np.random.default_rng(3)
    names = np.array([hash32(name) for name in ("bread", "milk", "tea", "wine")], np.uint32)
    history = names[random.integers(0, 4, (9, HISTORY))]
    liked, folded = none_liked(9), np.full(9, 80)
    for number in range(80):
        fold(liked, np.full(9, number), np.arange(9), names[random.integers(0, 4, 9)])
    held = np.full(9, HISTORY)
    every = affinities(CONTENT, history, held, long_liked_of(liked, folded))
    for at in range(9):
        mine = long_liked_of(liked[at : at + 1], folded[at : at + 1])
        assert (affinities(CONTENT, history[at : at + 1], held[at : at + 1], mine)[0] == every[at]).all()


def test_a_step_stands_for_its_share() -> None:
    """Every step comes back from the share it stands for, and steps rise with shares."""
    every = np.arange(MOST + 1)
    assert steps(share_of(every)).tolist() == every.tolist()
    assert (np.diff(share_of(every)) > 0).all()


def test_activities_about_the_same_are_one_subject() -> None:
    """The order of categories and how often one is named make no difference."""
    content = content_of([activity("a", categories=("x", "y")), activity("b", categories=("y", "x", "y"))])
    assert content.subject.tolist() == [0, 0]
    assert content.breadth.tolist() == [2, 2]


def test_in_a_crowd_that_is_worked_on_in_parts_everybody_has_his_own() -> None:
    """More users than are worked on at once, and activities of one to five categories."""
    random = np.random.default_rng(8)
    names = [f"c{at}" for at in range(40)]
    content = content_of(
        [activity(f"a{at}", categories=tuple(random.choice(names, at % 6, replace=False))) for at in range(3_000)]
    )
    hashes = np.array([hash32(name) for name in [*names, "other"]], np.uint32)
    history = hashes[random.integers(0, 41, (70, HISTORY))]
    liked, folded = none_liked(70), np.full(70, 60)
    for at in range(70):
        fold_many(liked[at], 0, hashes[random.integers(0, 41, 60)].tolist())
    held = np.full(70, HISTORY)
    every = affinities(content, history, held, long_liked_of(liked, folded))
    for at in (0, 31, 32, 69):
        mine = long_liked_of(liked[at : at + 1], folded[at : at + 1])
        assert (affinities(content, history[at : at + 1], held[at : at + 1], mine)[0] == every[at]).all()
    shares = (history[0] == hash32(names[3])).sum() / HISTORY
    about = content_of([activity("x", categories=("c3",))])
    short = affinities(about, history[:1], held[:1], long_liked_of(liked[:1], folded[:1]))[0, 0] >> 12
    assert (short > 0) == (shares > 0)


@pytest.mark.parametrize("most", [1, 6])
def test_few_subjects_of_a_user_or_many_come_to_the_same(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: looked at one by one or all at once, with activities of one category and of several."""
    random = np.random.default_rng(most)
    names = [f"c{at}" for at in range(60)]
    content = content_of(
        [activity(f"a{at}", categories=tuple(random.choice(names, at % most + 1, replace=False))) for at in range(50)]
    )
    hashes = np.array([0, *(hash32(name) for name in [*names, *"rest"])], np.uint32)
    held = random.integers(0, HISTORY + 1, 40)
    history = np.where(np.arange(HISTORY) >= HISTORY - held[:, None], random.choice(hashes, (40, HISTORY)), 0)
    liked, folded = none_liked(40), np.where(held == HISTORY, random.integers(0, 300, 40), 0)
    for mine, events in zip(liked, folded.tolist(), strict=True):
        fold_many(mine, 0, random.choice(hashes, events).tolist())
    found = []
    for few in (0.0, 1e9):
        monkeypatch.setattr(affinity, "FEW", few)
        found.append(affinities(content, history.astype(np.uint32), held, long_liked_of(liked, folded)).tobytes())
    assert found[0] == found[1]
