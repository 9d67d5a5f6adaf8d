"""What is said of an activity's variants."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tideline.udfs.core.variants.variant_report import (
    MOST_USERS,
    ShownVariants,
    VariantReport,
    VariantVerdict,
    least_found,
    report_variants,
    users_for,
    users_to_plan,
)


def shown(rates: list[float], users: int, shares: list[list[float]], visits: int = 2, seed: int = 1) -> ShownVariants:
    """Return visits of users, as many new ones in each stretch of time, in which its shares hold."""
    rng = np.random.default_rng(seed)
    parts = []
    for stretch, share in enumerate(shares):
        point = rng.random(users)
        variant = (point[:, None] >= np.cumsum(share)[:-1]).sum(axis=1)
        for _ in range(visits):
            click = rng.random(users) < np.array(rates)[variant]
            parts.append((stretch * users + np.arange(users), variant, np.array(share)[variant], click.astype(float)))
    user, variant, own, click = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return ShownVariants(user, variant, own, click, click)


def told(entries: ShownVariants, variants: int = 2, least: float = 0.2) -> VariantReport:
    return report_variants(entries, variants, binary=True, least=least)


def test_figures_of_even_shares_are_plain_means_and_counts() -> None:
    entries = shown([0.1, 0.1, 0.1], 3000, [[1 / 3] * 3])
    found = told(entries, 3)
    assert found.users == sum(each.users for each in found.figures) == 3000
    for number, each in enumerate(found.figures):
        here = entries.variant == number
        assert each.clicks == entries.click[here].sum()
        assert each.rate == pytest.approx(each.clicks / each.users)
        assert each.share == pytest.approx(1 / 3)
    assert (found.figures[0].difference, found.figures[0].low, found.figures[0].high) == (0.0, 0.0, 0.0)
    assert sum(each.likely_best for each in found.figures) == pytest.approx(1.0)


@pytest.mark.parametrize("shares", [[[0.5, 0.5]], [[0.1, 0.9]], [[0.5, 0.5], [0.3, 0.7], [0.1, 0.9]]])
def test_the_difference_is_found_whatever_moved_the_shares(shares: list[list[float]]) -> None:
    """Contract: per user over all his visits; bounds hold it."""
    found = told(shown([0.05, 0.08], 40_000, shares))
    _, second = found.figures
    assert second.low < 0.06 < second.high
    assert second.difference == pytest.approx(0.06, rel=0.25)
    assert (found.verdict, found.best) == (VariantVerdict.WINNER, 1)
    assert second.likely_best > 0.99


def test_all_that_a_user_brings_counts_for_the_variant_he_saw_first() -> None:
    """Contract: with its share then; what moved a border over him may be what he brought, and so says nothing."""
    user, variant = np.array([7, 8, 7, 9, 7]), np.array([0, 1, 1, 1, 1])
    click, share = np.array([0.0, 0.0, 1.0, 1.0, 1.0]), np.array([0.5, 0.5, 0.9, 0.9, 0.9])
    first, second = told(ShownVariants(user, variant, share, click, click)).figures
    assert (first.users, first.clicks, first.rate) == (1, 2, 2.0)
    assert (second.users, second.clicks) == (2, 1)
    assert second.rate == pytest.approx((0 / 0.5 + 1 / 0.9) / (1 / 0.5 + 1 / 0.9))
    assert (first.share, second.share) == (0.5, 0.9)


def test_equal_variants_are_undecided_until_no_difference_is_left() -> None:
    few = told(shown([0.05, 0.05, 0.05], 3000, [[1 / 3] * 3]), 3)
    many = told(shown([0.05, 0.05], 200_000, [[0.5, 0.5]]), least=0.1)
    assert (few.verdict, few.best) == (VariantVerdict.UNDECIDED, None)
    assert few.users_needed > few.users
    assert (many.verdict, many.best) == (VariantVerdict.ALIKE, None)


def test_nothing_is_decided_before_fifty_clicks_in_each() -> None:
    """Contract: however clear it looks; nobody tells nothing."""
    found = told(shown([0.0, 0.9], 2000, [[0.5, 0.5]]))
    assert found.figures[1].low > 0.0
    assert found.verdict is VariantVerdict.UNDECIDED
    none = np.zeros(0)
    empty = told(ShownVariants(none.astype(np.int64), none.astype(np.int64), none, none, none))
    assert (empty.verdict, empty.users, empty.users_needed) == (VariantVerdict.UNDECIDED, 0, MOST_USERS)


def test_money_is_compared_by_its_mean() -> None:
    """Contract: what is not once or never has normal posteriors; losses count too."""
    entries = shown([0.3, 0.3], 20_000, [[0.5, 0.5]])
    margin = entries.click * np.where(entries.variant == 1, 3.0, -1.0)
    found = report_variants(entries._replace(brought=margin), 2, binary=False, least=0.2)
    assert found.best == 1
    assert found.figures[0].rate < 0.0 < found.figures[1].rate
    assert found.figures[1].likely_best == pytest.approx(1.0)


def test_a_plan_says_what_the_races_of_the_benchmark_came_to() -> None:
    """Contract: 2 % of 3 impressions: a fifth is found after 17,000 users, half after 3,500, a tenth not by 60,000."""
    assert users_to_plan(0.06, 2, 0.2, earning=False) == pytest.approx(17_000, rel=0.15)
    assert users_to_plan(0.06, 2, 0.5, earning=False) == pytest.approx(3_500, rel=0.25)
    assert users_to_plan(0.06, 2, 0.1, earning=False) > 60_000
    assert users_to_plan(0.06, 2, 0.2, earning=True) == pytest.approx(36_000, rel=0.25)
    assert 0.1 < least_found(0.06, 2, 60_000, earning=False) < 0.2
    assert least_found(0.06, 2, 10, earning=False) == math.inf


def test_a_rare_click_needs_users_for_fifty_of_each() -> None:
    assert users_to_plan(0.001, 2, 5.0, earning=False) >= 100_000


def test_users_for_a_difference_are_the_fewest() -> None:
    found = users_for(0.01, 0.2, 3)
    assert users_for(0.01, 0.2, 1) < found < users_for(0.005, 0.2, 3)
    assert users_for(0.0, 0.2, 1) == MOST_USERS
