"""Publication: the rows that a policy ranks with, and what an encoder starts from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.feedback_rows import FADING, NEVER, NOTHING, direct, examined, rows_of
from tideline.udfs.core.context import DIM
from tideline.udfs.core.learning.learning import BUCKETS_PER_HALF_LIFE, add
from tideline.udfs.core.learning.publication import every_arm, publication
from tideline.udfs.core.limits import OBJECTIVES
from tideline.udfs.core.policies.arm_key import PRIOR_ID, ArmKey
from tideline.udfs.core.policies.policy_table import UPPER, PolicyTable, cold_row, encode_row
from tideline.udfs.core.policies.regression import Regression, Sharing
from tideline.udfs.core.rewards.feedback import ROWS


def test_a_publication_has_each_encoders_prior_last_and_one_total() -> None:
    """Contract: the prior and the total are over all activities, those not asked for included."""
    seeds = {ArmKey(3, "a1"): 31, ArmKey(3, "a2"): 32}
    sums = {name: add(NOTHING, rows_of(40, seed), NEVER) for name, seed in seeds.items()}
    rows = publication(sums, [ArmKey(3, "a1")], NEVER, 0)
    assert [(name, row.encoder) for name, row in rows] == [("a1", 3), (PRIOR_ID, 3)]
    together = np.concatenate([rows_of(40, 31), rows_of(40, 32)])
    prior = direct(together, np.ones(80), np.zeros((len(OBJECTIVES), DIM)))
    assert rows[1][1].theta * 2.0**-24 == pytest.approx(prior, abs=1e-7)
    assert [row.total for _, row in rows] == pytest.approx([examined(together).sum()] * 2)
    drawn = direct(rows_of(40, 31), np.ones(40), prior)
    assert rows[0][1].theta * 2.0**-24 == pytest.approx(drawn, abs=1e-7)


def shown(impressions: int, clicks: int, ts_ms: int = 0) -> NDArray[Any]:
    """Feedback of so many impressions in some contexts, the first of them clicked."""
    rows = rows_of(impressions, impressions)
    rows["impressions"], rows["clicks"], rows["ts_ms"] = 1, np.arange(impressions) < clicks, ts_ms
    rows["conversions"] = rows["dismissals"] = rows["revenue_milli"] = rows["examination_discount"] = 0
    return rows


def test_a_new_encoder_starts_from_each_activitys_rate_with_the_width_of_200_impressions() -> None:
    """Contract: counts of other versions weigh as at most 200 impressions of a stranger; no context of theirs enters.

    By hand: the design's first diagonal number is 1 + k s^2 with a stranger's s = 90 / 127, the moment k s m.
    """
    sums = {ArmKey(1, "a"): add(NOTHING, shown(300, 45), NEVER), ArmKey(2, "a"): add(NOTHING, shown(100, 5), NEVER)}
    sums[ArmKey(2, "b")] = add(NOTHING, shown(10, 3), NEVER)
    rows = dict(publication(sums, every_arm(7, sums), NEVER, 0))
    assert list(rows) == ["a", "b", PRIOR_ID]
    s = 90 / 127
    prior = 200 * s * (53 / 410) / (1 + 200 * s * s)
    for name, weight, rate in (("a", 200, 50 / 400), ("b", 10, 3 / 10)):
        row = rows[name]
        assert row.theta[0] * 2.0**-24 == pytest.approx(
            [(prior + weight * s * rate) / (1 + weight * s * s), *[0.0] * 15], abs=1e-7
        )
        assert not row.theta[1:].any()
        diagonal = row.inverse[UPPER[0] == UPPER[1]] * 2.0**-28
        assert diagonal == pytest.approx([1 / (1 + weight * s * s), *[1.0] * 15], abs=1e-8)
        assert not row.inverse[UPPER[0] != UPPER[1]].any()
    assert rows[PRIOR_ID].theta[0][0] * 2.0**-24 == pytest.approx(prior, abs=1e-7)
    assert [(row.impressions, row.carried_impressions, row.carried_rewards[0]) for row in rows.values()] == [
        (0.0, 400.0, 50.0),
        (0.0, 10.0, 3.0),
        (0.0, 0.0, 0.0),
    ]
    assert {row.total for row in rows.values()} == {410.0}


def test_what_is_learned_under_the_new_encoder_is_added_to_what_was_carried() -> None:
    """Contract: equals least squares on the own rows and 200 more of a stranger with the carried rate."""
    sums = {ArmKey(1, "a"): add(NOTHING, shown(400, 100), NEVER), ArmKey(2, "a"): add(NOTHING, shown(30, 2), NEVER)}
    (_, row), (_, prior) = publication(sums, [ArmKey(2, "a")], NEVER, 0)
    strangers = np.zeros(200, ROWS)
    strangers["x"][:, 0], strangers["impressions"], strangers["clicks"][:50] = 90, 1, 1
    together = np.concatenate([shown(30, 2), strangers])
    found = direct(together, np.ones(230), np.zeros((len(OBJECTIVES), DIM)))
    assert prior.theta * 2.0**-24 == pytest.approx(found, abs=1e-7)
    drawn = direct(together, np.ones(230), found)
    assert row.theta * 2.0**-24 == pytest.approx(drawn, abs=1e-7)
    assert (row.impressions, row.rewards[0], row.carried_impressions, row.carried_rewards[0]) == (30, 2, 400, 100)


def test_contexts_of_another_encoder_leave_no_trace() -> None:
    """Contract: only counts are carried; other contexts with the same counts give the same bytes."""
    other = shown(40, 6)
    other["x"][:, 1:] = -other["x"][:, 1:] // 2
    rows = [
        publication(
            {ArmKey(1, "a"): add(NOTHING, each, NEVER), ArmKey(2, "a"): add(NOTHING, shown(9, 1), NEVER)},
            [ArmKey(2, "a")],
            NEVER,
            0,
        )
        for each in (shown(40, 6), other)
    ]
    assert [encode_row(row, name) for name, row in rows[0]] == [encode_row(row, name) for name, row in rows[1]]


def test_what_is_carried_is_whole_and_does_not_depend_on_order() -> None:
    """Contract: without a change age takes nothing away; the versions in any order give the same bytes."""
    sums = {ArmKey(version, "a"): add(NOTHING, shown(10, version), FADING) for version in (1, 2, 3)}
    newest = BUCKETS_PER_HALF_LIFE
    found = publication(sums, [ArmKey(9, "a")], FADING, newest)
    assert (found[0][1].carried_impressions, found[0][1].carried_rewards[0]) == (30.0, 6.0)
    again = publication(dict(reversed(sums.items())), [ArmKey(9, "a")], FADING, newest)
    assert [encode_row(row, name) for name, row in again] == [encode_row(row, name) for name, row in found]


def test_before_anything_was_learned_an_encoder_has_a_cold_prior() -> None:
    """Contract: an ordered encoder has rows to wait for, whatever was learned."""
    for sharing in Sharing:
        ((name, row),) = publication({}, every_arm(5, []), NEVER, 0, Regression(1.0, sharing))
        assert name == PRIOR_ID
        assert not row.theta.any()
    ((name, row),) = publication({}, every_arm(5, []), NEVER, 0)
    assert (name, row.encoder, row.total) == (PRIOR_ID, 5, 0.0)
    assert (row.theta.tolist(), row.inverse.tolist()) == (cold_row().theta.tolist(), cold_row().inverse.tolist())


def test_a_late_reward_is_the_same_as_a_punctual_one() -> None:
    """Contract: the table ends at the same row however the rewards were spread over publications."""
    rows = rows_of(60, 4)
    once, twice = add(NOTHING, rows, FADING), add(add(NOTHING, rows[30:], FADING), rows[:30], FADING)
    newest = int(FADING.bucket_of(rows["ts_ms"]).max())
    tables = []
    for sums in (once, twice):
        table = PolicyTable()
        for offset, (name, row) in enumerate(publication({ArmKey(3, "a"): sums}, [ArmKey(3, "a")], FADING, newest)):
            assert table.apply(name, row._replace(version=offset))
        tables.append(encode_row(table.row(3, "a"), "a"))
    assert tables[0] == tables[1]
