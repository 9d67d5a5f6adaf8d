"""Contract: a day of the simulated year books each event, and what a shop loses is found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.unit.scripts.benchmarks.year.test_year_shop import NOON_MS, records, running, view
from tideline.scripts.benchmarks.year.year_adversary import Adversary
from tideline.scripts.benchmarks.year.year_checks import Checks
from tideline.scripts.benchmarks.year.year_days import Days
from tideline.scripts.benchmarks.year.year_shop import POPULAR, Deployment, Shop
from tideline.scripts.benchmarks.year.year_truth import Truth
from tideline.scripts.benchmarks.year.year_visitors import Sent, Visitors
from tideline.scripts.benchmarks.year.year_world import DAY_MS, HOUR_MS, START_MS, Change
from tideline.udfs.core.lists.token_keys import TokenKeys
from tideline.udfs.core.serving.engine import Records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tideline.udfs.core.serving.engine import Outcome


class Deaf(Shop):
    """A shop that takes profile records for done, and applies none."""

    def hear_profiles(self, records: Records) -> Outcome:
        """Say that all is well."""
        return Shop.hear_profiles(self, Records([], [], []))


class Forgetful(Shop):
    """A shop that loses the first record of each batch, all lists and all that was learned."""

    def handle(self, records: Records) -> Outcome:
        """Process all but the first."""
        return Shop.handle(self, Records(records.keys[1:], records.values[1:], records.timestamps_ms[1:]))

    def lose_lists(self) -> Iterator[Outcome]:
        """Lose Redis for good."""
        self.lists.clear()
        return iter(())

    def start_again(self) -> float:
        """Restore without the policy topic."""
        self.learner.topic.clear()
        return Shop.start_again(self)


def days(kind: type[Shop] = Shop) -> Days:
    """Return days in a shop of six activities and forty visitors."""
    shop = kind(Deployment(TokenKeys({1: b"k" * 32}, 1)))
    shop.change([Change(f"a{number:05d}", running(f"a{number:05d}")) for number in range(6)])
    return Days(shop, Checks(shop, Truth()), Visitors(40, 1, shop.items_of), Adversary(8, 1), 20, 1)


def sent(*users: str) -> list[Sent]:
    return [Sent(view(user), NOON_MS + 500) for user in users]


def test_an_honest_event_that_was_taken_in_is_told_to_the_truth() -> None:
    """Contract: the checks of the evening know who was there and as of when."""
    played = days()
    played.take(sent("u00001", "u00002"), NOON_MS)
    assert (played.events, played.active) == (2, {"u00001", "u00002"})
    assert played.checks.truth.newest_ms == {"u00001": NOON_MS, "u00002": NOON_MS}
    assert not played.checks.violations.counts
    played.take([], NOON_MS)
    assert played.events == 2


def test_a_record_that_nothing_accounts_for_is_found() -> None:
    """Contract: neither taken in, nor a dead letter, nor a counter: that is counted by the record."""
    played = days(Forgetful)
    played.take(sent("u00001", "u00002", "u00003"), NOON_MS)
    assert played.checks.violations.counts["lost_without_counter"] == 1


def test_rounds_of_visits_and_an_attack_break_no_promise() -> None:
    """Contract: the adversary's lists allow him what he moves, honest visitors' events are all accounted for."""
    played = days()
    for hour in range(3):
        played.visit(NOON_MS + hour * HOUR_MS)
        before = played.events
        played.attack(NOON_MS + hour * HOUR_MS + HOUR_MS // 2)
        assert played.events > before >= 20
    played.checks.movements()
    assert not played.checks.violations.counts
    assert played.checks.moved
    assert played.checks.truth.sums


def test_lists_that_do_not_come_back_after_a_loss_of_redis_are_found() -> None:
    """Contract: each of them, the popular one too; none where the order to republish is followed."""
    for kind, missing in ((Shop, 0), (Forgetful, 3)):
        played = days(kind)
        Shop.handle(played.shop, records(view("u00001"), view("u00002")))
        played.shop.lists.setdefault(POPULAR, played.shop.lists["u00001"])
        had = len(played.shop.lists)
        played.lose_lists()
        assert had == 3
        assert played.checks.violations.counts["list_missing"] == missing


def test_a_restart_that_forgets_is_found() -> None:
    """Contract: what the ranker knew before it knows after it."""
    for kind, differs in ((Shop, 0), (Forgetful, 1)):
        played = days(kind)
        for hour in range(2):
            played.visit(NOON_MS + hour * HOUR_MS)
        played.shop.publish()
        played.start_again()
        assert played.checks.violations.counts["restore_differs"] == differs


def test_profiles_are_obeyed_by_lists_that_are_there_and_by_those_to_come() -> None:
    """Contract: days of records in any order, withdrawn and given again; a shop that hears none of it is found."""
    for kind, is_broken in ((Shop, False), (Deaf, True)):
        played = days(kind)
        for day in range(4):
            played.tell_of_users(START_MS + day * DAY_MS)
            for hour in (8, 12, 16, 20):
                played.hear(START_MS + day * DAY_MS + hour * HOUR_MS)
                played.visit(START_MS + day * DAY_MS + hour * HOUR_MS)
        assert ("profile_not_obeyed" in played.checks.violations.counts) == is_broken
        assert ("opt_out_broken" in played.checks.violations.counts) == is_broken


def test_nonsense_about_users_is_refused_and_changes_nobody() -> None:
    """Contract: one dead letter a record; what is taken instead is found."""
    for kind, times in ((Shop, 0), (Deaf, 1)):
        played = days(kind)
        played.attack(NOON_MS)
        played.hear_nonsense(NOON_MS + 2 * HOUR_MS)
        assert played.checks.violations.counts["bad_profile_taken"] == times


def test_an_account_that_drains_moves_what_its_lists_allow() -> None:
    """Contract: however often and dearly it converts, each entry of each of its lists does so once."""
    played = days()
    for day in range(2):
        played.attack(NOON_MS + day * DAY_MS)
    drained = played.checks.limits.drained[played.adversary.drainer]
    assert sum(drained.values()) > 10
    assert not played.checks.violations.counts
