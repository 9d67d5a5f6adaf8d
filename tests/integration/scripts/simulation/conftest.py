"""The demo's world, made once."""

import pytest

from tideline.scripts.simulation.world import World, make_world


@pytest.fixture(scope="session")
def world() -> World:
    """The world of the demo's own seed."""
    return make_world(seed=1)
