"""`scripts/bench value`: clicks of ours and of rivals in worlds of which the truth is known."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tideline.models.encoder import Encoder
from tideline.scripts.benchmarks.offline.value.ours import DEFAULT, JobPolicy
from tideline.scripts.benchmarks.offline.value.peer_runs import play_peers
from tideline.scripts.benchmarks.offline.value.rivals import Attainable, Content, PopularBest, PopularLearned, Random
from tideline.scripts.benchmarks.offline.value.value_figures import ctr, figures_of
from tideline.scripts.benchmarks.offline.value.value_play import play
from tideline.scripts.benchmarks.offline.value.value_stage import make_stage
from tideline.scripts.benchmarks.peers.peer_python import check_peers
from tideline.scripts.benchmarks.progress import say
from tideline.scripts.benchmarks.worlds.built_in_worlds import WORLDS, make
from tideline.scripts.benchmarks.worlds.world_folder import read_world
from tideline.udfs.core.policies.by_name import make_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tideline.scripts.benchmarks.offline.value.value_play import Played, Ranker
    from tideline.scripts.benchmarks.offline.value.value_stage import Stage
    from tideline.scripts.benchmarks.worlds.value_world import World
    from tideline.udfs.core.users.interest import StepEncoder

ENCODER = Path(__file__).resolve().parents[4] / "models" / "artefacts" / "demo-2"
POLICIES = ("linucb", "linucb:alpha=0.4,ridge=4")
"""Policies beside the default."""
SEEDS = 3


class TrainingRun(NamedTuple):
    """How worlds are played."""

    past_days: float | None = None
    """So much of what was before the first visit is known; None: all."""
    seeds: int = SEEDS
    policies: tuple[str, ...] = POLICIES
    peers: bool = True


DEFAULT_COURSE = TrainingRun()


RIVALS: dict[str, Callable[[Stage, int], Ranker]] = {
    "attainable": lambda stage, seed: Attainable(stage),
    "random": Random,
    "popular_best": lambda stage, seed: PopularBest(stage),
    "popular_learned": PopularLearned,
    "content": lambda stage, seed: Content(stage),
}


def measure(
    names: Sequence[str] | None = None,
    folder: Path | None = None,
    how: TrainingRun = DEFAULT_COURSE,
    encoder: Path = ENCODER,
) -> dict[str, Any]:
    """Return what each ranker gets in each world: those named, that of a folder, or all that are built in.

    Raises:
        ConfigError: a folder that is no world, a policy that is none, or a package or library that is not installed.
        ModelError: the encoder cannot be loaded.
    """
    for text in how.policies:
        make_policy(text)
    if how.peers:
        check_peers()
    step = Encoder.load(encoder, provider="cpu")
    found = {}
    if folder is not None:
        world = read_world(folder)
        found[folder.resolve().name] = measure_world(lambda seed: world, step, how, world.seed)
    for name in names or (() if folder is not None else WORLDS):
        say(f"value: {name}")
        found[name] = measure_world(partial(make, name), step, how)
    return {"encoder": encoder.name, "past_days": how.past_days, "seeds": how.seeds, "worlds": found}


def measure_world(
    world_of: Callable[[int], World], encoder: StepEncoder, how: TrainingRun, first_seed: int = 1
) -> dict[str, Any]:
    """Return the figures of all rankers in a world, over seeds from the first one on."""
    played: dict[str, list[Played]] = {}
    peers: list[dict[str, Played]] = []
    for seed in range(first_seed, first_seed + how.seeds):
        stage = make_stage(world_of(seed), encoder, how.past_days)
        for name, ranker in (
            RIVALS | {each: partial(JobPolicy, text=each) for each in (DEFAULT, *how.policies)}
        ).items():
            played.setdefault(name, []).append(play(stage.truth, ranker(stage, seed), seed))
            _tell(seed, name, played[name][-1])
        if how.peers:
            peers.append(play_peers(stage, seed))
            for name, run in peers[-1].items():
                _tell(seed, name, run)
    if peers:
        played["peer"] = best_of(peers)
    found = {name: figures_of(runs, played["attainable"], played["random"]) for name, runs in played.items()}
    rivals = {name: each for name, each in found.items() if name in RIVALS or name == "peer"}
    return rivals | {"default": found[DEFAULT], "policies": {name: found[name] for name in how.policies}}


def best_of(runs: Sequence[dict[str, Played]]) -> list[Played]:
    """Return the runs, one for each seed, under the setting that got the most clicks over all of them."""
    best = max(runs[0], key=lambda name: sum(float(run[name].clicks.sum()) for run in runs))
    return [run[best] for run in runs]


def _tell(seed: int, name: str, run: Played) -> None:
    say(f"  seed {seed}: {name} {100 * ctr(run):.2f} clicks per 100 impressions")
