"""Whether a log can answer at all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tideline.scripts.benchmarks.offline.ope_world import draw, make_log
from tideline.udfs.core.evaluation.evaluation import Answer, evaluate
from tideline.udfs.core.evaluation.log import LoggedFeedback
from tideline.udfs.core.evaluation.targets import Constant, Table, Target, Uniform


def _answer(log: LoggedFeedback, target: Target) -> Answer:
    return evaluate(log, lambda fold: target)


def test_a_log_without_propensities_cannot_answer() -> None:
    log = replace(_uniform(2_000), propensity=np.full(2_000, np.nan))
    assert "no row has a propensity" in (_answer(log, Uniform(log)).refused or "")


def test_a_short_log_cannot_answer() -> None:
    assert "999 rows are too few" in (_answer(_uniform(999), Uniform(_uniform(999))).refused or "")


def test_a_small_effective_sample_cannot_answer() -> None:
    """Contract: below an effective sample size of 1,000 there is the reason and no number."""
    log = _uniform(5_000)
    answer = _answer(log, Constant(log, 2))
    assert "the log cannot answer this: the effective sample size is" in (answer.refused or "")
    assert (answer.estimates, answer.lists) == ({}, {})
    assert answer.diagnostics is not None
    assert answer.diagnostics.ess < 1_000


def test_arms_that_were_never_shown_cannot_be_judged() -> None:
    log = _uniform(5_000)
    assert "missing support: 100.0%" in (_answer(log, Constant(log, -1)).refused or "")
    some = Table(np.full((5_000, 6), 0.99 / 6), 0.01)
    assert "missing support: 1.0%" in (_answer(log, some).refused or "")


def test_propensities_that_are_not_those_of_the_log_are_noticed() -> None:
    """Contract: a mean weight more than 3 standard errors from 1 is refused."""
    log, target, _ = draw(9_000, 8)
    wrong = replace(log, propensity=np.minimum(log.propensity * 1.2, 1.0))
    assert _answer(log, target).refused is None
    assert "the mean weight is" in (_answer(wrong, target).refused or "")


def test_a_log_of_one_certain_choice_cannot_judge_another() -> None:
    """Contract: no randomness, no answer, though every arm is in the log."""
    log = _uniform(5_000)
    certain = replace(log, propensity=np.ones(5_000))
    assert "the mean weight is 0.16" in (_answer(certain, Uniform(certain)).refused or "")


def _uniform(rows: int) -> LoggedFeedback:
    random = np.random.default_rng(1)
    reward = (random.random(rows) < 0.1).astype(float)
    return make_log(random.normal(size=(rows, 2)), random.integers(6, size=rows), np.full(rows, 1 / 6), reward)
