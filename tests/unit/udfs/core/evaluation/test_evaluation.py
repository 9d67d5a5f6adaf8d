"""The whole evaluation: doubly robust beats its parts, refusals, lists."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tideline.scripts.benchmarks.offline.ope_world import Drawn, draw, make_log, truth
from tideline.udfs.core.evaluation import estimators
from tideline.udfs.core.evaluation.evaluation import FOLDS, Answer, evaluate, fixed_matches, weigh
from tideline.udfs.core.evaluation.log import LoggedFeedback, folds
from tideline.udfs.core.evaluation.reward_model import fit
from tideline.udfs.core.evaluation.targets import Target, Uniform


def _answer(log: LoggedFeedback, target: Target) -> Answer:
    return evaluate(log, lambda fold: target)


def test_doubly_robust_is_not_worse_than_the_better_of_its_parts() -> None:
    """Contract: RMSE of DR at most 1.05 times the smaller of IPS's and DM's, here over 30 logs of 3,000 rows."""
    value = truth()
    errors = []
    for seed in range(30):
        log, target, _ = draw(3_000, 100 + seed)
        rows = weigh(log, target, fit(log, folds(log, FOLDS))).rows
        errors.append([each(rows).value - value for each in (estimators.ips, estimators.dm, estimators.dr)])
    ips, dm, dr = np.sqrt(np.square(errors).mean(axis=0)).tolist()
    assert dr <= 1.05 * min(ips, dm)


def test_an_answer_has_every_estimate_with_the_truth_inside() -> None:
    drawn, value = draw(9_000, 7), truth()
    answer = _answer(drawn.log, drawn.target)
    assert answer.refused is None
    assert set(answer.estimates) == {"ips", "snips", "dm", "dr", "switch_dr", "dros", "replay"}
    for name in ("ips", "snips", "dm", "dr", "switch_dr", "dros"):
        estimate = answer.estimates[name]
        assert estimate.ci95.low <= estimate.value <= estimate.ci95.high
        assert estimate.ci95.low <= value <= estimate.ci95.high, name
    for name in ("dm", "switch_dr", "dros"):
        assert answer.estimates[name].ci95.low <= answer.estimates["dr"].ci95.low
        assert answer.estimates[name].ci95.high >= answer.estimates["dr"].ci95.high
    ips = answer.estimates["ips"]
    assert ips.anytime is not None
    assert ips.empirical_bernstein is not None
    assert ips.anytime.low <= ips.value <= ips.anytime.high
    assert 0.0 <= ips.empirical_bernstein.low <= ips.value <= ips.empirical_bernstein.high <= 1.0


def test_the_policy_that_was_logged_earns_what_it_earned() -> None:
    """Contract: on a uniform log IPS, SNIPS and replay of the uniform policy are the mean reward."""
    log = _uniform(2_000)
    answer = _answer(log, Uniform(log))
    for name in ("ips", "snips", "replay"):
        assert answer.estimates[name].value == pytest.approx(log.reward.mean())


def test_replay_of_a_fixed_policy_is_right_on_average() -> None:
    """Contract: rejection sampling by weight keeps rows as the policy would have made them, uniform log or not."""
    found = []
    for seed in range(60):
        drawn = draw(4_000, 200 + seed)
        weight = drawn.target.probabilities[np.arange(4_000), drawn.log.action] / drawn.log.propensity
        kept = fixed_matches(drawn.log, weight) > 0
        found += drawn.log.reward[kept].tolist()
    assert np.mean(found) == pytest.approx(truth(), abs=3 * np.std(found) / np.sqrt(len(found)))


def test_the_same_log_gives_the_same_numbers() -> None:
    drawn = draw(7_000, 9)
    assert _answer(drawn.log, drawn.target) == _answer(drawn.log, drawn.target)


def test_rewards_beyond_clicks_scale_through() -> None:
    """Contract: amounts are judged like clicks: ten times the reward, ten times the value and interval."""
    drawn = draw(8_000, 10)
    tenfold = Drawn(replace(drawn.log, reward=drawn.log.reward * 10.0), drawn.target, drawn.rewards)
    small, large = (_answer(each.log, each.target).estimates for each in (drawn, tenfold))
    for name in ("ips", "snips", "dr", "replay"):
        assert large[name].value == pytest.approx(10.0 * small[name].value)
        assert large[name].ci95 == pytest.approx([10.0 * each for each in small[name].ci95])


def _uniform(rows: int) -> LoggedFeedback:
    random = np.random.default_rng(1)
    reward = (random.random(rows) < 0.1).astype(float)
    return make_log(random.normal(size=(rows, 2)), random.integers(6, size=rows), np.full(rows, 1 / 6), reward)
