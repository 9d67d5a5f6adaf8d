"""Users with two lists of one moment, a log of what came of those that were shown, and what the others really earn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tests.support.core_world import KEYS, NOON_MS, tokens_for
from tideline.scripts.analysis.join_log import pseudonym
from tideline.scripts.comparison.list_diff import Pair
from tideline.scripts.simulation.lists import RankedList
from tideline.udfs.core.context import DIM
from tideline.udfs.core.counter_random import decision_seeds
from tideline.udfs.core.hashing import hash64
from tideline.udfs.core.lists.decision_token import propensity, read_unverified
from tideline.udfs.core.ranking.list_form import ListForm
from tideline.udfs.core.ranking.ranking import rank_scores

if TYPE_CHECKING:
    from numpy.typing import NDArray

ACTIVITIES, PLACES, EXPLORATION = 6, 4, 0.25
NAMES = [f"a{number}" for number in range(ACTIVITIES)]


class ListWorld(NamedTuple):
    """Pairs of lists, the columns of a log as `tideline export` writes it, and the truth."""

    pairs: list[Pair]
    columns: dict[str, Any]
    now: float
    """Expected clicks of an entry that was shown, over what was on screen."""
    then: float
    """The same had the other lists been shown, each place below what stood above it."""


def make_world(seed: int, users: int = 1_500, *, more_updates: int = 0, shift: float = 1.0) -> ListWorld:
    """Return a world whose clicks depend on user and activity; lists of `then` count so many updates more.

    With none they explore by the same draws as those that were shown. `shift` is how far the scores are apart.
    """
    random = np.random.default_rng(seed)
    names = [f"{seed}-{number}" for number in range(users)]
    taste = random.normal(size=(users, 1)) @ random.normal(size=(1, ACTIVITIES))
    clicks = 1.0 / (1.0 + np.exp(1.5 - taste))
    shown = random.normal(size=(users, ACTIVITIES))
    wanted = shown + shift * (taste + random.normal(size=(users, ACTIVITIES)))
    now, then = (_lists(names, each, seq) for each, seq in ((shown, 1), (wanted, 1 + more_updates)))
    columns: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
    earned, would = list[float](), list[float]()
    for user, name in enumerate(names):
        token = read_unverified(now[user].token or "")
        whose, above = pseudonym(KEYS, name), list[int]()
        for place, activity in enumerate(now[user].activities):
            arm = NAMES.index(activity)
            row = (
                f"{whose}/1.{NOON_MS}.1", whose, activity, place, NOON_MS + user, propensity(token, place),
                ACTIVITIES, None, 5, 3, int(random.random() < clicks[user, arm]), taste[user, 0],
            )  # fmt: skip
            for column, value in zip(columns.values(), row, strict=True):
                column.append(value)
            left = [each for each in range(ACTIVITIES) if each not in above]
            best = max(left, key=lambda each: wanted[user, each])
            earned.append(clicks[user, arm])
            any_left = float(np.mean([clicks[user, each] for each in left]))
            would.append((1 - EXPLORATION) * clicks[user, best] + EXPLORATION * any_left)
            above.append(arm)
    pairs = [Pair(name, *both) for name, *both in zip(names, now, then, strict=True)]
    return ListWorld(pairs, dict(columns), float(np.mean(earned)), float(np.mean(would)))


_COLUMNS = (
    "decision_id", "user", "action", "position", "ts_ms", "propensity", "eligible", "feasible", "policy_version",
    "encoder_version", "reward", "x_0",
)  # fmt: skip


def _lists(users: list[str], scores: NDArray[np.float64], seq: int) -> list[RankedList]:
    """Return the lists that the job would make of these scores."""
    count = len(users)
    hashes = np.array([hash64(user) for user in users], np.uint64)
    seeds = decision_seeds(hashes, np.full(count, NOON_MS), np.full(count, seq), 11)
    mask = np.ones(scores.shape, np.bool_)
    ranked = rank_scores(scores.copy(), mask, seeds, ListForm(PLACES, EXPLORATION))
    tokens = tokens_for(
        NAMES,
        users=users,
        as_of_ms=np.full(count, NOON_MS),
        seq=np.full(count, seq),
        eligible=ranked.eligible,
        exploration_permille=round(1000 * EXPLORATION),
        explored=ranked.explored,
        x=np.repeat(np.full((1, DIM), 90, np.int8), count, axis=0),
        order=ranked.order,
        arms=np.zeros(count, np.int64),
        pairs=np.zeros(ranked.order.shape, np.uint32),
    )
    return [
        RankedList((1, NOON_MS, seq), tuple(NAMES[at] for at in order), (0,) * PLACES, token, (None,) * PLACES)
        for order, token in zip(ranked.order.tolist(), tokens, strict=True)
    ]
