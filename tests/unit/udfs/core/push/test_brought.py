"""What pushes have brought."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tideline.udfs.core.push.brought import LEAST_EVENTS, Brought, PushLog, another_threshold, brought_by


def log_of(seed: int, adds: float, points: int = 6_000) -> PushLog:
    """Return a log of 2,000 users, three points each, who buy with a chance of .2 and more where they were pushed."""
    random = np.random.default_rng(seed)
    user, chance = random.integers(0, 2_000, points), random.choice([8, 128, 230], points)
    sent = random.random(points) < chance / 256
    value = np.where(chance == 230, 1_000, -1_000)
    return PushLog(user, sent, chance, value, (random.random(points) < 0.2 + adds * sent).astype(float))


@pytest.mark.parametrize("adds", [0.0, 0.1, -0.1])
def test_what_pushes_added_lies_within_its_bounds(adds: float) -> None:
    """Contract: in at least 38 of 40 logs, whether they add, take away or do nothing; chances may differ by point."""
    found = [(log, brought_by(log)) for log in (log_of(seed, adds) for seed in range(40))]
    assert sum(each.low <= adds * log.sent.sum() <= each.high for log, each in found) >= 38
    totals = [each.total - adds * log.sent.sum() for log, each in found]
    assert abs(np.mean(totals)) < 4 * np.std(totals) / 40**0.5


def test_a_user_is_the_unit() -> None:
    """Contract: the same points told of ten times as few users say less, though they say the same."""
    log = log_of(1, 0.1)
    few = brought_by(log._replace(user=log.user // 10))
    many = brought_by(log)
    assert few.total == pytest.approx(many.total)
    assert few.users < many.users
    grouped = PushLog(np.repeat(np.arange(600), 10), *(np.repeat(each[:600], 10) for each in log[1:]))
    alone = PushLog(np.arange(6_000), *grouped[1:])
    assert brought_by(grouped).high - brought_by(grouped).low > 2 * (brought_by(alone).high - brought_by(alone).low)


def test_too_little_says_nothing() -> None:
    """Contract: no bounds before fifty points of either kind brought something; of nothing, nothing."""
    log = log_of(2, 0.0)
    silent = log._replace(worth=log.worth * log.sent)
    assert (brought_by(silent).low, brought_by(silent).high) == (-math.inf, math.inf)
    assert LEAST_EVENTS == 50
    nothing = log.only(log.user < 0)
    assert brought_by(nothing) == Brought(0, 0, 0, 0.0, -math.inf, math.inf)


@pytest.mark.parametrize(("least", "adds"), [(-5_000, 0.1), (5_000, 0.1), (5_000, -0.1), (0, 0.0)])
def test_what_another_threshold_would_have_gained_lies_within_its_bounds(least: int, adds: float) -> None:
    """Contract: in at least 38 of 40 logs and without bias, whether it sends to all, to nobody or to the same."""
    off, covered = [], 0
    for seed in range(40):
        log = log_of(seed, adds)
        found = another_threshold(log, least)
        target = np.where(log.value > least, 230, 8)
        truth = adds * float((target - log.chance).sum()) / 256
        assert found.refused is None
        assert found.changed == (target != log.chance).sum()
        assert found.pushes == pytest.approx((target - log.chance).sum() / 256)
        covered += found.low <= truth <= found.high
        off.append(found.gain - truth)
    assert covered >= 38
    assert abs(np.mean(off)) < 4 * np.std(off) / 40**0.5 + 1e-9


def test_a_threshold_that_changes_nothing_gains_nothing_and_is_sure_of_it() -> None:
    """Contract: points that would be treated alike cost no width."""
    log = log_of(3, 0.1)
    alike = log.only(log.chance != 128)
    found = another_threshold(alike, 0)
    assert (found.changed, found.pushes, found.gain, found.low, found.high) == (0, 0.0, 0.0, 0.0, 0.0)


def test_a_log_of_what_was_sent_alone_is_refused() -> None:
    """Contract: it cannot say what would have come without; the refusal says what is wrong in numbers."""
    log = log_of(4, 0.1)
    sent = another_threshold(log.only(log.sent), 0)
    assert sent.refused is not None
    assert "points are missing" in sent.refused
    assert f"{int(log.sent.sum()):,} of {int(log.sent.sum()):,} points sent" in sent.refused
    wrong = another_threshold(log._replace(chance=np.full(log.chance.size, 200)), 0)
    assert wrong.refused is not None
    assert math.isnan(wrong.gain)


def test_a_threshold_of_which_too_little_is_known_is_refused() -> None:
    """Contract: what was hardly ever sent cannot be said to be worth sending."""
    log = log_of(5, 0.1)
    seldom = log.chance == 8
    found = another_threshold(log.only(seldom), -5_000)
    assert found.changed == seldom.sum()
    assert found.refused is not None
    assert f"at least {LEAST_EVENTS} must" in found.refused
    assert another_threshold(log.only(log.user < 0), 0).gain == 0.0
