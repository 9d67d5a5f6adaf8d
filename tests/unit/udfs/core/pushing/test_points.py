"""Decision points by what is known of pushes."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.push_job import DAY_MS, HOUR_MS, MIDNIGHT_MS, PushJob, push_world
from tideline.udfs.core.fixed_point import THETA_UNIT
from tideline.udfs.core.push.learned.push_known import NOTHING_KNOWN, PushKnown
from tideline.udfs.core.pushing.points import push_settings

USERS = [f"u{number}" for number in range(80)]


def known(worth: float) -> PushKnown:
    """Return that sending adds some clicks to everybody, by the constant of the context."""
    theta = np.zeros_like(NOTHING_KNOWN.effects.theta)
    theta[0, 0] = round(worth / THETA_UNIT)
    return NOTHING_KNOWN._replace(effects=NOTHING_KNOWN.effects._replace(theta=theta, known=True), version=70)


@pytest.mark.parametrize(("worth", "chance"), [(0.5, 230), (-0.5, 8)])
def test_what_was_learned_decides_the_chance_and_stands_in_the_record(worth: float, chance: int) -> None:
    """Contract: .9 where sending is worth it, 1/32 where it is not; the version is that of what was known."""
    job = PushJob(push_world().with_pushes(known(worth)), now_ms=MIDNIGHT_MS + 7 * HOUR_MS)
    job.visit(USERS)
    job.agree(USERS)
    told = job.until(MIDNIGHT_MS + DAY_MS)
    assert len(told) > 60
    assert {each.chance for each in told} == {chance}
    assert {each.policy_version for each in told} == {70}
    assert {np.sign(each.value) for each in told} == {np.sign(worth)}
    assert abs(np.mean([each.sent for each in told]) - chance / 256) < 0.15


def test_a_deployment_without_pushes_has_no_settings_for_them() -> None:
    """Contract: to ask for them is a mistake."""
    with pytest.raises(ValueError, match="settings without pushes"):
        push_settings(push_world(None))
