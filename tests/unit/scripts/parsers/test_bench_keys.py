"""Contract: the keys that are told of a benchmark are those that it prints."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.tiny_world import tiny_world
from tideline.scripts.benchmarks.live import (
    backends,
    backfill_rate,
    beside,
    capacity,
    cluster_rate,
    freshness,
    memory,
    openings,
    replay_rate,
    ruled,
    soak,
    start,
    throughput,
)
from tideline.scripts.benchmarks.live.peers import side_by_side
from tideline.scripts.benchmarks.offline import archive_rate, mutate, ope_coverage, publish, regret, stories
from tideline.scripts.benchmarks.offline.analysts import analysts
from tideline.scripts.benchmarks.offline.push import push_bench
from tideline.scripts.benchmarks.offline.rank_timing import ACTIVITIES
from tideline.scripts.benchmarks.offline.rules import rules
from tideline.scripts.benchmarks.offline.value import value
from tideline.scripts.benchmarks.worlds import built_in_worlds
from tideline.scripts.benchmarks.worlds.world_folder import write_world
from tideline.scripts.benchmarks.year import year
from tideline.scripts.commands import bench
from tideline.scripts.parsers.bench_keys import BENCH_KEYS
from tideline.scripts.parsers.verbs import parser_of
from tideline.udfs.core.context import DIM

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_SHORT: dict[str, Callable[[], dict[str, Any]]] = {
    "publish": partial(publish.measure, known=10, changed=2, repeats=1),
    "archive": partial(archive_rate.measure, rows=100),
    "analysts": partial(analysts.measure, 100, ["report"], lambda module, argv: {"peak_mib": 1.0, "cpu_s": 0.0}),
    "ope": partial(ope_coverage.measure, 100, 1),
    "rank": lambda: dict.fromkeys(map(str, ACTIVITIES)) | {f"dim_{DIM}": {}, "default": {}},
    "regret": lambda: dict.fromkeys(regret.PARTS),
    "rules": lambda: dict.fromkeys(rules.PARTS),
    "push": lambda: dict.fromkeys(push_bench.PARTS),
    "mutate": partial(mutate.measure, 7, 1),
    "stories": partial(stories.measure, 1, 1),
    "year": partial(year.measure, days=1, seed=3, users=100, sessions=4),
}
_ON_A_STACK = {
    "throughput": throughput,
    "peers": side_by_side,
    "beside": beside,
    "backfill": backfill_rate,
    "capacity": capacity,
    "cluster": cluster_rate,
    "backends": backends,
    "ruled": ruled,
    "replay": replay_rate,
    "freshness": freshness,
    "memory": memory,
    "soak": soak,
    "start": start,
    "openings": openings,
}


def test_every_benchmark_has_its_keys() -> None:
    assert (
        parser_of("bench").sub_verbs().keys()
        == BENCH_KEYS.keys()
        == {*_SHORT, *_ON_A_STACK, "encoder", "providers", "value", "zeroshot", "world"}
    )


@pytest.mark.parametrize("name", _SHORT)
def test_what_is_told_is_what_is_printed(name: str) -> None:
    assert _SHORT[name]().keys() == BENCH_KEYS[name].keys()


def test_what_is_told_of_value_is_what_is_printed(tmp_path: Path) -> None:
    """Contract: of a small world of one's own too."""
    write_world(tiny_world(), tmp_path / "shop")
    found = value.measure(folder=tmp_path / "shop", how=value.TrainingRun(None, 1, (), False))
    assert found.keys() == BENCH_KEYS["value"].keys()


@pytest.mark.parametrize("name", _ON_A_STACK)
def test_what_is_told_is_what_a_benchmark_on_a_stack_returns(name: str) -> None:
    """Contract: by the type of what it returns, which mypy holds it to: a run takes minutes."""
    assert _ON_A_STACK[name].Figures.__annotations__.keys() == BENCH_KEYS[name].keys()


def test_a_world_that_is_written_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(built_in_worlds, "make", lambda name, seed: tiny_world())
    assert bench.main(["world", "few", str(tmp_path / "few"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out).keys() == BENCH_KEYS["world"].keys()
