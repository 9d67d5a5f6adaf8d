"""Whether lists under list rules come as often as their tokens say, and what the rules cost a user's ranking.

12 activities in four categories of two kinds, lists of four places, 30 % exploration. Every list is drawn from another
seed. "placement" is a list of three apart from one of one place: what stands on the first is not left for it.
`weights`: mean importance weight by place of the policy that is uniform over what the rules leave, in standard errors
from 1; `chi_square`: the lists down to each place against their stated probabilities, in standard deviations.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.scripts.benchmarks.offline.rank_timing import LIST_SIZE, USERS, best_us
from tideline.udfs.core.catalogue.activity import Activity
from tideline.udfs.core.counter_random import decision_seeds
from tideline.udfs.core.ranking.list_form import ListForm
from tideline.udfs.core.ranking.list_rules import Description, read_list_rules
from tideline.udfs.core.ranking.placed import placed_of
from tideline.udfs.core.ranking.placements import DEFAULT, read_placements
from tideline.udfs.core.ranking.ranking import Ranked, rank_scores
from tideline.udfs.core.ranking.rule_tables import NO_RULES, compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.udfs.core.ranking.rule_tables import RuleTables

LISTS = 1_000_000
_AT_ONCE = 20_000
_PLACES, _EXPLORATION, _LEAST, _SALT = 4, 0.3, 5.0, 17
_QUOTA = {"by": "category", "penalty": [0, 0, "ban"]}
_RETURNS = {"by": "category", "penalty": [0, 20, 60, 120]}
_WINDOW = {"by": "kind", "penalty": [0, "ban"], "window": 2, "relax": True}
_PROVIDER = {"by": "label.provider", "penalty": [0, 10, "ban"]}
RULES: dict[str, list[dict[str, Any]]] = {
    "none": [],
    "quota": [_QUOTA],
    "returns": [_RETURNS],
    "three": [_QUOTA, _WINDOW, _PROVIDER],
}

_PLACEMENT = "placement"
_APART = {"name": "cart", "number": 7, "size": 3, "apart_from": [DEFAULT], "list_rules": [_QUOTA]}


def measure(lists: int = LISTS, repeats: int = 60) -> dict[str, Any]:
    """Return {lists, worst_weight, worst_chi_square, weights, chi_square, us_per_user}, the last four by rules."""
    weights, squares = {}, {}
    for name in (*RULES, _PLACEMENT):
        found = _placed(_shop(12, 4, 3), lists) if name == _PLACEMENT else _drawn(_shop(12, 4, 3), name, lists)
        chance = _stated(found)
        weights[name] = [round(each, 2) for each in _weights(found, chance)]
        squares[name] = [round(_chi_square(found.order[:, :place], chance[:, :place]), 2) for place in range(1, 5)]
    return {
        "lists": lists,
        "worst_weight": max(abs(each) for found in weights.values() for each in found),
        "worst_chi_square": max(each for found in squares.values() for each in found),
        "weights": weights,
        "chi_square": squares,
        "us_per_user": {name: _us(name, repeats) for name in RULES},
    }


def _shop(activities: int, categories: int, providers: int) -> list[Description]:
    return [
        Description(("coupon", "event")[at % 2], (f"c{at % categories}",), {"provider": f"p{at // 2 % providers}"})
        for at in range(activities)
    ]


def _rules(name: str, shop: list[Description]) -> RuleTables:
    return compiled(read_list_rules(RULES[name]), shop)


def _seeds(start: int, count: int, salt: int = _SALT) -> NDArray[np.uint64]:
    numbers = np.arange(start, start + count)
    return decision_seeds(numbers.astype(np.uint64), numbers, numbers, salt)


def _drawn(shop: list[Description], name: str, lists: int) -> Ranked:
    """Return lists of one context; those without rules say how many were left, too."""
    scores = np.random.default_rng(1).permutation(len(shop)) / 100
    form, parts = ListForm(_PLACES, _EXPLORATION, _rules(name, shop)), []
    for start in range(0, lists, _AT_ONCE):
        count = min(_AT_ONCE, lists - start)
        mask = np.ones((count, len(shop)), np.bool_)
        parts.append(rank_scores(np.tile(scores, (count, 1)), mask, _seeds(start, count), form))
    found = Ranked(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    left = found.eligible[:, None] - np.arange(_PLACES)
    return found if form.rules else found._replace(feasible=left)


def _placed(shop: list[Description], lists: int) -> Ranked:
    """Return a default list of one place, and behind it that of a placement that is apart from it, under a quota."""
    made = [Activity(f"a{at}", each.kind, "", 0, 1, categories=each.categories) for at, each in enumerate(shop)]
    (placed,) = placed_of(read_placements([_APART]), made, NO_RULES)
    scores, parts = np.random.default_rng(1).permutation(len(shop)) / 100, []
    for start in range(0, lists, _AT_ONCE):
        count = min(_AT_ONCE, lists - start)
        mask, every = np.ones((count, len(shop)), np.bool_), np.tile(scores, (count, 1))
        first = rank_scores(every.copy(), mask, _seeds(start, count), ListForm(1, _EXPLORATION))
        left, form = placed.open(mask, {DEFAULT: first.order}), ListForm(_PLACES - 1, _EXPLORATION, placed.rules)
        then = rank_scores(every, left, _seeds(start, count, _SALT ^ placed.salt), form)
        feasible = np.concatenate([first.eligible[:, None], then.feasible], axis=1)
        order, explored = np.concatenate([first.order, then.order], axis=1), first.explored | then.explored << 1
        parts.append(Ranked(order, first.eligible, explored, feasible, then.acted))
    return Ranked(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _stated(found: Ranked) -> NDArray[np.float64]:
    """Return the probability of each entry given those above it, 1 behind a list's end."""
    explored = found.explored[:, None] >> np.arange(_PLACES) & 1
    share = _EXPLORATION / np.maximum(found.feasible, 1)
    return np.where(found.order < 0, 1.0, np.where(explored, share, 1 - _EXPLORATION + share))


def _weights(found: Ranked, chance: NDArray[np.float64]) -> list[float]:
    uniform = np.where(found.order < 0, 1.0, 1 / np.maximum(found.feasible, 1))
    weight = np.cumprod(uniform / chance, axis=1)
    return [float((each.mean() - 1) / (each.std() / math.sqrt(each.size))) for each in weight.T]


def _chi_square(order: NDArray[np.int64], chance: NDArray[np.float64]) -> float:
    """Compare how often each list came with how likely it is; those that are too rare to tell count as one."""
    code = order @ (100 ** np.arange(order.shape[1]))
    _, first, seen = np.unique(code, return_index=True, return_counts=True)
    wanted = chance[first].prod(axis=1) * len(order)
    often = wanted >= _LEAST
    rest = max(len(order) - wanted[often].sum(), 0.0)
    squares = float(((seen[often] - wanted[often]) ** 2 / wanted[often]).sum())
    if rest >= _LEAST:
        squares += float((seen[~often].sum() - rest) ** 2 / rest)
    free = max(int(often.sum()) - (rest < _LEAST), 1)
    return float((squares - free) / math.sqrt(2 * free))


def _us(name: str, repeats: int) -> float:
    """Return the microseconds a user of ranking 200 activities whose scores are known, ten places, 2 % exploration."""
    shop = _shop(200, 24, 11)
    form = ListForm(LIST_SIZE, 0.02, _rules(name, shop))
    scores = np.random.default_rng(2).normal(size=(USERS, len(shop))) / 20
    mask, seeds = np.ones(scores.shape, np.bool_), _seeds(0, USERS)
    return best_us(lambda: rank_scores(scores.copy(), mask, seeds, form), USERS, repeats)
