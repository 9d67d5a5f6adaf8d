"""What is checked in the simulated year, against the truth; what does not hold is counted by name."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tideline.schemas.records import DECISION
from tideline.scripts.audit.decision_audit import breaches_of_record
from tideline.scripts.audit.list_audit import (
    NOTHING_KNOWN,
    NOTHING_SAID,
    breaches_of_list,
    breaches_of_popular,
    breaches_of_rules,
    open_now,
)
from tideline.scripts.audit.page_audit import DEFAULT, breaches_of_page, breaches_of_placement
from tideline.scripts.benchmarks.year.year_limits import Limits
from tideline.scripts.benchmarks.year.year_profiles import Statements
from tideline.scripts.benchmarks.year.year_rules import LIST_RULES, PLACEMENTS
from tideline.scripts.benchmarks.year.year_shop import POPULAR
from tideline.scripts.benchmarks.year.year_truth import COUNTS, Sums, Truth, no_sums
from tideline.scripts.benchmarks.year.year_violations import Violations
from tideline.scripts.benchmarks.year.year_visitors import read_page
from tideline.scripts.benchmarks.year.year_world import DAY_MS, HOUR_MS
from tideline.udfs.core.learning.learning import BUCKETS_PER_HALF_LIFE, IMPRESSION_UNIT
from tideline.udfs.core.policies.arm_key import GONE_ID, ArmKey
from tideline.udfs.core.rewards.attribution_settings import WORTH_LIMIT
from tideline.udfs.core.serving.offers.placed_lists import NO_LISTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tideline.scripts.audit.list_audit import Past, Said
    from tideline.scripts.benchmarks.year.year_shop import Shop
    from tideline.scripts.benchmarks.year.year_truth import Version
    from tideline.scripts.benchmarks.year.year_visitors import Page
    from tideline.udfs.core.ranking.placements import Placement
    from tideline.udfs.core.rewards.feedback import Feedback

_KEPT_BUCKETS = 8 * BUCKETS_PER_HALF_LIFE
_POPULAR_MS = 6 * HOUR_MS
"""It is as of a time that three batches in a row have reached; here these are some hours apart."""


@dataclass(slots=True)
class Checks:
    """Follows lists, sums and what the adversary moved."""

    shop: Shop
    truth: Truth
    violations: Violations = field(default_factory=Violations)
    says: Statements = field(default_factory=Statements)
    """What the shop has said of users."""
    limits: Limits = field(init=False)
    moved: Sums = field(default_factory=no_sums)
    """By the adversary, as `Truth.sums`."""
    allowed: Counter[ArmKey] = field(default_factory=Counter)
    """Entries of lists that were made for the adversary: the most that he may move of each activity."""
    gone: dict[int, dict[int, Counter[str]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(Counter)))
    """What deleted activities of which the learner holds nothing more by name came to, by encoder and day."""
    _agreed: dict[tuple[str, Version], bool] = field(default_factory=dict)
    """Whether a user had agreed to be learned from when a list of his was made, or the popular one first heard of."""
    _zones: dict[str, tuple[Version | None, str | None]] = field(default_factory=dict)
    """Version of each user's newest list, and the zone it was made with."""
    _gone_rewards: Counter[bool] = field(default_factory=Counter)
    """Their clicks and conversions, the adversary's (True) and the honest ones."""
    _kept_from_ms: int = 0

    def __post_init__(self) -> None:
        self.limits = Limits(self.shop, self.truth, self.violations)

    def lists(
        self,
        listed: Iterable[str],
        lists: Iterable[bytes],
        mine: set[str],
        placed: Mapping[str, Sequence[bytes]] = NO_LISTS,
    ) -> None:
        """Check the lists that a batch led to, those of one user together; `mine` are the adversary's accounts."""
        for at, (user, payload) in enumerate(zip(listed, lists, strict=True)):
            pages = {"": read_page(payload)} | {name: read_page(own[at]) for name, own in placed.items()}
            for page in pages.values() if user in mine else ():
                self.allowed.update(ArmKey(page.encoder, name) for name in page.activities)
                self.limits.listed_for(user, page.activities)
            self._list(user, pages[""], user not in mine)
            for placement in PLACEMENTS if placed else ():
                self._placed(user, pages[placement.name], placement, user not in mine)
            named = {name or DEFAULT: page.activities for name, page in pages.items()}
            for breach in breaches_of_page(named, self.shop.ranker.offers.activities, PLACEMENTS):
                self.violations.found(breach[0], f"{user} {breach[1]}")

    def agreed(self, user: str, version: Version) -> bool:
        """Return whether a user had agreed to be learned from as far as a list goes."""
        return self._agreed.setdefault((user, version), self.says.learns(user))

    def decisions(self, records: Iterable[tuple[str, bytes]]) -> None:
        """Check what decision records say of themselves; their lists were checked when they were made."""
        for user, value in records:
            for promise, what in breaches_of_record(DECISION.decode(value)):
                self.violations.found(promise, f"{user} {what}")

    def popular(self, now_ms: int) -> None:
        """Check that the popular list is there, young, and holds what runs and is for everybody."""
        payload = self.shop.lists.get(POPULAR)
        if payload is None:
            self.violations.found("popular_missing", now_ms)
            return
        page, known = read_page(payload), self.shop.ranker.offers.activities
        if now_ms - page.version[1] > _POPULAR_MS:
            self.violations.found("popular_stale", f"{(now_ms - page.version[1]) / HOUR_MS:.1f} h")
        for breach in (
            *breaches_of_list(page.activities, page.version[1], known, NOTHING_SAID, NOTHING_KNOWN),
            *breaches_of_rules(page.activities, known, LIST_RULES),
            *breaches_of_popular(page.activities, known),
        ):
            self.violations.found(breach[0], f"{POPULAR} {breach[1]}")

    def drawn(self, user: str, page: Page, now_ms: int) -> None:
        """Check what a frontend draws: nothing that is over, withdrawn or used up, whatever list it is from."""
        known = self.shop.ranker.offers.activities
        for name in filter(None, page.activities):
            activity = known.get(name)
            if activity is None or activity.status != "active" or now_ms >= activity.ends_ms:
                self.violations.found("drawn_over", f"{user} {name}")
        self.limits.shown_after_stop(f"drawn by {user}", page.activities)

    def hours_drawn(self, user: str, page: Page, now_ms: int) -> None:
        """Check that a list ends with its hours, by the clocks that its user was known to live by when it was made."""
        known, (version, zone) = self.shop.ranker.offers.activities, self._zones.get(user, (None, None))
        if version != page.version:
            return
        for name in filter(None, page.activities):
            if name in known and not open_now(known[name], now_ms, zone):
                self.violations.found("hours_broken", f"drawn by {user} in {zone} at {now_ms}: {name}")

    def present(self, users: Iterable[str]) -> None:
        """Check that everybody who was there today has a list that knows his newest event."""
        for user in users:
            payload = self.shop.lists.get(user)
            if payload is None:
                self.violations.found("list_missing", user)
                continue
            behind_ms = self.truth.newest_ms.get(user, 0) - read_page(payload).version[1]
            if behind_ms > 0:
                self.violations.found("list_stale", f"{user} by {behind_ms} ms")

    def obeyed(self, users: Iterable[str]) -> None:
        """Check that lists in Redis are as the newest profiles say, of users who have done nothing later.

        What an activity that was changed since then breaks is no matter of profiles: the stop list has it.
        """
        known = self.shop.ranker.offers.activities
        for user in users:
            payload, newest = self.shop.lists.get(user), self.says.newest(user)
            if payload is None or newest is None or read_page(payload).version[1] > newest.ts_ms:
                continue
            page = read_page(payload)
            for name, what in breaches_of_list(page.activities, page.version[1], known, newest.said, NOTHING_KNOWN):
                if name == "window_broken":
                    continue
                self.violations.found("profile_not_obeyed", f"{user} {name} {what} of {newest.ts_ms}")

    def told(self, feedback: Iterable[Feedback]) -> None:
        """Note what the adversary's events tell the learner."""
        for row in feedback:
            counts = {name: getattr(row, name) for name in COUNTS[:-1]} | {"milli": row.revenue_milli}
            self.limits.moved[row.activity_id].update(counts)
            if not row.unlearned:
                self.moved[ArmKey(row.encoder, row.activity_id)][row.ts_ms // DAY_MS].update(counts)

    def sums(self, now_ms: int) -> None:
        """Check the learner's sums: honest truth plus what the adversary may move, nothing else."""
        decay = self.shop.learner.decay
        newest = decay.bucket_at(now_ms)
        self._kept_from_ms = max(self._kept_from_ms, decay.start_ms(newest - _KEPT_BUCKETS + 1))
        learned: dict[ArmKey, Counter[str]] = {}
        for arm, sums in self.shop.learner.decoded().items():
            kept = sums[sums["bucket"] * decay.unit_ms // BUCKETS_PER_HALF_LIFE >= self._kept_from_ms]
            rewards = kept["rewards"].sum(axis=0).tolist()
            found = (
                int(kept["impressions"].sum()) / IMPRESSION_UNIT,
                *rewards[:2],
                int(kept["dismissals"].sum()),
                rewards[2],
            )
            learned[arm] = Counter(dict(zip(COUNTS, found, strict=True)))
        together = {key.encoder: learned.pop(key) for key in list(learned) if key.activity_id == GONE_ID}
        truth = self.truth
        every = truth.sums.keys() | truth.denied.keys()
        for key in learned.keys() - every - self.allowed.keys():
            self.violations.found("foreign_name", json.dumps(key.activity_id))
        for key in sorted((every | self.moved.keys()) - {ArmKey(number, GONE_ID) for number in self.gone}):
            self._sum(key, learned.get(key))
        for number in self.gone.keys() | together.keys():
            self._equal(ArmKey(number, GONE_ID), together.get(number), [self.gone[number]])

    def movements(self) -> None:
        """Check that the adversary moved nothing beyond the entries of his lists."""
        for key, days in self.moved.items():
            whole = Counter[str]()
            for counts in days.values():
                whole.update(counts)
            for name in COUNTS[:-1]:
                if not 0 <= whole[name] <= self.allowed[key]:
                    self.violations.found("adversary_beyond", f"{key.text} {name} {whole[name]} of {self.allowed[key]}")
            if abs(whole["milli"]) > self.allowed[key] * WORTH_LIMIT * 1000:
                self.violations.found("adversary_beyond", f"{key.text} worth {whole['milli']} of {self.allowed[key]}")

    def share_of_rewards(self) -> float:
        """Return the share of the adversary in all clicks and conversions learned."""
        honest, his = (
            sum(day[name] for days in sums.values() for day in days.values() for name in ("clicks", "conversions"))
            for sums in (self.truth.sums, self.moved)
        )
        honest, his = honest + self._gone_rewards[False], his + self._gone_rewards[True]
        return his / max(honest + his, 1)

    def _sum(self, key: ArmKey, learned: Counter[str] | None) -> None:
        if learned is None and key.activity_id not in self.shop.ranker.offers.activities:
            self._is_gone(key)
            return
        self._equal(key, learned, [sums.get(key, {}) for sums in (self.truth.sums, self.moved)])

    def _is_gone(self, key: ArmKey) -> None:
        """Put what is held of an activity with that of all that are gone, as the learner does."""
        truth, all_gone = self.truth, ArmKey(key.encoder, GONE_ID)
        for his, sums in enumerate((truth.sums, self.moved)):
            for day, counts in sums.pop(key, {}).items():
                self.gone[key.encoder][day].update(counts)
                self._gone_rewards[bool(his)] += counts["clicks"] + counts["conversions"]
        for day, counts in truth.denied.pop(key, {}).items():
            truth.denied[all_gone][day].update(counts)

    def _equal(self, key: ArmKey, learned: Counter[str] | None, parts: list[dict[int, Counter[str]]]) -> None:
        truth, wanted = self.truth, self._kept(parts)
        off = {name: (learned or Counter())[name] - wanted[name] for name in COUNTS}
        wrong = {name: by for name, by in off.items() if by}
        if wrong:
            denied = self._kept([truth.denied.get(key, {})])
            taught = all(min(denied[name], 0) <= by <= max(denied[name], 0) for name, by in wrong.items())
            self.violations.found("taught_without_consent" if taught else "sums_differ", f"{key.text} by {wrong}")
            today = self._kept_from_ms // DAY_MS + 10_000  # from here on what differs is counted once
            of_key = self.gone[key.encoder] if key.activity_id == GONE_ID else truth.sums[key]
            of_key[today].update(wrong)

    def _kept(self, parts: list[dict[int, Counter[str]]]) -> Counter[str]:
        found: Counter[str] = Counter()
        for part in parts:
            for day, counts in part.items():
                if day * DAY_MS >= self._kept_from_ms:
                    found.update(counts)
        return found

    def _list(self, user: str, page: Page, is_honest: bool) -> None:
        at_ms, known = page.version[1], self.shop.ranker.offers.activities
        if page.version > (self._zones.get(user, (None, None))[0] or (0, 0, 0)):
            self._zones[user] = page.version, self.says.said(user).zone
            self._agreed[user, page.version] = self.says.learns(user)
        past, said = self.truth.past(user) if is_honest else NOTHING_KNOWN, self.says.said(user)
        if is_honest and not page.activities and self._open(at_ms, said, past):
            self.violations.found("list_empty", user)  # nothing ran when he was last there: the frontend shows popular
        for breach in (
            *breaches_of_list(page.activities, at_ms, known, said, past),
            *breaches_of_rules(page.activities, known, LIST_RULES),
        ):
            self.violations.found(breach[0], f"{user} {breach[1]}")
        self.limits.shown_after_stop(f"list of {user}", page.activities)
        self.limits.lists_of_day[at_ms // DAY_MS] += 1

    def _placed(self, user: str, page: Page, placement: Placement, is_honest: bool) -> None:
        """Check a list of a placement, which may be empty."""
        at_ms, known = page.version[1], self.shop.ranker.offers.activities
        past = self.truth.past(user) if is_honest else NOTHING_KNOWN
        for breach in (
            *breaches_of_list(page.activities, at_ms, known, self.says.said(user), past),
            *breaches_of_rules(
                page.activities, known, LIST_RULES if placement.list_rules is None else placement.list_rules
            ),
            *breaches_of_placement(page.activities, known, placement),
        ):
            self.violations.found(breach[0], f"{user} {placement.name} {breach[1]}")
        self.limits.shown_after_stop(f"{placement.name} of {user}", page.activities)

    def _open(self, at_ms: int, said: Said, past: Past) -> bool:
        """Return whether anything ran at a moment that is for everybody and that a user had not turned down."""
        known = self.shop.ranker.offers.activities
        for_all = [name for name in known if not any(breaches_of_popular([name], known))]
        return any(not any(breaches_of_list([name], at_ms, known, said, past)) for name in for_all)
