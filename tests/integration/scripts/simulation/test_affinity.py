"""How much a household spends on what an activity is about."""

import numpy as np
import pytest

from tideline.scripts.simulation.world import World


def test_who_spends_on_it_clicks_on_it_more(world: World) -> None:
    of_one_type = np.array([offer.campaign_type == "A" for offer in world.offers])
    share, click = world.share[:, of_one_type].ravel(), world.clicks.click[:, of_one_type].ravel()
    assert click[share > 0.05].mean() > 5 * click[share == 0].mean()
    assert world.clicks.click.mean() == pytest.approx(0.03, rel=0.01)


def test_shares_are_shares(world: World) -> None:
    assert world.share.min() >= 0
    assert world.share.max() <= 1 + 1e-9
    assert (world.share.sum(axis=1) > 0).mean() > 0.95
