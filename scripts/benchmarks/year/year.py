"""A simulated year of a shop through the real core and the learner, checked every day against what really happened.

What the adversary moved is held against what his accounts may move: of each activity one impression, one click and one
conversion of at most `worth_limit` for each entry of a list that was made for one of them (`adversary_beyond`). Nothing
bounds how many lists an account gets over time, so `adversary_share_of_rewards` is a figure and no limit: his accounts
click and convert every entry on one day in five, while honest visitors come a few times a year and click a few in a
hundred.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tideline.scripts.benchmarks.progress import say
from tideline.scripts.benchmarks.year.year_adversary import ROBOTS, Adversary
from tideline.scripts.benchmarks.year.year_checks import Checks
from tideline.scripts.benchmarks.year.year_days import ROUND_HOURS, Days
from tideline.scripts.benchmarks.year.year_rules import PLACEMENTS
from tideline.scripts.benchmarks.year.year_shop import Deployment, Shop
from tideline.scripts.benchmarks.year.year_truth import Truth
from tideline.scripts.benchmarks.year.year_visitors import Visitors
from tideline.scripts.benchmarks.year.year_world import DAY_MS, START_MS, calendar
from tideline.udfs.core.control.control import SetWeights
from tideline.udfs.core.lists.token_keys import TokenKeys
from tideline.udfs.core.rewards.attribution_settings import MAX_LISTS, most_lists
from tideline.udfs.core.rewards.room import LIST_BYTES, SHOWN_BYTES
from tideline.udfs.core.users.user_state import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

USERS = 20_000
SESSIONS = 75
"""Visits in each of the day's four rounds: about 8,000 events a day, 3 million a year."""
_MONTH = 30
_LISTS_LAST_DAYS = 30
"""A key is retired when no list can be left that was signed with it."""
_FIRST, _SECOND = 1, 2
_FLAT = 1.1
"""What the last month may need of what the second one did."""
_KEYS = {number: bytes([number]) * 32 for number in (1, 2)}


@dataclass(slots=True)
class _Figures:
    """What is measured along the way."""

    publish_s: dict[int, list[float]] = field(default_factory=dict)
    """By month, from 1."""
    start_s: list[float] = field(default_factory=list)
    learner_mb: dict[int, float] = field(default_factory=dict)
    """At the end of each month."""


def measure(days: int = 365, seed: int = 1, users: int = USERS, sessions: int = SESSIONS) -> dict[str, Any]:
    """Play so many days and return the figures; `violations` is empty when everything held."""
    shop = Shop(Deployment(TokenKeys({1: _KEYS[1]}, 1)))
    checks = Checks(shop, Truth())
    visitors = Visitors(users, seed, shop.items_of)
    played = Days(shop, checks, visitors, Adversary(max(users // 1000, 1), seed), sessions, seed)
    figures, changes, orders = _Figures(), calendar(days, seed), _orders(shop, played, days)
    for day in range(days):
        midnight_ms = START_MS + day * DAY_MS
        checks.limits.close(each.activity_id for each in changes[day] if each.activity is None)
        shop.change(changes[day])
        played.tell_of_users(midnight_ms)
        for order in orders.get(day, ()):
            order()
        if day % 7 == 6:
            figures.start_s.append(played.start_again())
        month = day // _MONTH + 1
        played.active = set()
        for hour in ROUND_HOURS:
            now_ms = midnight_ms + hour * DAY_MS // 24
            played.hear(now_ms)
            played.visit(now_ms)
            if hour == ROUND_HOURS[1]:
                played.attack(now_ms + DAY_MS // 24)
            if hour in ROUND_HOURS[1::2]:
                figures.publish_s.setdefault(month, []).append(shop.publish())
                checks.limits.published()
        played.hear_nonsense(now_ms)
        _check(checks, played, now_ms)
        figures.learner_mb[month] = shop.learner.size() / 1e6
        if day % 5 == 4 or day == days - 1:
            published_ms = _publish_ms(figures, month)
            say(f"day {day + 1}: {played.events} events, {published_ms} ms, {dict(checks.violations.counts)}")
    return _report(days, shop, checks, played, figures)


def _check(checks: Checks, played: Days, now_ms: int) -> None:
    checks.sums(now_ms)
    checks.movements()
    checks.limits.ledgers()
    checks.limits.costs(now_ms)
    checks.popular(now_ms)
    checks.present(sorted(played.active))
    checks.truth.prune(now_ms)


def _orders(shop: Shop, played: Days, days: int) -> dict[int, list[Callable[[], None]]]:
    """Return what operators do on which day; a year has all of it, a shorter run the same in less time."""
    given = shop.deployment

    def rotate() -> None:
        given.keys = TokenKeys(dict(_KEYS), 2)
        played.start_again()

    def retire() -> None:
        given.keys = TokenKeys({2: _KEYS[2]}, 2)
        played.start_again()

    def forget_slowly() -> None:
        given.half_life_days = 56
        played.start_again()

    def weigh() -> None:
        given.weights = (2.0, 10.0, 0.0, 0.0)
        shop.ranker = shop.ranker.after(SetWeights(*given.weights), 0)

    planned: list[tuple[float, Callable[[], None]]] = [
        (0.15, lambda: shop.swap_encoder(2)),
        (0.25, rotate),
        (0.35, played.lose_lists),
        (0.45, lambda: shop.swap_encoder(3)),
        (0.5, forget_slowly),
        (0.6, weigh),
        (0.7, lambda: shop.swap_encoder(4)),
    ]
    if days >= _LISTS_LAST_DAYS / (0.9 - 0.25):
        planned.append((0.9, retire))
    found: dict[int, list[Callable[[], None]]] = {}
    for share, order in planned:
        found.setdefault(int(share * days), []).append(order)
    return found


def _publish_ms(figures: _Figures, month: int) -> float:
    return round(1000 * statistics.median(figures.publish_s.get(month, [0.0])), 1)


def _state_sizes(shop: Shop, accounts: set[str]) -> tuple[list[int], list[int]]:
    """Return the bytes of the states of honest users, and of those accounts."""
    found: tuple[list[int], list[int]] = [], []
    for user, state in shop.states.items():
        found[user in accounts].append(len(state))
    return found


def _report(days: int, shop: Shop, checks: Checks, played: Days, figures: _Figures) -> dict[str, Any]:
    checks.limits.close(sorted(shop.ranker.offers.activities))
    limits = checks.limits.figures()
    last = max(figures.publish_s)
    if last > _SECOND and figures.learner_mb[last] > _FLAT * figures.learner_mb[_SECOND]:
        checks.violations.found("learner_state_grew", figures.learner_mb)
    sizes, theirs = _state_sizes(shop, {*played.adversary.accounts, *ROBOTS})
    lists = LIST_BYTES * (most_lists(len(PLACEMENTS)) - MAX_LISTS)
    if max(sizes + theirs) > MAX_BYTES + SHOWN_BYTES + lists + 4 * shop.ranker.encoder.hidden:
        checks.violations.found("user_state_too_large", max(sizes + theirs))
    for name, examples in checks.violations.examples.items():
        for example in examples:
            say(f"{name}: {example}")
    months = {"first_month": _FIRST, "second_month": min(_SECOND, last), "last_month": last}
    return {
        "days": days,
        "events": played.events,
        "violations": dict(sorted(checks.violations.counts.items())),
        "honest_quarantined": played.quarantined,
        "adversary_share_of_rewards": round(checks.share_of_rewards(), 6),
        "limits": limits,
        "start_s": round(max(figures.start_s, default=0.0), 3),
        "publish_ms": {name: _publish_ms(figures, month) for name, month in months.items()},
        "learner_state_mb": {name: round(figures.learner_mb[month], 3) for name, month in months.items()},
        "user_state_bytes": {"mean": round(statistics.fmean(sizes)), "largest": max(sizes), "adversary": max(theirs)},
    }
