from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from tideline.models.prepare.completejourney import events_of, table
from tideline.models.prepare.journey_activities import MIN_PRODUCTS, Offer, offers, redemptions
from tideline.schemas.codec import encode_event
from tideline.scripts.simulation.world import FROM, UNTIL, World, in_holdout, make_world
from tideline.udfs.core.catalogue.activity import MAX_ITEMS, decode_activity, encode_activity


@pytest.fixture(scope="module")
def every_offer() -> list[Offer]:
    return offers()


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(seed=1)


def test_the_mapping_gives_the_same_activities_each_time(every_offer: list[Offer]) -> None:
    assert offers() == every_offer
    ids = [offer.activity.activity_id for offer in every_offer]
    assert ids == sorted(set(ids))
    assert len(ids) == 484


def test_activities_are_valid_records(every_offer: list[Offer]) -> None:
    for offer in every_offer:
        value = encode_activity(offer.activity)
        assert decode_activity(offer.activity.activity_id.encode(), value) == offer.activity
        assert offer.category in offer.activity.categories or len(offer.activity.categories) > 1
        assert 0 < len(offer.activity.items) <= MAX_ITEMS


def test_an_activity_checked_against_the_tables(every_offer: list[Offer]) -> None:
    offer = next(each for each in every_offer if each.activity.activity_id == "c18-cold-cereal")
    assert (offer.activity.starts_ms, offer.activity.ends_ms) == (1_509_321_600_000, 1_514_160_000_000)
    assert (offer.campaign_type, offer.category) == ("A", "COLD CEREAL")
    coupons = table("coupons").to_pandas()
    cereals = table("products").to_pandas().query("product_category == 'COLD CEREAL'").product_id
    valid_for = coupons[(coupons.campaign_id == 18) & coupons.product_id.isin(cereals)].product_id
    assert len(offer.activity.items) >= MIN_PRODUCTS
    assert {int(item) for item in offer.activity.items} <= set(valid_for)


def test_every_targeted_household_is_a_pair_with_every_offer_of_its_campaign(every_offer: list[Offer]) -> None:
    pairs = redemptions(every_offer)
    targeted = Counter(table("campaigns")["campaign_id"].to_pylist())
    offered = Counter(offer.campaign for offer in every_offer)
    assert pairs.offer.size == sum(targeted[campaign] * count for campaign, count in offered.items())
    assert pairs.redeemed.sum() == 1_953


def test_the_world_is_the_same_each_time(world: World) -> None:
    again = make_world(seed=1)
    assert again.slices == world.slices
    assert (again.clicks.click == world.clicks.click).all()
    assert make_world(seed=2).slices != world.slices


def test_the_period_has_as_much_as_the_demo_promises(world: World) -> None:
    assert 60 <= len(world.offers) <= 120
    assert 60_000 <= world.organic_events <= 100_000
    assert 8_000 <= sum(len(part.visits) for part in world.slices) <= 16_000
    assert world.slices[0].start_ms == FROM.timestamp() * 1_000
    assert world.slices[-1].end_ms == UNTIL.timestamp() * 1_000
    for before, after in pairwise(world.slices):
        assert (before.end_ms, before.rows.stop) == (after.start_ms, after.rows.start)


def test_visits_lie_in_their_slice_at_most_one_for_each_household(world: World) -> None:
    for part in world.slices:
        assert all(part.start_ms <= visit.ts_ms < part.end_ms for visit in part.visits)
        assert len({visit.household for visit in part.visits}) == len(part.visits)
    numbers = [visit.number for part in world.slices for visit in part.visits]
    assert numbers == list(range(len(numbers)))


def test_a_fifth_of_the_households_is_held_out_for_ever(world: World) -> None:
    assert world.holdout.mean() == pytest.approx(0.2, abs=0.03)
    assert [user for user in map(str, range(1, 20)) if in_holdout(user)] == [
        "4",
        "7",
        "13",
        "15",
        "16",
        "17",
        "18",
        "19",
    ]


def test_who_spends_on_it_clicks_on_it_more(world: World) -> None:
    of_one_type = np.array([offer.campaign_type == "A" for offer in world.offers])
    share, click = world.share[:, of_one_type].ravel(), world.clicks.click[:, of_one_type].ravel()
    assert click[share > 0.05].mean() > 5 * click[share == 0].mean()
    assert world.clicks.click.mean() == pytest.approx(0.03, rel=0.01)


def test_shares_are_shares(world: World) -> None:
    assert world.share.min() >= 0
    assert world.share.max() <= 1 + 1e-9
    assert (world.share.sum(axis=1) > 0).mean() > 0.95


def test_organic_events_can_be_sent(world: World) -> None:
    part = world.slices[6]
    events = list(events_of(world.columns, part.rows))
    assert len(events) == part.rows.stop - part.rows.start > 0
    assert all(part.start_ms <= event.ts_ms < part.end_ms and encode_event(event) for event in events)
