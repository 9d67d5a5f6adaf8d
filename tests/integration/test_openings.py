"""Contract: an activity that opens reaches users who do not come by, on the running job."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.live import LiveJob
from tests.support.running_job import running_job
from tests.support.traffic import messages
from tests.support.waiting import wait_until
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.catalogue.activity import Activity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tideline.scripts.localstack import Stack

pytestmark = [pytest.mark.integration, pytest.mark.slow]

AWAY = [f"away{number}" for number in range(120)]
PASSING = [f"passing{number}" for number in range(60)]
"""So many that each shard has one."""


@pytest.fixture
def shop(stack: Stack) -> Iterator[LiveJob]:
    """A job with five activities that tells forty users a second, five of each shard; cancelled at the end."""
    with running_job(stack, "openings", [offer(number) for number in range(5)], refresh_per_s="40") as live:
        yield live


def now() -> int:
    """Return the present."""
    return int(time.time() * 1000)


def offer(number: int) -> Activity:
    """Return an activity that everybody may be shown now."""
    return Activity(f"offer-{number}", "coupon", f"Offer {number}", now() - 1000, now() + 86_400_000)


def look(live: LiveJob, users: list[str]) -> None:
    """Let each of the users look at something now."""
    at_ms = now()
    live.produce(messages([Event(f"{user}.{at_ms}", user, EventType.VIEW, at_ms, "item-1", "tea") for user in users]))


def test_a_sale_is_on_the_lists_of_users_who_do_not_come_by(shop: LiveJob) -> None:
    """Contract: of all who were seen in the day before it, as of its opening; their next event makes the next list."""
    look(shop, AWAY)
    wait_until("the first lists", lambda: shop.lists(AWAY).keys() == set(AWAY))
    sale = offer(5)
    shop.put_activities([sale])
    shop.wait_gauge("activities", 6)
    (told,) = [each for each in shop.read(shop.topics.activities) if each.key == sale.activity_id.encode()]
    look(shop, PASSING)

    def all_know() -> bool:
        return all(sale.activity_id in json.loads(each)["i"] for each in shop.lists(AWAY).values())

    wait_until("the sale on every list", all_know)
    versions = {json.loads(each)["v"][1] for each in shop.lists(AWAY).values()}
    assert versions == {told.timestamp_ms}
    assert shop.metrics()["refreshed"] == len(AWAY)
    look(shop, AWAY[:10])
    wait_until(
        "newer lists of who came by",
        lambda: min(json.loads(each)["v"][1] for each in shop.lists(AWAY[:10]).values()) > told.timestamp_ms,
    )
