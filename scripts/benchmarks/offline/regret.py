"""What policies lose while they learn, against other libraries in the same environments.

The policies are the product's own: the job's sums, solved rows, scores and ranking pass. Exploration shares are 0
unless said, as the libraries have none. Runs are spread over the processors, one thread each.
"""

from __future__ import annotations

import os
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.scripts.analysis.read_log import read_log
from tideline.scripts.benchmarks.offline.regret_environments import (
    ARMS_LOW,
    BATCH,
    ROUNDS,
    SEEDS,
    SEEDS_LOW,
    contextual,
    drifting,
    entering,
)
from tideline.scripts.benchmarks.offline.regret_player import ROUND_MS, Player
from tideline.scripts.benchmarks.offline.regret_runs import (
    lost_on_entrants,
    run_best_linear,
    run_contextual,
    run_low_ctr,
)
from tideline.scripts.benchmarks.peers.peer_python import ONE_THREAD, check_peers, run_peers
from tideline.udfs.core.evaluation.learned import replayed
from tideline.udfs.core.policies.by_name import make_policy
from tideline.udfs.settings.job_config import JobConfig
from tideline.udfs.settings.options import options_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from tideline.scripts.benchmarks.offline.regret_environments import Contextual

    Map = Callable[..., Iterable[Any]]
    """The builtin `map`, or one that spreads the calls over processes."""

DEFAULT = str(options_of(JobConfig)["policy"].default)
LOW_CTR = {
    "chernoff_ucb": "chernoff_ucb",
    "chernoff_ucb_literal": "chernoff_ucb:literal=1",
    "kl_ucb": "kl_ucb",
    "thompson": "thompson",
    "ucb_v": "ucb_v",
    "ucb1_tuned": "ucb1_tuned",
}
CONTEXTUAL = {
    "default": DEFAULT,
    "linucb": "linucb",
    "linucb_hybrid": "linucb_hybrid",
    "thompson": "thompson",
    "epsilon_greedy": "epsilon_greedy",
    "softmax": "softmax",
}
UNSEEN = range(100, 116)
"""Seeds that no parameter was chosen on; seeds 0 to 7 and 200 to 239 were looked at when choosing."""
NEW_ROUNDS = 1_000
HALF_LIFE_MS = ROUNDS // 8 * ROUND_MS
DELAYS = {"0": 0, "1_min": 40, "10_min": 600, "1_h": 3_600}
"""Rounds by name, at a decision a second; whole batches."""
_DEFAULT_EXPLORATION = float(options_of(JobConfig)["exploration"].default)
_LOGS = Path(__file__).resolve().parents[3] / "tests" / "golden" / "ope"
CAMPAIGNS = ("all", "men", "women")


def measure(parts: list[str] | None = None, peers: bool = False) -> dict[str, Any]:
    """Return the regret by environment and policy; `parts` names environments, None means all of PARTS.

    With `peers`, beside other libraries in those that they play in.

    Raises:
        ConfigError: these are not installed; told before anything is measured.
        OSError: one of them failed.
    """
    found: dict[str, Any] = {}
    compared = peers and compares(parts or list(PARTS))
    os.environ.update(ONE_THREAD)  # read by the processes that are started
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        for part in parts or list(PARTS):
            print(f"regret: {part}", file=sys.stderr)
            found[part] = PARTS[part](pool.map)
    return with_peers(found) if compared else found


def compares(parts: Iterable[str]) -> bool:
    """Return whether other libraries play in any of the parts.

    Raises:
        ConfigError: they do, and are not installed.
    """
    some = not OF_PEERS.isdisjoint(parts)
    if some:
        check_peers()
    return some


def measure_low_ctr(each: Map) -> dict[str, Any]:
    """Return mean and worst regret over 12 seeds: 20 arms, click rates ~ Beta(2, 80), 60,000 rounds."""
    found = {}
    for name, text in LOW_CTR.items():
        lost = list(each(partial(run_low_ctr, partial(_player, text, range(ARMS_LOW))), range(SEEDS_LOW)))
        found[name] = {"mean": round(float(np.mean(lost)), 1), "worst": round(max(lost), 1)}
    return found


def measure_contextual(each: Map) -> dict[str, Any]:
    """Return mean regret over the two seeds of the setting and over unseen ones: 10 arms, logistic rewards."""
    found = {name: _mean_of(each, text, contextual) for name, text in CONTEXTUAL.items()}
    found["default_exploring"] = _mean_of(each, DEFAULT, contextual, exploration=_DEFAULT_EXPLORATION)
    return found


def measure_entering(each: Map) -> dict[str, Any]:
    """Return what hybrid and disjoint lose on five activities that enter in the middle, each like three others.

    `on_entrants` is until the end, `while_new` in the first NEW_ROUNDS, some hundred impressions of each. `best_linear`
    is what a linear policy that has nothing left to learn loses all the same.
    """
    found: dict[str, Any] = {}
    columns = ("mean", "on_entrants", "while_new")
    runs = {name: partial(_entering, name) for name in ("linucb_hybrid", "linucb")}
    for name, run in {**runs, "best_linear": _entering_best_linear}.items():
        means = np.mean(list(each(run, UNSEEN)), axis=0).tolist()
        found[name] = {column: round(mean, 1) for column, mean in zip(columns, means, strict=True)}
    hybrid, disjoint = found["linucb_hybrid"], found["linucb"]
    found["ratio"] = {column: round(hybrid[column] / disjoint[column], 3) for column in columns}
    return found


def measure_drift(each: Map) -> dict[str, Any]:
    """Return regret after all arms swapped in the middle, and without a swap, with and without forgetting.

    `discounted` is with a half-life of an eighth of the run, shorter than one would dare if steady times paid for it.
    """
    found: dict[str, Any] = {}
    for name, half_life_ms in (("discounted", HALF_LIFE_MS), ("undiscounted", 0)):
        found[name] = {
            "after_swap": _mean_of(each, DEFAULT, drifting, half_life_ms, slice(ROUNDS // 2, None))["unseen"],
            "without_swap": _mean_of(each, DEFAULT, contextual, half_life_ms)["unseen"],
        }
    with_it, without = found["discounted"], found["undiscounted"]
    return found | {
        "after_swap_ratio": round(with_it["after_swap"] / without["after_swap"], 3),
        "lost_without_swap": round(with_it["without_swap"] / without["without_swap"] - 1, 3),
        "half_life_rounds": HALF_LIFE_MS // ROUND_MS,
    }


def measure_delay(each: Map) -> dict[str, Any]:
    """Return regret by delay of the clicks, and how much one window of a batch favours one arm.

    `pending` counts impressions at once, as the job does, else they are learned together with their clicks. `herd` is
    the top arm's share in a batch, which is chosen with one and the same state, over what it would be if the arms of
    the batch were drawn by their shares in the whole run; 1 is no herd.
    """
    found: dict[str, Any] = {}
    for name, delay in DELAYS.items():
        found[name] = {}
        for kind, at_once in (("pending", True), ("together", False)):
            runs = each(partial(_delayed, DEFAULT, delay, at_once), UNSEEN[:4])
            lost, herd = np.mean(list(runs), axis=0).tolist()
            found[name][kind] = {"mean": round(lost, 1), "herd": round(herd, 3)}
    return found


def measure_obd(each: Map) -> dict[str, Any]:
    """Return rows kept and their clicks when policies replay the uniform-random logs of obd-small, by campaign."""
    return dict(zip(CAMPAIGNS, each(_replay, CAMPAIGNS), strict=True))


def with_peers(found: dict[str, Any]) -> dict[str, Any]:
    """Return the document with the other libraries' figures beside ours, as far as its parts go."""
    with tempfile.TemporaryDirectory() as folder:
        logs = [_write_log(Path(folder) / f"{campaign}.npz", campaign) for campaign in found.get("obd", {})]
        peers = run_peers(
            "tideline.scripts.benchmarks.peers.regret_peers", [*found.keys() & {"low_ctr", "contextual"}, *logs]
        )
    for part in ("low_ctr", "contextual"):
        if part in found:
            found[part] |= {name: _rounded(each) for name, each in peers[part].items()}
    for campaign in found.get("obd", {}):
        found["obd"][campaign] |= peers["obd"][campaign]
    return found


def _rounded(figures: dict[str, float]) -> dict[str, float]:
    return {name: round(figure, 1) for name, figure in figures.items()}


def _write_log(path: Path, campaign: str) -> str:
    log = read_log(_LOGS / f"obd_{campaign}.csv.gz", "reward").log
    every = np.arange(log.rows)
    np.savez(path, x=log.x, action=log.action, reward=log.reward, open=log.open_arms(every))
    return str(path)


def _player(text: str, categories: Any, seed: int, half_life_ms: int = 0, exploration: float = 0.0) -> Player:
    return Player(make_policy(text), list(categories), seed, half_life_ms, exploration)


def _mean_of(
    each: Map,
    text: str,
    world_of: Callable[[int], Contextual],
    half_life_ms: int = 0,
    part: slice = slice(None),
    exploration: float = 0.0,
) -> dict[str, float]:
    lost = list(each(partial(_lost, text, world_of, half_life_ms, part, exploration), [*range(SEEDS), *UNSEEN]))
    return {"mean": round(float(np.mean(lost[:SEEDS])), 1), "unseen": round(float(np.mean(lost[SEEDS:])), 1)}


def _lost(
    text: str, world_of: Callable[[int], Contextual], half_life_ms: int, part: slice, exploration: float, seed: int
) -> float:
    world = world_of(seed)
    player = _player(text, world.category.tolist(), seed, half_life_ms, exploration)
    return float(run_contextual(player, world)[0][part].sum())


def _entering(text: str, seed: int) -> tuple[float, float, float]:
    world = entering(seed)
    return _on_entrants(world, *run_contextual(_player(text, world.category.tolist(), seed), world))


def _entering_best_linear(seed: int) -> tuple[float, float, float]:
    world = entering(seed)
    return _on_entrants(world, *run_best_linear(world))


def _on_entrants(world: Contextual, lost: NDArray[np.float64], shown: NDArray[np.int64]) -> tuple[float, float, float]:
    on_entrants, while_new = (lost_on_entrants(lost, shown, world, rounds) for rounds in (ROUNDS, NEW_ROUNDS))
    return float(lost.sum()), on_entrants, while_new


def _replay(campaign: str) -> dict[str, Any]:
    log = read_log(_LOGS / f"obd_{campaign}.csv.gz", "reward").log
    found = {"logged": {"kept": log.rows, "clicks": int(log.reward.sum())}}
    for name in ("linucb", "thompson", "kl_ucb"):
        matched = replayed(make_policy(name), log, 0.0)
        found[name] = {"kept": int(matched.sum()), "clicks": int((matched * log.reward).sum())}
    return found


def _delayed(text: str, delay: int, at_once: bool, seed: int) -> tuple[float, float]:
    world = contextual(seed)
    lost, shown = run_contextual(_player(text, world.category.tolist(), seed), world, delay, at_once)
    return float(lost.sum()), _herd(shown[2 * max(delay, BATCH) :])


def _herd(shown: NDArray[np.int64]) -> float:
    """Return the mean share of a batch's top arm, over that in batches drawn by the arms' overall shares."""
    arms = int(shown.max()) + 1
    overall = np.bincount(shown, minlength=arms) / shown.size
    batches = shown[: shown.size // BATCH * BATCH].reshape(-1, BATCH)
    shares = np.stack([np.bincount(each, minlength=arms) for each in batches]) / BATCH
    expected = np.sort(np.random.default_rng(1).multinomial(BATCH, overall, 4_000) / BATCH, axis=1)[:, -1].mean()
    return float(shares.max(axis=1).mean() / expected)


PARTS: dict[str, Callable[[Map], dict[str, Any]]] = {
    "low_ctr": measure_low_ctr,
    "contextual": measure_contextual,
    "entering": measure_entering,
    "drift": measure_drift,
    "delay": measure_delay,
    "obd": measure_obd,
}
"""Environments by name."""
OF_PEERS = frozenset(("low_ctr", "contextual", "obd"))
"""Those in which other libraries play too."""
