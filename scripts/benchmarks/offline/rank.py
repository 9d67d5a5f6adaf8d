"""Microseconds a user for a list of ten: the whole ranking pass, against other libraries' LinUCB, on one thread."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.scripts.benchmarks.offline.rank_timing import ACTIVITIES, LIST_SIZE, USERS, WIDE, best_us
from tideline.scripts.benchmarks.offline.rank_users import activities_of, users_of
from tideline.scripts.benchmarks.peers.peer_python import run_alone, run_peers
from tideline.udfs.core.context import DIM
from tideline.udfs.core.counter_random import decision_seeds
from tideline.udfs.core.pairs.affinity import content_of
from tideline.udfs.core.pairs.pair_numbers import PAIR_DIM
from tideline.udfs.core.pairs.pairs_of import pairs_of
from tideline.udfs.core.policies.base import Contexts
from tideline.udfs.core.policies.by_name import make_policy
from tideline.udfs.core.policies.pair_row import PairTable, pair_row
from tideline.udfs.core.policies.policy_table import Coefficients
from tideline.udfs.core.ranking.list_form import ListForm
from tideline.udfs.core.ranking.ranking import rank
from tideline.udfs.settings.job_config import JobConfig
from tideline.udfs.settings.options import options_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEFAULT = str(options_of(JobConfig)["policy"].default)
_EXPLORATION = 0.02
_REPEATS = 30


def measure() -> dict[str, Any]:
    """Return us_per_user by number of activities at 32 context numbers, and at the product's own under `dim_16`.

    peer_us_per_user is that of the fastest library; `exact` says that the lists are those of a full sort. `default` is
    the job's default policy; pairs_us_per_user is what comes before it: what each user, of whom all is known that can
    be kept, and each activity have to do with each other.
    """
    peers = run_peers("tideline.scripts.benchmarks.peers.rank_peers")
    found = run_alone("tideline.scripts.benchmarks.offline.rank")
    for count in map(str, ACTIVITIES):
        found[count] |= {"peer_us_per_user": min(peers[count].values()), "peers": peers[count]}
    return found


def measure_ours() -> dict[str, Any]:
    """Return the product's part of `measure`, on as many threads as the process may use."""
    found: dict[str, Any] = {str(count): _timed("linucb", count, WIDE) for count in ACTIVITIES}
    found[f"dim_{DIM}"] = {str(count): _timed("linucb", count, DIM) for count in ACTIVITIES}
    return found | {"default": {str(count): _by_default(count) for count in ACTIVITIES}}


def _by_default(count: int) -> dict[str, Any]:
    activities = activities_of(count)
    content, users, rows = content_of(activities), users_of(USERS, activities), np.arange(USERS)
    taken = best_us(lambda: pairs_of(content, users, rows), USERS, _REPEATS)
    return _timed(DEFAULT, count, DIM, pairs_of(content, users, rows)) | {"pairs_us_per_user": taken}


def _timed(text: str, count: int, dim: int, pairs: NDArray[np.uint32] | None = None) -> dict[str, Any]:
    rng = np.random.default_rng(count)
    ones = np.ones(count)
    theta = np.rint(rng.normal(size=(count, dim)) * 2.0**20)
    inverse = np.rint(rng.normal(size=(count, dim * (dim + 1) // 2)) * 2.0**20)
    shared = pair_row(rng.normal(size=PAIR_DIM), np.diag(rng.random(PAIR_DIM)), 0.2)
    known = Coefficients(theta, inverse, ones, ones, ones, PairTable(shared, ones))
    contexts = Contexts(rng.integers(-40, 40, (USERS, dim)).astype(np.int8), pairs)
    mask = np.ones((USERS, count), np.bool_)
    numbers = np.arange(USERS)
    seeds = decision_seeds(numbers.astype(np.uint64), numbers, numbers, 1)
    policy, form = make_policy(text), ListForm(LIST_SIZE, _EXPLORATION)
    taken = best_us(lambda: rank(policy, known, contexts, mask, seeds, form), USERS, _REPEATS)
    scores = policy.score(contexts, known, np.full(USERS, count), seeds)
    wanted = np.sort(scores.mean + scores.bonus, axis=1)[:, : -LIST_SIZE - 1 : -1]
    order = rank(policy, known, contexts, mask, seeds, ListForm(LIST_SIZE)).order
    ranked = np.take_along_axis(scores.mean + scores.bonus, order, axis=1)
    return {"us_per_user": taken, "exact": bool(np.abs(ranked - wanted).max() < 1e-8)}


if __name__ == "__main__":
    print(json.dumps(measure_ours()))
