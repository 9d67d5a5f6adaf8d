"""What pushes have brought."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tideline.udfs.core.push.brought import LEAST_EVENTS, Brought, PushLog, brought_by


def log_of(seed: int, adds: float, points: int = 6_000) -> PushLog:
    """Return a log of 2,000 users, three points each, who buy with a chance of .2 and more where they were pushed."""
    random = np.random.default_rng(seed)
    user, chance = random.integers(0, 2_000, points), random.choice([8, 128, 230], points)
    sent = random.random(points) < chance / 256
    return PushLog(user, sent, chance, (random.random(points) < 0.2 + adds * sent).astype(float))


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
    nothing = PushLog(log.user[:0], log.sent[:0], log.chance[:0], log.worth[:0])
    assert brought_by(nothing) == Brought(0, 0, 0, 0.0, -math.inf, math.inf)
