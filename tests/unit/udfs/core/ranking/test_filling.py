"""Lists under list rules: what may follow what, at which price, and with which probability."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.support.core_world import activity
from tests.support.plain_lists import PlainRules, plain_list
from tideline.udfs.core.catalogue.activity import Activity
from tideline.udfs.core.counter_random import decision_seeds, uniform
from tideline.udfs.core.limits import MAX_POSITIONS
from tideline.udfs.core.ranking.list_form import ListForm
from tideline.udfs.core.ranking.list_rules import BAN, ListRule, ListRules
from tideline.udfs.core.ranking.ranking import Ranked, rank_scores
from tideline.udfs.core.ranking.rule_tables import RELAXED, RULE_CLASSES, compiled

QUOTA = ListRule("category", (0, 0, BAN))
RETURNS = ListRule("category", (0, 30, 60))
NEIGHBOURS = ListRule("kind", (0, BAN), window=2)


def seeds_of(users: int) -> NDArray[np.uint64]:
    numbers = np.arange(users)
    return decision_seeds(numbers.astype(np.uint64), numbers, numbers, 1)


def offered(rng: np.random.Generator, count: int, values: int = 3, most: int = 1) -> list[Activity]:
    """Activities with up to `most` of a few categories, two kinds, and a provider that not all have."""
    found = []
    for at in range(count):
        mine = rng.choice(values, min(int(rng.integers(0 if most > 1 else 1, most + 1)), values), replace=False)
        labels = {"provider": f"p{rng.integers(3)}"} if rng.random() < 0.7 else {}
        kind = ("coupon", "event")[rng.integers(2)]
        found.append(activity(f"a{at:03}", categories=tuple(f"c{each}" for each in mine), kind=kind, labels=labels))
    return found


def ranked(
    scores: NDArray[np.float64],
    mask: NDArray[np.bool_],
    activities: list[Activity],
    rules: tuple[ListRule, ...],
    size: int = 10,
    exploration: float = 0.0,
) -> Ranked:
    form = ListForm(size, exploration, compiled(ListRules(rules), activities))
    return rank_scores(scores.copy(), mask, seeds_of(len(scores)), form)


@st.composite
def list_rules(draw: st.DrawFn) -> ListRule:
    numbers = [0, *sorted(draw(st.lists(st.sampled_from([0, 1, 5, 40, 900]), max_size=3)))]
    bans = draw(st.booleans()) or len(numbers) == 1
    by = draw(st.sampled_from(["category", "kind", "label.provider"]))
    window = draw(st.sampled_from([0, 0, 2, 3, 5]))
    return ListRule(by, (*numbers, *[BAN] * bans), window, bans and draw(st.booleans()))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_lists_are_those_that_are_made_place_by_place(data: st.DataObject) -> None:
    """Contract: order, exploration, |F| and broken bans are those of the plain loop over all activities.

    Few and many activities, several values each, windows, prices, relaxed rules, holdouts: one definition.
    """
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    count, users = data.draw(st.sampled_from([0, 1, 9, 40, 75])), data.draw(st.integers(1, 6))
    activities = offered(rng, count, data.draw(st.integers(1, 12)), data.draw(st.sampled_from([1, 1, 3])))
    rules = tuple(data.draw(st.lists(list_rules(), min_size=1, max_size=3)))
    size, exploration = data.draw(st.integers(1, MAX_POSITIONS)), data.draw(st.sampled_from([0.0, 0.3, 1.0]))
    mask = rng.random((users, count)) < data.draw(st.sampled_from([0.1, 0.6, 1.0]))
    scores = np.stack([rng.permutation(count) for _ in range(users)]) / 499 + rng.normal()
    found = ranked(scores, mask, activities, rules, size, exploration)
    plain, positions = PlainRules(rules, activities), min(size, count)
    tosses, picks = uniform(seeds_of(users), positions), uniform(seeds_of(users), positions, stream=1)
    for user in range(users):
        drawn = [
            float(pick) if toss < exploration else None for toss, pick in zip(tosses[user], picks[user], strict=True)
        ]
        wanted = plain_list(plain, scores[user].tolist(), np.flatnonzero(mask[user]).tolist(), positions, drawn)
        ends = [-1] * (positions - len(wanted.order))
        assert found.order[user].tolist() == wanted.order + ends
        assert found.explored[user] == wanted.explored
        assert bool(found.acted[user] & RELAXED) == wanted.relaxed
        assert found.feasible[user].tolist() == wanted.feasible + [0] * len(ends)
        left = [mask[user].sum() - position for position in range(len(wanted.order))]
        assert found.acted[user] or wanted.feasible == left
    assert (found.eligible == mask.sum(axis=1)).all()


@pytest.mark.parametrize("exploration", [0.0, 0.02, 1.0])
def test_no_ban_is_ever_broken(exploration: float) -> None:
    """Contract: exploration and the holdout obey the rules like everybody."""
    rng = np.random.default_rng(4)
    activities = offered(rng, 90, 6, 2)
    rules = (QUOTA, NEIGHBOURS, ListRule("label.provider", (0, 5, 9, BAN)))
    found = ranked(rng.normal(size=(2_000, 90)), rng.random((2_000, 90)) < 0.7, activities, rules, 10, exploration)
    plain = PlainRules(rules, activities)
    for order in found.order.tolist():
        listed = [each for each in order if each >= 0]
        assert listed
        assert not any(
            plain.bans(at, listed[:position], each) for at in range(3) for position, each in enumerate(listed)
        )


def test_rules_that_never_bind_change_no_list() -> None:
    """Contract: without exploration a list is the best of the eligible as long as no rule has a say."""
    rng = np.random.default_rng(5)
    activities = [activity(f"a{at:02}", categories=(f"c{at}",)) for at in range(60)]
    scores, mask = rng.integers(0, 5, (300, 60)) / 7, rng.random((300, 60)) < 0.8
    plain, ruled = (ranked(scores, mask, activities, rules) for rules in ((), (QUOTA, RETURNS)))
    assert (plain.order == ruled.order).all()
    assert not ruled.acted.any()
    assert plain.feasible.size == 0


def test_a_list_under_rules_is_the_same_in_any_batch() -> None:
    """Contract: neither the others of a batch nor their number matter."""
    rng = np.random.default_rng(6)
    activities, users = offered(rng, 50, 4), 120
    scores, mask = np.round(rng.normal(size=(users, 50)), 1), rng.random((users, 50)) < 0.7
    tables = compiled(ListRules((QUOTA, RETURNS, NEIGHBOURS)), activities)
    together = rank_scores(scores.copy(), mask, seeds_of(users), ListForm(10, 0.1, tables))
    turned = rank_scores(scores[::-1].copy(), mask[::-1], seeds_of(users)[::-1], ListForm(10, 0.1, tables))
    assert all((one == other[::-1]).all() for one, other in zip(together, turned, strict=True))
    for row in range(users):
        here = slice(row, row + 1)
        alone = rank_scores(scores[here].copy(), mask[here], seeds_of(users)[here], ListForm(10, 0.1, tables))
        assert all((one == other[here]).all() for one, other in zip(alone, together, strict=True))


def test_a_penalty_is_thousandths_of_score() -> None:
    """Contract: the second of a category pays 30: it lets pass who is 29 thousandths behind, not who is 31 behind."""
    activities = [activity(name, categories=(name[0],)) for name in ("a1", "a2", "b1")]
    for behind, wanted in ((0.029, [0, 2, 1]), (0.031, [0, 1, 2])):
        scores, mask = np.array([[0.9, 0.8, 0.8 - behind]]), np.ones((1, 3), np.bool_)
        assert ranked(scores, mask, activities, (ListRule("category", (0, 30)),)).order.tolist() == [wanted]


def test_a_list_ends_where_bans_leave_nothing_and_goes_on_where_they_are_relaxed() -> None:
    """Contract: shorter than asked for, or the last rule that may be is broken, and the list says so."""
    activities = [activity(f"a{at}", categories=("c",), kind=("coupon", "event")[at % 2]) for at in range(4)]
    scores, mask = np.array([[4.0, 3.0, 2.0, 1.0]]), np.ones((1, 4), np.bool_)
    strict = ranked(scores, mask, activities, (QUOTA,))
    assert (strict.order.tolist(), strict.feasible.tolist()) == ([[0, 1, -1, -1]], [[4, 3, 0, 0]])
    assert strict.acted.tolist() == [RULE_CLASSES["category"]]
    relaxed = ranked(scores, mask, activities, (ListRule("category", (0, 0, BAN), relax=True),))
    assert (relaxed.order.tolist(), relaxed.feasible.tolist()) == ([[0, 1, 2, 3]], [[4, 3, 2, 1]])
    assert relaxed.acted.tolist() == [RULE_CLASSES["category"] | RELAXED]
    # the kind's rule is the last that may be broken, so it goes first and the category's is kept as long as it can be
    both = (ListRule("category", (0, BAN), relax=True), ListRule("kind", (0, BAN), relax=True))
    others = [*activities[:3], activity("b", categories=("d",))]
    assert ranked(scores, mask, others, both).order.tolist() == [[0, 3, 1, 2]]


def chances(rules: PlainRules, scores: list[float], size: int, exploration: float) -> dict[tuple[int, ...], float]:
    """The probability of every list, by the rule that each place is the best of F, or any of it at random."""
    found: dict[tuple[int, ...], float] = {(): 1.0}
    for _ in range(size):
        longer: dict[tuple[int, ...], float] = {}
        for above, chance in found.items():
            free, _ = rules.free(above, [each for each in range(len(scores)) if each not in above])
            best = max(free, key=lambda each: scores[each] - rules.price(above, each) / 1000, default=None)
            for each in free:
                longer[*above, each] = chance * ((1 - exploration) * (each == best) + exploration / len(free))
            if not free:
                longer[above] = chance
        found = longer
    return found


@pytest.mark.parametrize(
    "rules",
    [
        (ListRule("category", (0, BAN)),),
        (ListRule("category", (0, 400, 500, BAN)), ListRule("kind", (0, BAN), window=2)),
        (ListRule("kind", (0, BAN), relax=True),),
    ],
)
@pytest.mark.parametrize("exploration", [0.3, 1.0])
def test_lists_come_as_often_as_their_probabilities_say(rules: tuple[ListRule, ...], exploration: float) -> None:
    """Contract: each position is drawn with (1 - e) [best of F] + e / |F|: chi-square over seeds, and sums of 1."""
    draws, size = 20_000, 3
    kinds = ("coupon", "event", "coupon", "coupon", "event")
    activities = [
        activity(f"a{at}", categories=(category,), kind=kind)
        for at, (category, kind) in enumerate(zip("ccdde", kinds, strict=True))
    ]
    scores = [0.9, 0.8, 0.7, 0.6, 0.5]
    found = ranked(np.tile(scores, (draws, 1)), np.ones((draws, 5), np.bool_), activities, rules, size, exploration)
    expected = chances(PlainRules(rules, activities), scores, size, exploration)
    assert sum(expected.values()) == pytest.approx(1.0, abs=1e-12)
    for place in range(1, size + 1):
        wanted: dict[tuple[int, ...], float] = {}
        for order, chance in expected.items():
            wanted[order[:place]] = wanted.get(order[:place], 0.0) + chance
        heads, counts = np.unique(found.order[:, :place], axis=0, return_counts=True)
        seen = {tuple(each for each in head if each >= 0): n for head, n in zip(heads.tolist(), counts, strict=True)}
        assert seen.keys() <= wanted.keys()
        squares = sum((seen.get(head, 0) - draws * p) ** 2 / (draws * p) for head, p in wanted.items())
        assert squares < len(wanted) - 1 + 5 * math.sqrt(2 * len(wanted))


def stated(found: Ranked, exploration: float) -> NDArray[np.float64]:
    """The propensity of each place as the token states it."""
    places = np.arange(found.order.shape[1])
    explored = found.explored[:, None] >> places & 1
    share = exploration / np.maximum(found.feasible, 1)
    return np.where(explored, share, 1 - exploration + share)


@pytest.mark.parametrize("logging", [0.3, 1.0])
def test_importance_weights_are_1_in_the_mean(logging: float) -> None:
    """Contract: for a policy that is uniform over F, at every position within 3 standard errors."""
    rng = np.random.default_rng(7)
    draws, size, activities = 40_000, 4, offered(rng, 12, 4)
    rules: tuple[Any, ...] = (ListRule("category", (0, 20, BAN)), ListRule("kind", (0, BAN), window=2))
    scores = np.tile(rng.permutation(12) / 50, (draws, 1))
    found = ranked(scores, np.ones((draws, 12), np.bool_), activities, rules, size, logging)
    weight = np.cumprod(1 / np.maximum(found.feasible, 1) / stated(found, logging), axis=1)
    for place in range(size):
        error = weight[:, place].std() / math.sqrt(draws)
        assert abs(weight[:, place].mean() - 1) <= 3 * error + 1e-12
