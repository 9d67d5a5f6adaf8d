"""A day of the simulated year: what visitors, robots and the adversary send, and how it is booked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from tideline.schemas.codec import encode_event
from tideline.schemas.errors import Reason
from tideline.schemas.events import FIRST_ACTIVITY_TYPE, EventType
from tideline.scripts.benchmarks.year.year_adversary import ROBOTS, Adversary, page_of
from tideline.scripts.benchmarks.year.year_profiles import ShopsRecords
from tideline.scripts.benchmarks.year.year_shop import POPULAR
from tideline.scripts.benchmarks.year.year_states import what_counts
from tideline.scripts.benchmarks.year.year_visitors import Fate, Sent, drawn, read_page
from tideline.scripts.benchmarks.year.year_world import HOUR_MS
from tideline.udfs.core.policies.arm_key import ArmKey
from tideline.udfs.core.serving.broker_clock import BrokerClock
from tideline.udfs.core.serving.engine import Records, process
from tideline.udfs.core.users.user_state import decode_states

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tideline.scripts.benchmarks.year.year_adversary import Raw
    from tideline.scripts.benchmarks.year.year_checks import Checks
    from tideline.scripts.benchmarks.year.year_profiles import ProfileRecord
    from tideline.scripts.benchmarks.year.year_shop import Shop
    from tideline.scripts.benchmarks.year.year_visitors import Page, Visitors
    from tideline.udfs.core.serving.engine import Outcome

ROUND_HOURS = (8, 12, 16, 20)
_SECOND_PAGE_MS = 20 * 60_000
_ATTACKS = 0.2
"""Chance that an account of the adversary is used on a day; honest users come once in two months."""
_PLAYED_AGAIN = 0.1
"""Share of the batches that are processed once more, shuffled and cut in two."""
_TOLD_OF = 14
"""Users of whom the shop says something on a day."""
_DRAINED_LISTS = 4
_EMPTY = page_of(None)


@dataclass(slots=True)
class Days:
    """Plays days into a shop, and tells the truth what was taken in."""

    shop: Shop
    checks: Checks
    visitors: Visitors
    adversary: Adversary
    sessions: int
    """Visits in a round."""
    seed: int
    events: int = 0
    quarantined: int = 0
    """Honest events that the robot rule took."""
    active: set[str] = field(default_factory=set)
    """Who was there today."""
    _records: ShopsRecords = field(init=False)
    _unheard: list[ProfileRecord] = field(default_factory=list)
    """Profile records that have not reached the broker."""
    _heard: int = 0
    _clock: BrokerClock = field(default_factory=BrokerClock)
    _random: Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = Random(f"{self.seed} clocks")  # noqa: S311
        self._records = ShopsRecords(self.seed)

    def tell_of_users(self, midnight_ms: int) -> None:
        """Let the shop say something of some users in the course of a day."""
        users = self.visitors.arrivals(_TOLD_OF)
        users += [each for each in self.adversary.accounts if self._random.random() < _ATTACKS / 2]
        activities = sorted(self.shop.ranker.offers.activities)
        self._unheard += self._records.of_day(users, activities, midnight_ms)

    def hear(self, now_ms: int) -> None:
        """Let the profile records be processed that have reached the broker by a moment; hold lists against them."""
        due = [each for each in self._unheard if each[2] <= now_ms]
        self._unheard = [each for each in self._unheard if each[2] > now_ms]
        if not due:
            return
        for record in due:
            self._heard += 1
            self.checks.says.hear(record, self._heard)
        outcome = self.shop.hear_profiles(Records(*zip(*due, strict=True)))
        for letter in outcome.dead:
            self.checks.violations.found("honest_profile_refused", letter.error)
        mine = {*self.adversary.accounts, *ROBOTS}
        self.checks.lists(outcome.listed, outcome.lists, mine, outcome.placed)
        self.checks.obeyed(sorted({key.decode() for key, _, _ in due}))

    def hear_nonsense(self, now_ms: int) -> None:
        """Let records be processed that must be refused one by one, and change nobody."""
        user = self._random.choice(self.adversary.accounts)
        bad = self._records.bad(user, now_ms)
        before, lists = self.shop.states.get(user), self.shop.lists.get(user)
        outcome = self.shop.hear_profiles(Records(*zip(*bad, strict=True)))
        same = (self.shop.states.get(user), self.shop.lists.get(user)) == (before, lists)
        refused = sum(letter.error.reason is Reason.BAD_PROFILE for letter in outcome.dead)
        if refused < len(bad) or not same:
            self.checks.violations.found("bad_profile_taken", f"{refused} of {len(bad)} refused, {same=}")

    def visit(self, now_ms: int) -> None:
        """Play a round: first pages with what was put off, then second pages from the lists of then."""
        users = self.visitors.arrivals(self.sessions)
        sent = self.visitors.due(now_ms)
        for user in users:
            sent += self.visitors.first_page(user, self._page(user, now_ms), now_ms)
        self.take(sent, now_ms)
        stay = [user for user in users if user in self.shop.states and self._random.random() < 0.5]
        later_ms = now_ms + _SECOND_PAGE_MS
        self.take(
            [each for user in stay for each in self.visitors.second_page(user, self._lists(user, later_ms), later_ms)],
            later_ms,
        )

    def take(self, sent: Sequence[Sent], now_ms: int) -> None:
        """Let a batch of honest events be processed, and book what must have become of each."""
        if not sent:
            return
        clock_ms, jumped = self._broker_clock(now_ms)
        if clock_ms > 0 and any(each.event.ts_ms > now_ms + 24 * HOUR_MS for each in sent):
            clock_ms = 0  # one clock is wrong at a time: together they would vouch for each other
        sent = sorted(sent, key=lambda each: (each.at_ms, each.event.ts_ms))
        keys = [each.event.user_id.encode() for each in sent]
        values = [encode_event(each.event, as_json=at % 5 == 0) for at, each in enumerate(sent)]
        records = Records(keys, values, [max(each.at_ms, now_ms) + clock_ms for each in sent])
        before = self._accepted({each.event.user_id for each in sent})
        former = dict(self.shop.states) if self._random.random() < _PLAYED_AGAIN else None
        outcome = self.shop.handle(records)
        if former is not None:
            self._play_again(records, former, outcome)
        self.events += len(sent)
        self._account(sent, outcome, before)
        self._book(sent, outcome, jumped)
        self.checks.lists(outcome.listed, outcome.lists, set(), outcome.placed)
        self.checks.decisions(outcome.decisions)

    def attack(self, now_ms: int) -> None:
        """Let the adversary and the robots do their worst, among nobody else."""
        items = sorted(self.shop.ranker.catalogue.activities_of_item)
        popular = page_of(self.shop.lists.get(POPULAR))
        accounts = [each for each in self.adversary.accounts if self._random.random() < _ATTACKS]
        self.checks.allowed.update({ArmKey(popular.encoder, name): len(accounts) for name in popular.activities})
        raw: list[Raw] = self.adversary.robots(now_ms)
        for user in accounts:
            lists = [page_of(each.get(user)) for each in (self.shop.lists, *self.shop.placed.values())]
            raw += self.adversary.attacks(user, self._random.choice(lists), popular, items, now_ms)
            raw += self.adversary.elsewhere(user, lists, now_ms + 420_000)
        raw.sort(key=lambda each: each[2])
        self._attacked(raw, now_ms)
        self._drain(now_ms + HOUR_MS // 2)

    def _drain(self, now_ms: int) -> None:
        """Let one account ask for list after list, and convert every entry of each as often and dearly as it can."""
        drainer = self.adversary.drainer
        for at in range(_DRAINED_LISTS):
            page = page_of(self.shop.lists.get(drainer))
            outcome = self._attacked(self.adversary.drains(page, now_ms + at * 60_000), now_ms + (at + 1) * 60_000)
            told = Counter[str]()
            for row in outcome.feedback:
                told[row.activity_id] += row.conversions
            self.checks.limits.drains(drainer, told)

    def _attacked(self, raw: Sequence[Raw], now_ms: int) -> Outcome:
        """Process what the adversary sends; no record is later than the present, whatever his clocks say."""
        keys, values, stamped_ms = zip(*raw, strict=True)
        outcome = self.shop.handle(Records(keys, values, self._clock.bounded(keys, stamped_ms, now_ms + HOUR_MS // 2)))
        self.events += len(raw)
        self.checks.lists(outcome.listed, outcome.lists, {*self.adversary.accounts, *ROBOTS}, outcome.placed)
        self.checks.decisions(outcome.decisions)
        self.checks.told(outcome.feedback)
        return outcome

    def lose_lists(self) -> None:
        """Lose Redis, and check what the order to republish brings back."""
        had = set(self.shop.lists)
        for outcome in self.shop.lose_lists():
            self.checks.lists(outcome.listed, outcome.lists, {*self.adversary.accounts, *ROBOTS}, outcome.placed)
        for user in sorted(had - set(self.shop.lists)):
            self.checks.violations.found("list_missing", f"{user} after a loss of Redis")

    def start_again(self) -> float:
        """Restore from a checkpoint, and check that the ranker knows what it knew; return the seconds it took."""
        before, standings = self.shop.ranker.known.arrays(), self.shop.ranker.tables.standings
        seconds = self.shop.start_again()
        same = all(map(np.array_equal, before, self.shop.ranker.known.arrays()))
        if not same or standings != self.shop.ranker.tables.standings:
            self.checks.violations.found("restore_differs", f"at {self.events} events")
        return seconds

    def _page(self, user: str, now_ms: int) -> Page:
        """Return what a frontend draws for a user: his list, else the popular one, without what is over or stopped."""
        stopped = self.shop.stopped(now_ms)
        for payload in (self.shop.lists.get(user), self.shop.lists.get(POPULAR)):
            page = _EMPTY if payload is None else drawn(read_page(payload), now_ms, stopped)
            if any(page.activities):
                self.checks.drawn(user, page, now_ms)
                if payload is not self.shop.lists.get(POPULAR):
                    self.checks.hours_drawn(user, page, now_ms)
                return page
        return _EMPTY

    def _lists(self, user: str, now_ms: int) -> list[Page]:
        """Return what a frontend draws for a user who has lists: the default one, then that of each placement."""
        found, stopped = [self._page(user, now_ms)], self.shop.stopped(now_ms)
        for name, lists in self.shop.placed.items():
            page = drawn(page_of(lists.get(user)), now_ms, stopped)._replace(placement=name)
            self.checks.drawn(user, page, now_ms)
            found.append(page)
        return found

    def _broker_clock(self, now_ms: int) -> tuple[int, bool]:
        """Return how far the broker's clock is off in this batch, and whether honest events may look too early."""
        chance = self._random.random()
        if chance < 0.1:
            return -4 * 60_000, True
        if chance < 0.12:
            return -20 * 60_000, True
        return (400 * 24 * HOUR_MS, False) if chance < 0.13 else (0, False)

    def _play_again(self, records: Records, former: dict[str, bytes], outcome: Outcome) -> None:
        """Check that the batch in another order and cut in two leads to the same states."""
        order = list(range(len(records.keys)))
        self._random.shuffle(order)
        for part in (order[: len(order) // 2], order[len(order) // 2 :]):
            keys, values = ([column[at] for at in part] for column in records[:2])
            cut = Records(keys, values, [records.timestamps_ms[at] for at in part])
            again = process(cut, lambda users: [former.get(user) for user in users], self.shop.ranker)
            former.update(zip(again.users, again.states, strict=True))
        needs = self.shop.ranker.attributing.caps
        both = outcome.states, [former[user] for user in outcome.users]
        one, two = (what_counts(states, needs) for states in both)
        for user, state, other in zip(outcome.users, one, two, strict=True):
            if state != other:
                self.checks.violations.found("order_matters", user)

    def _accepted(self, users: set[str]) -> int:
        states = [self.shop.states[user] for user in sorted(users) if user in self.shop.states]
        return int(decode_states(states, 8).header["accepted"].sum()) if states else 0

    def _account(self, sent: Sequence[Sent], outcome: Outcome, before: int) -> None:
        """Check that every record is an event taken in, a dead letter or a counter."""
        counts: Counter[str] = outcome.counts
        organic = self._accepted({each.event.user_id for each in sent}) - before
        joined = sum(count for name, count in counts.items() if name.startswith("join_") and name != "join_bought")
        named = counts["duplicate"] + counts["late"]
        lost = len(sent) - (organic + joined + named + len(outcome.dead))
        self.quarantined += counts["quarantined"]
        if lost > 0:
            self.checks.violations.found("lost_without_counter", f"{lost} of {len(sent)}: {dict(counts)}", lost)

    def _book(self, sent: Sequence[Sent], outcome: Outcome, jumped: bool) -> None:
        dead = {letter.number: letter.error for letter in outcome.dead}
        known = self.shop.ranker.offers.activities
        for number, each in sorted(enumerate(sent), key=lambda one: one[1].event.ts_ms):
            gone = each.shown is not None and each.shown.activity not in known
            if number in dead:
                expected = gone or jumped or dead[number].reason is Reason.QUARANTINED  # counted by itself
                if each.fate is Fate.COUNTS and not expected:
                    self.checks.violations.found("honest_dead", f"{dead[number]} {each.event}")
            elif each.fate is Fate.COUNTS and not gone:
                self._tell(each)
            if each.event.user_id in self.checks.truth.newest_ms:
                self.active.add(each.event.user_id)

    def _tell(self, sent: Sent) -> None:
        """Tell the truth about an honest event that was taken in."""
        event, shown, truth = sent.event, sent.shown, self.checks.truth
        is_purchase = event.type == EventType.PURCHASE
        if event.type < FIRST_ACTIVITY_TYPE:
            truth.heard(event.user_id, event.ts_ms, event.event_id, event.item_id if is_purchase else None)
        if is_purchase:
            named = self.shop.ranker.catalogue.activities_of_item.get(event.item_id or "", ())
            milli = round((event.price or 0.0) * (event.quantity or 1) * 1000)
            truth.purchase(event.event_id, event.user_id, event.ts_ms, tuple(named), milli)
        if shown is None:
            return
        truth.impression(shown, event.ts_ms, self.checks.agreed(shown.user, shown.version))
        if event.type == EventType.CLICK:
            truth.click(shown, event.ts_ms)
        elif event.type == EventType.DISMISS:
            truth.dismiss(shown, event.ts_ms)
        elif event.type == EventType.CONVERSION:
            truth.conversion(shown, event.ts_ms, round((event.value or 0.0) * 1000))
