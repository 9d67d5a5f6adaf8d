"""Activities made of the Complete Journey's campaigns."""

from collections import Counter

import pytest

from tideline.models.prepare.completejourney import table
from tideline.models.prepare.journey_activities import MIN_PRODUCTS, Offer, offers, redemptions
from tideline.udfs.core.catalogue.activity import MAX_ITEMS, decode_activity, encode_activity


@pytest.fixture(scope="module")
def every_offer() -> list[Offer]:
    return offers()


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
