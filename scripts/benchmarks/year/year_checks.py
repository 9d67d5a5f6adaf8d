"""What is checked in the simulated year, against the truth; what does not hold is counted by name."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tideline.scripts.benchmarks.year.year_shop import POPULAR
from tideline.scripts.benchmarks.year.year_truth import COUNTS, Truth
from tideline.scripts.benchmarks.year.year_visitors import read_page
from tideline.scripts.benchmarks.year.year_world import DAY_MS, HOUR_MS
from tideline.udfs.core.learning.learning import BUCKETS_PER_HALF_LIFE, IMPRESSION_UNIT
from tideline.udfs.core.policies.arm_key import GONE_ID, ArmKey
from tideline.udfs.core.rewards.attribution_settings import WORTH_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tideline.scripts.benchmarks.year.year_shop import Shop
    from tideline.scripts.benchmarks.year.year_visitors import Page
    from tideline.udfs.core.rewards.feedback import Feedback

_KEPT_BUCKETS = 8 * BUCKETS_PER_HALF_LIFE
_EXAMPLES = 3
_POPULAR_MS = 6 * HOUR_MS
"""It is as of a time that three batches in a row have reached; here these are some hours apart."""


@dataclass(slots=True)
class Violations:
    """How often each promise was broken, and the first examples."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def found(self, name: str, example: object, times: int = 1) -> None:
        """Count a broken promise."""
        self.counts[name] += times
        if len(self.examples[name]) < _EXAMPLES:
            self.examples[name].append(str(example))


@dataclass(slots=True)
class Checks:
    """Follows lists, sums and what the adversary moved."""

    shop: Shop
    truth: Truth
    violations: Violations = field(default_factory=Violations)
    moved: dict[ArmKey, dict[int, Counter[str]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Counter))
    )
    """By the adversary, as `Truth.sums`."""
    allowed: Counter[ArmKey] = field(default_factory=Counter)
    """Entries of lists that were made for the adversary: the most that he may move of each activity."""
    gone: dict[int, dict[int, Counter[str]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(Counter)))
    """What deleted activities of which the learner holds nothing more by name came to, by encoder and day."""
    _gone_rewards: Counter[bool] = field(default_factory=Counter)
    """Their clicks and conversions, the adversary's (True) and the honest ones."""
    _kept_from_ms: int = 0

    def lists(self, listed: Iterable[str], lists: Iterable[bytes], mine: set[str]) -> None:
        """Check the lists that a batch led to; `mine` are the adversary's accounts."""
        for user, payload in zip(listed, lists, strict=True):
            page = read_page(payload)
            if user in mine:
                self.allowed.update(ArmKey(page.encoder, name) for name in page.activities)
            self._list(user, page)

    def popular(self, now_ms: int) -> None:
        """Check that the popular list is there, young, and holds what runs."""
        payload = self.shop.lists.get(POPULAR)
        if payload is None:
            self.violations.found("popular_missing", now_ms)
            return
        page = read_page(payload)
        if now_ms - page.version[1] > _POPULAR_MS:
            self.violations.found("popular_stale", f"{(now_ms - page.version[1]) / HOUR_MS:.1f} h")
        self._entries(POPULAR, page)

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

    def told(self, feedback: Iterable[Feedback]) -> None:
        """Note what the adversary's events tell the learner."""
        for row in feedback:
            day = self.moved[ArmKey(row.encoder, row.activity_id)][row.ts_ms // DAY_MS]
            day.update({name: getattr(row, name) for name in COUNTS[:-1]} | {"milli": row.revenue_milli})

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
        for key in learned.keys() - self.truth.sums.keys() - self.allowed.keys():
            self.violations.found("foreign_name", json.dumps(key.activity_id))
        for key in list(self.truth.sums.keys() | self.moved.keys()):
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
            for his, sums in enumerate((self.truth.sums, self.moved)):  # the learner holds it with all that are gone
                for day, counts in sums.pop(key, {}).items():
                    self.gone[key.encoder][day].update(counts)
                    self._gone_rewards[bool(his)] += counts["clicks"] + counts["conversions"]
            return
        self._equal(key, learned, [sums.get(key, {}) for sums in (self.truth.sums, self.moved)])

    def _equal(self, key: ArmKey, learned: Counter[str] | None, parts: list[dict[int, Counter[str]]]) -> None:
        wanted: Counter[str] = Counter()
        for part in parts:
            for day, counts in part.items():
                if day * DAY_MS >= self._kept_from_ms:
                    wanted.update(counts)
        wrong = {name: (learned or Counter())[name] - wanted[name] for name in COUNTS}
        if any(wrong.values()):
            self.violations.found("sums_differ", f"{key.text} by {wrong}")
            today = self._kept_from_ms // DAY_MS + 10_000  # from here on what differs is counted once
            of_key = self.gone[key.encoder] if key.activity_id == GONE_ID else self.truth.sums[key]
            of_key[today].update(wrong)

    def _list(self, user: str, page: Page) -> None:
        if not page.activities and self._open(page.version[1]):
            self.violations.found("list_empty", user)  # nothing ran when he was last there: the frontend shows popular
        self._entries(user, page)
        dismissed = self.truth.dismissed.get(user)
        if dismissed and (again := dismissed.intersection(page.activities)):
            self.violations.found("dismissed_shown", f"{user} {sorted(again)}")
        known = self.shop.ranker.offers.activities
        for name in page.activities:
            cap = known[name].cap if name in known else None
            if cap is None:
                continue
            times = self.truth.impressions.get((user, name), {})
            seen = sum(page.version[1] - cap.window_ms < each for each in times.values())
            if seen >= cap.max_shown:
                self.violations.found("cap_broken", f"{user} {name} {seen} of {cap.max_shown}")

    def _open(self, at_ms: int) -> bool:
        """Return whether anything ran at a moment that everybody may see."""
        return any(
            each.status == "active" and each.starts_ms <= at_ms < each.ends_ms and not (each.rule or each.cap)
            for each in self.shop.ranker.offers.activities.values()
        )

    def _entries(self, user: str, page: Page) -> None:
        for name in page.activities:
            activity = self.shop.ranker.offers.activities.get(name)
            at_ms = page.version[1]
            if activity is None or activity.status != "active" or not activity.starts_ms <= at_ms < activity.ends_ms:
                self.violations.found("window_broken", f"{user} {name}")
