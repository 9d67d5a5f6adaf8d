"""What clicks and worth lists could have together."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pytest

from tests.unit.udfs.core.rule_costs.test_steps import EVERY_PLACE, PLACES, sample_of
from tideline.udfs.core.ranking.ranking import rank_scores
from tideline.udfs.core.ranking.rule_tables import NO_RULES
from tideline.udfs.core.rule_costs.front import (
    ENOUGH,
    MORE,
    Bonus,
    Front,
    added,
    click_worth,
    front_of,
    summed_front,
    weights_mark,
)
from tideline.udfs.core.rule_costs.steps import MICRO, RuleClass, Sample

NO_BONUS = Bonus(np.zeros(12))
MASKED = frozenset({RuleClass.CAPS, RuleClass.STOPS})


def torn(seed: int, users: int = 200) -> Sample:
    """What earns is not what is clicked: worth falls where clicks rise, from user to user."""
    sample = sample_of(seed, users, MASKED)
    clicks = np.random.default_rng(seed).random((users, 12)) / 10
    return sample._replace(clicks=clicks, mean=0.2 - clicks * np.random.default_rng(seed + 1).random(12))


def lists_at(sample: Sample, more: float) -> tuple[float, float]:
    """Worth and clicks of the lists that ranking makes where a click counts so much more."""
    scores = (sample.mean + more * sample.clicks) / max(more, 1.0)
    made = rank_scores(scores, sample.masks.final(), sample.seeds, sample.form._replace(rules=NO_RULES)).order
    has = made >= 0
    rows = np.arange(len(made))[:, None]
    return float((sample.mean[rows, made] * has).sum()), float((sample.clicks[rows, made] * has).sum())


def test_the_front_is_what_lists_have_where_a_click_counts_more() -> None:
    """Contract: compared with lists made one by one by plain sorting; the last place is clicks alone."""
    sample = torn(3, 40)
    front, mask = front_of(sample, EVERY_PLACE, NO_BONUS), sample.masks.final()
    assert front.lists == 40
    for place in (0, 20, 50):
        more = MORE[place] if place < len(MORE) else None
        worth = clicks = 0.0
        for user in range(40):
            by = sample.clicks[user] if more is None else sample.mean[user] + more * sample.clicks[user]
            best = sorted(np.flatnonzero(mask[user]).tolist(), key=(-by).tolist().__getitem__)[:PLACES]
            worth, clicks = worth + sample.mean[user, best].sum(), clicks + sample.clicks[user, best].sum()
        assert front.worth[place] / MICRO == pytest.approx(worth, abs=2e-4)
        assert front.clicks[place] / MICRO == pytest.approx(clicks, abs=2e-4)


@pytest.mark.parametrize("least", [0.7, 0.9, 0.98, 0.999])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_lists_keep_the_share_of_clicks_at_the_least_worth_that_does(seed: int, least: float) -> None:
    """Contract: of the clicks they could have; a click that is worth a step less loses more than is allowed."""
    sample = torn(seed)
    front = front_of(sample, EVERY_PLACE, NO_BONUS)
    most, more = float(front.clicks[-1]) / MICRO, click_worth(front, least)
    assert lists_at(sample, more)[1] >= least * most - 1e-4
    assert more > 0.0 or lists_at(sample, 0.0)[1] >= least * most - 1e-4
    if more > 0.0:
        assert lists_at(sample, MORE[MORE.index(more) - 1])[1] < least * most


def test_nothing_is_added_where_clicks_are_kept_or_nothing_is_known() -> None:
    sample = torn(4)
    alike = front_of(sample._replace(mean=sample.clicks), EVERY_PLACE, NO_BONUS)
    assert click_worth(alike, 0.999) == 0.0
    assert click_worth(None, 0.9) == 0.0
    # Early on a regression may expect less than nothing of everybody: no reason to rank by clicks alone.
    assert click_worth(alike._replace(clicks=np.linspace(-9.0, -5.0, len(MORE) + 1).astype(np.int64)), 0.9) == 0.0


def test_a_share_that_no_worth_keeps_gets_the_largest() -> None:
    """Contract: rounding of scores, or sums of another build, may leave the last step short of clicks alone."""
    short = Front(100, np.arange(len(MORE) + 1), np.array([*[50] * len(MORE), 100]))
    assert click_worth(short, 0.9) == MORE[-1]


def test_sums_are_the_same_in_any_split_and_by_weights_apart() -> None:
    """Contract: what lists of other weights could have does not count; too few lists say nothing."""
    sample, mark, other = torn(5, 700), weights_mark((0.0, 0.0, 1.0, 0.0)), weights_mark((1.0, 5.0, 0.0, 0.0))
    assert mark != other
    assert mark == weights_mark((-0.0, 0, 1, 0.0))  # equal weights, as a command may write them
    parts = [{mark: front_of(sample.part(some), EVERY_PLACE, NO_BONUS)} for some in np.array_split(np.arange(700), 6)]
    whole, split = front_of(sample, EVERY_PLACE, NO_BONUS), reduce(added, parts)[mark]
    assert (split.lists, split.worth.tolist(), split.clicks.tolist()) == (
        700,
        whole.worth.tolist(),
        whole.clicks.tolist(),
    )
    days = [{mark: whole, other: front_of(torn(6), EVERY_PLACE, NO_BONUS)}, {other: whole}]
    found = summed_front(days, mark)
    assert found is not None
    assert found.clicks.tolist() == whole.clicks.tolist()
    few = front_of(sample.part(np.arange(ENOUGH - 1)), EVERY_PLACE, NO_BONUS)
    assert summed_front([{mark: few}], mark) is None
