"""Whether what pushes are said to have brought is true: worlds in which the job's own functions learn and decide.

In each world 20,000 users have 3,000 decision points a day for 20 days. A push adds more to some, less to the loyal,
and less the more came in the week before. Each night the sums are solved and the next day is decided by them; at the
end the log says what its pushes have added, with bounds, and what other thresholds would have gained. The truth is what
they added in expectation, draw by draw; of a threshold, what its chances would have added at the points of the log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.scripts.benchmarks.offline.push.uplift import COSTS, Shop, shop_of
from tideline.scripts.benchmarks.progress import say
from tideline.udfs.core.budgets.ledger import HOUR_MS
from tideline.udfs.core.counter_random import decision_seeds
from tideline.udfs.core.learning.learning import Decay
from tideline.udfs.core.push.brought import Brought, PushLog, another_threshold, brought_by
from tideline.udfs.core.push.effect_sums import (
    MOST_RECENT,
    NO_EFFECT_SUMS,
    PUSH_ROWS,
    effect_entries,
    merged_effects,
)
from tideline.udfs.core.push.effects import effects_of, push_values, push_widths
from tideline.udfs.core.push.push_prices import SEND
from tideline.udfs.core.push.sending import EXPLORE, decide, held_out
from tideline.udfs.core.variants.variant_shares import PARTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

WORLDS = 100
_FIRST_SEED = 2000
_USERS, _DAYS, _POINTS = 20_000, 20, 3_000
_FATIGUE = 0.004
_THRESHOLDS = (-0.01, 0.0, 0.01, 0.02)
_DAY_MS = 24 * HOUR_MS
_NEVER_FADES = Decay(0)


class Course(NamedTuple):
    """What a world's log says of its pushes, and the truth of them."""

    log: PushLog
    adds: NDArray[np.float64]
    """What sending adds at each point in truth."""

    @property
    def said(self) -> Brought:
        """What the log says its pushes have added."""
        return brought_by(self.log)

    @property
    def earned(self) -> float:
        """What they earned, their costs off, of what sending where that is worth it would, as surely as it is sent."""
        gain = self.adds - COSTS.push
        return float(gain[self.log.sent].sum() / (np.maximum(gain, 0.0).sum() * SEND / PARTS))

    @property
    def truth(self) -> float:
        """What they have added."""
        return float(self.adds[self.log.sent].sum())


def measure(worlds: int = WORLDS) -> dict[str, Any]:
    """Return in how many worlds the truth lies within the bounds, and what the bounds are worth."""
    found, earned = [], []
    for seed in range(_FIRST_SEED, _FIRST_SEED + worlds):
        course = play(seed)
        found.append((course.said, course.truth))
        earned.append(course.earned)
        if (seed - _FIRST_SEED) % 10 == 9:
            say(f"truth_covered: {sum(said.low <= truth <= said.high for said, truth in found)} of {len(found)} worlds")
    return {
        "covered": sum(said.low <= truth <= said.high for said, truth in found),
        "worlds": worlds,
        "above_0": sum(said.low > 0.0 for said, _ in found),
        "truth": float(np.mean([truth for _, truth in found])),
        "half_width": float(np.mean([(said.high - said.low) / 2.0 for said, _ in found])),
        "earned": float(np.mean(earned)),
        "worst_earned": min(earned),
    }


def measure_thresholds(worlds: int = WORLDS) -> dict[str, Any]:
    """Return by threshold, in purchases, in how many logs the truth lies within the bounds, and how many refused.

    `only_sent` is how many logs are refused of which what was withheld is missing; all must be.
    """
    found = {each: {"covered": 0, "refused": 0, "gain": 0.0, "half_width": 0.0} for each in _THRESHOLDS}
    only_sent = 0
    for seed in range(_FIRST_SEED + WORLDS, _FIRST_SEED + WORLDS + worlds):
        course = play(seed)
        log = course.log
        only_sent += another_threshold(log.only(log.sent), 0).refused is not None
        for least, sums in found.items():
            answer = another_threshold(log, round(least * 2**24))
            target = np.where(log.value > round(least * 2**24), SEND, EXPLORE)
            truth = float(((target - log.chance) / PARTS * course.adds).sum())
            sums["covered"] += answer.refused is None and answer.low <= truth <= answer.high
            sums["refused"] += answer.refused is not None
            sums["gain"] += truth / worlds
            sums["half_width"] += (answer.high - answer.low) / 2.0 / worlds
    say(f"threshold_covered: {[each['covered'] for each in found.values()]} of {worlds} logs")
    return {"logs": worlds, "only_sent": only_sent} | {f"{each:+.3f}": sums for each, sums in found.items()}


def play(seed: int, days: int = _DAYS) -> Course:
    """Return the course of one world."""
    random = np.random.default_rng(seed)
    shop, salt = shop_of(random, _USERS), int(random.integers(2**63))
    names = random.integers(0, 2**64, _USERS, np.uint64)
    pushable = np.flatnonzero(~held_out(names, salt))
    history, sums, parts = np.zeros((_USERS, MOST_RECENT), np.int64), NO_EFFECT_SUMS, []
    truly = []
    for day in range(days):
        who = random.choice(pushable, _POINTS, replace=False)
        recent = history[who].sum(axis=1)
        effects = effects_of(sums, _NEVER_FADES)
        values = push_values(effects, COSTS, shop.x[who], recent)
        seeds = decision_seeds(names[who], np.full(who.size, day), np.zeros(who.size, np.int64), salt)
        widths = push_widths(effects, COSTS, shop.x[who], recent)
        drawn = decide(values, widths, np.zeros(who.size, np.int64), seeds, known=effects.known)
        adds = _effect(shop, who, recent)
        bought = random.random(who.size) < shop.anyway[who] + drawn.sent * adds
        truly.append(adds)
        rows = np.zeros(who.size, PUSH_ROWS)
        rows["ts_ms"], rows["decisions"], rows["x"], rows["recent"] = day * _DAY_MS, 1, shop.x[who], recent
        rows["chance"], rows["sent"], rows["value"] = drawn.chance, drawn.sent, drawn.code
        rows["rewards"][:, 1] = bought
        sums = merged_effects([sums, effect_entries(rows, _NEVER_FADES)])
        parts.append(PushLog(who, drawn.sent, drawn.chance, values, bought.astype(np.float64)))
        history[:, day % MOST_RECENT] = 0
        history[who[drawn.sent], day % MOST_RECENT] = 1
    log = PushLog(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    return Course(log, np.concatenate(truly))


def _effect(shop: Shop, who: NDArray[np.int64], recent: NDArray[np.int64]) -> NDArray[np.float64]:
    anyway = shop.anyway[who]
    return np.clip(shop.effect[who] + 0.01 - _FATIGUE * recent, -anyway, 1.0 - anyway)
