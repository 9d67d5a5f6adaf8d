"""A world: who is outside its holdout."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.tiny_world import tiny_world


@pytest.mark.parametrize(("holdout", "treated"), [(0.0, 4), (1.0, 0)])
def test_a_holdout_of_nobody_or_everybody_is_just_that(holdout: float, treated: int) -> None:
    assert int(replace(tiny_world(), holdout=holdout).treated().sum()) == treated


def test_who_is_held_out_hangs_on_his_name_alone() -> None:
    """Contract: about the stated share, the same whoever else is there, and nobody comes back as the share grows."""
    world = replace(tiny_world(), users=tuple(f"u{number}" for number in range(4_000)), holdout=0.1)
    treated = world.treated()
    assert 0.88 < treated.mean() < 0.92
    fewer = replace(world, users=world.users[::2]).treated()
    assert (fewer == treated[::2]).all()
    assert not (replace(world, holdout=0.3).treated() & ~treated).any()
