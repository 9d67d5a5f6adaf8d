"""Whether what pushes are said to have brought is true: worlds in which the job's own functions learn and decide.

In each world 20,000 users have 3,000 decision points a day for 20 days. A push adds more to some, less to the loyal,
and less the more came in the week before. Each night the sums are solved and the next day is decided by them; at the
end the log says what its pushes have added, with bounds. The truth is what they added in expectation, draw by draw.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.scripts.benchmarks.offline.push.uplift import COSTS, Shop, shop_of
from tideline.scripts.benchmarks.progress import say
from tideline.udfs.core.budgets.ledger import HOUR_MS
from tideline.udfs.core.counter_random import decision_seeds
from tideline.udfs.core.learning.learning import Decay
from tideline.udfs.core.push.brought import Brought, PushLog, brought_by
from tideline.udfs.core.push.effect_sums import (
    MOST_RECENT,
    NO_EFFECT_SUMS,
    PUSH_ROWS,
    effect_entries,
    merged_effects,
)
from tideline.udfs.core.push.effects import effects_of, push_values
from tideline.udfs.core.push.sending import decide, held_out

if TYPE_CHECKING:
    from numpy.typing import NDArray

WORLDS = 100
_FIRST_SEED = 2000
_USERS, _DAYS, _POINTS = 20_000, 20, 3_000
_FATIGUE = 0.004
_DAY_MS = 24 * HOUR_MS
_NEVER_FADES = Decay(0)


class Course(NamedTuple):
    """What a world's log says of its pushes, and the truth of them."""

    said: Brought
    truth: float

    @property
    def covered(self) -> bool:
        """Whether the truth lies within what was said."""
        return self.said.low <= self.truth <= self.said.high


def measure(worlds: int = WORLDS) -> dict[str, Any]:
    """Return in how many worlds the truth lies within the bounds, and what the bounds are worth."""
    courses = []
    for seed in range(_FIRST_SEED, _FIRST_SEED + worlds):
        courses.append(play(seed))
        if (seed - _FIRST_SEED) % 10 == 9:
            say(f"truth_covered: {sum(each.covered for each in courses)} of {len(courses)} worlds")
    return {
        "covered": sum(each.covered for each in courses),
        "worlds": worlds,
        "above_0": sum(each.said.low > 0.0 for each in courses),
        "truth": float(np.mean([each.truth for each in courses])),
        "half_width": float(np.mean([(each.said.high - each.said.low) / 2.0 for each in courses])),
    }


def play(seed: int, days: int = _DAYS) -> Course:
    """Return the course of one world."""
    random = np.random.default_rng(seed)
    shop, salt = shop_of(random, _USERS), int(random.integers(2**63))
    names = random.integers(0, 2**64, _USERS, np.uint64)
    pushable = np.flatnonzero(~held_out(names, salt))
    history, sums, parts, truth = np.zeros((_USERS, MOST_RECENT), np.int64), NO_EFFECT_SUMS, [], 0.0
    for day in range(days):
        who = random.choice(pushable, _POINTS, replace=False)
        recent = history[who].sum(axis=1)
        effects = effects_of(sums, _NEVER_FADES)
        values = push_values(effects, COSTS, shop.x[who], recent)
        seeds = decision_seeds(names[who], np.full(who.size, day), np.zeros(who.size, np.int64), salt)
        drawn = decide(values, np.zeros(who.size, np.int64), seeds, known=effects.known)
        adds = _effect(shop, who, recent)
        bought = random.random(who.size) < shop.anyway[who] + drawn.sent * adds
        truth += float(adds[drawn.sent].sum())
        rows = np.zeros(who.size, PUSH_ROWS)
        rows["ts_ms"], rows["decisions"], rows["x"], rows["recent"] = day * _DAY_MS, 1, shop.x[who], recent
        rows["chance"], rows["sent"], rows["value"] = drawn.chance, drawn.sent, drawn.code
        rows["rewards"][:, 1] = bought
        sums = merged_effects([sums, effect_entries(rows, _NEVER_FADES)])
        parts.append(PushLog(who, drawn.sent, drawn.chance, bought.astype(np.float64)))
        history[:, day % MOST_RECENT] = 0
        history[who[drawn.sent], day % MOST_RECENT] = 1
    log = PushLog(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    return Course(brought_by(log), truth)


def _effect(shop: Shop, who: NDArray[np.int64], recent: NDArray[np.int64]) -> NDArray[np.float64]:
    anyway = shop.anyway[who]
    return np.clip(shop.effect[who] + 0.01 - _FATIGUE * recent, -anyway, 1.0 - anyway)
