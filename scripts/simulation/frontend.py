"""The simulated frontend: reads a visitor's list, shows the top of it, and reports what he did.

A visitor of the holdout gets the running offers in random order instead, as far as caps and list rules allow them and
no budget has stopped them. His events bear no token, so they teach the job nothing.

Every entry shown makes an impression. The entry in place i is looked at with probability `LOOKED_AT[i]`, whatever it
is; one that is looked at is clicked with the hidden probability of household and offer, and of the variant that the
list says. Each visit draws from a generator of its own, seeded by its number.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.schemas.events import Event, EventType
from tideline.scripts.audit.list_audit import NOTHING_SAID, Past, breaches_of_list, breaches_of_rules
from tideline.scripts.simulation.lists import parse_list

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tideline.scripts.simulation.lists import RankedList, Served
    from tideline.scripts.simulation.visits import Visit
    from tideline.scripts.simulation.world import World

LOOKED_AT = (1.0, 0.8, 0.65, 0.5)
CLICK_AFTER_MS = (2_000, 30_000)
CONVERSION_AFTER_MS = (60_000, 600_000)


class Shown(NamedTuple):
    """What one visitor saw and did."""

    visit: Visit
    at_ms: int
    holdout: bool
    personal: bool
    """Whether it was a list of his own, not the popular or a random one."""
    entries: tuple[tuple[int, int], ...]
    """(position in the list, offer) of each entry shown."""
    clicked: tuple[int, ...]
    """Offers among them."""
    events: list[Event]
    """The same as clickstream events."""
    variants: tuple[str | None, ...] = ()
    """Of each entry, the variant that its list says."""


class _Entry(NamedTuple):
    """One entry on the screen."""

    position: int
    offer: int
    variant: str | None = None


class Frontend:
    """Serves visits of one world from one place where lists are."""

    def __init__(self, world: World, lists: Served, seed: int) -> None:
        self._world = world
        self._lists = lists
        self._seed = seed
        self._known = {offer.activity.activity_id: offer.activity for offer in world.offers}
        self._offer = {name: number for number, name in enumerate(self._known)}
        self._seen: dict[int, list[tuple[str, int]]] = defaultdict(list)
        """(activity, when) by household of the holdout."""
        self._starts_ms = np.array([offer.activity.starts_ms for offer in world.offers])
        self._ends_ms = np.array([offer.activity.ends_ms for offer in world.offers])

    def serve(self, visits: Sequence[Visit]) -> list[Shown]:
        """Return what comes of the visits; one whose visitor finds no list at all is left out."""
        world = self._world
        treated = [visit for visit in visits if not world.holdout[visit.household]]
        payloads = self._lists.read([world.users[visit.household] for visit in treated])
        popular, stops = self._lists.popular(), self._lists.stops()
        own = {visit.number: payload for visit, payload in zip(treated, payloads, strict=True)}
        served = []
        for visit in visits:
            random = np.random.default_rng([self._seed, 2, visit.number])
            if world.holdout[visit.household]:
                served.append(self._show_random(visit, stops.names, random))
                continue
            payload = own[visit.number]
            shown = self._show(visit, parse_list(payload).under(stops), True, random) if payload is not None else None
            # A list of which nothing may be shown is as good as none.
            if popular is not None and (shown is None or not shown.entries):
                shown = self._show(visit, parse_list(popular).under(stops), False, random)
            if shown is not None:
                served.append(shown)
        return served

    def _show(self, visit: Visit, ranked: RankedList, personal: bool, random: np.random.Generator) -> Shown:
        # The list knows all that happened in the slice, so nobody sees it before its last moment.
        at_ms = max(visit.ts_ms, ranked.as_of_ms + 1_000) if personal else visit.ts_ms
        may = ranked.showable(at_ms, len(LOOKED_AT))
        entries = [_Entry(at, self._offer[name], ranked.variants[at]) for at, name in may]
        return self._respond(visit, at_ms, entries, ranked.token, personal, random)

    def _show_random(self, visit: Visit, stopped: frozenset[str], random: np.random.Generator) -> Shown:
        running = np.flatnonzero((self._starts_ms <= visit.ts_ms) & (visit.ts_ms < self._ends_ms))
        names, seen = list(self._known), self._seen[visit.household]
        chosen: list[str] = []
        for offer in random.permutation(running).tolist():
            if names[offer] not in stopped and self._may_follow(chosen, names[offer], visit.ts_ms, seen):
                chosen.append(names[offer])
                if len(chosen) == len(LOOKED_AT):
                    break
        seen += [(name, visit.ts_ms) for name in chosen]
        entries = [_Entry(at, self._offer[name]) for at, name in enumerate(chosen)]
        return self._respond(visit, visit.ts_ms, entries, None, False, random)

    def _may_follow(self, chosen: Sequence[str], name: str, at_ms: int, seen: Sequence[tuple[str, int]]) -> bool:
        """Return whether an offer may stand below those chosen, for who has seen so much."""
        mine = breaches_of_list([name], at_ms, self._known, NOTHING_SAID, Past(seen))
        whole = breaches_of_rules([*chosen, name], self._known, self._world.list_rules)
        return next(mine, None) is None and next(whole, None) is None

    def _respond(
        self,
        visit: Visit,
        at_ms: int,
        entries: list[_Entry],
        token: str | None,
        personal: bool,
        random: np.random.Generator,
    ) -> Shown:
        user, clicks = self._world.users[visit.household], self._world.clicks
        events: list[Event] = []
        clicked: list[int] = []

        def report(kind: EventType, position: int, offer: int, ts_ms: int, value: float | None = None) -> None:
            name = self._world.offers[offer].activity.activity_id
            event_id = f"v{visit.number}-{position}-{kind.name[:2].lower()}"
            events.append(
                Event(event_id, user, kind, ts_ms, activity_id=name, token=token, position=position, value=value)
            )

        for place, (position, offer, variant) in enumerate(entries):
            report(EventType.IMPRESSION, position, offer, at_ms)
            looks, likes, buys = random.random(3)
            chance = clicks.click[visit.household, offer] * self._appeal(offer, variant)
            if looks >= LOOKED_AT[place] or likes >= chance:
                continue
            clicked.append(offer)
            click_ms = at_ms + int(random.integers(*CLICK_AFTER_MS))
            report(EventType.CLICK, position, offer, click_ms)
            if buys < clicks.conversion[visit.household, offer]:
                later_ms = click_ms + int(random.integers(*CONVERSION_AFTER_MS))
                value = round(float(self._world.line_dollars[offer]), 2)
                report(EventType.CONVERSION, position, offer, later_ms, value)
        events.sort(key=lambda event: event.ts_ms)
        holdout = bool(self._world.holdout[visit.household])
        shown = tuple((each.position, each.offer) for each in entries)
        variants = tuple(each.variant for each in entries)
        return Shown(visit, at_ms, holdout, personal, shown, tuple(clicked), events, variants)

    def _appeal(self, offer: int, variant: str | None) -> float:
        """Return by how much a variant makes a click likelier: as they do on average where none is said."""
        return 1.0 if variant is None else self._world.appeal[self._world.offers[offer].activity.activity_id][variant]
