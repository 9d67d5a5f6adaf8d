"""Ranks of a task's targets under a model, block by block, so that targets times items never lie in memory at once."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from tideline.models.baselines.context import all_items_before, lengths_before
from tideline.models.metrics import Coverage, Ranks, ranks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from tideline.models.data import Sequences
    from tideline.models.task import Task

BLOCK_SCORES = 1_000_000
"""Scores, and events before targets, that are worked on at once (a single target may have more): small enough for
memory that is used again and again, many times faster than new memory for every block."""
BLOCK_TARGETS = 4_096
TASK_BLOCKS = 16
"""Blocks that a worker does in one go."""

_SAY_EVERY_S = 5.0


class Baseline(Protocol):
    """A fitted baseline."""

    gives_probabilities: ClassVar[bool]

    def scores(self, data: Sequences, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the score of each item [B, N] at rows [B] of data in the training items' codes."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A model's result on a task."""

    ranks: Ranks
    coverage: Coverage


def blocks(task: Task, items: int) -> list[slice]:
    """Return the parts in which the targets are scored: bounded in scores and in events before the targets."""
    least = BLOCK_SCORES // BLOCK_TARGETS
    cost = np.maximum(items, least) + lengths_before(task.labelled, task.labelled_rows)
    block = np.cumsum(cost) // BLOCK_SCORES
    cuts = [0, *(np.flatnonzero(np.diff(block)) + 1).tolist(), task.rows.size]
    return [slice(start, end) for start, end in pairwise(cuts)]


def rank_block(task: Task, part: slice, scores: NDArray[Any], log_p: NDArray[Any] | None, *, mask_seen: bool) -> Ranked:
    """Return the result on some targets from scores [B, N], which are overwritten, and their log probabilities [B].

    With `mask_seen` the items that are before a target in its sequence are not ranked.
    """
    labels = task.labels[part]
    if mask_seen:
        scores[all_items_before(task.labelled, task.labelled_rows[part])] = -np.inf
    above, ties = ranks(scores, labels)
    given = np.full(labels.size, np.nan) if log_p is None else np.where(labels >= 0, log_p, np.nan)
    return Ranked(Ranks(above, ties, given), Coverage.of(scores, task.sequence[part]))


def rank_log_scores(
    task: Task, items: int, log_scores: Callable[[NDArray[np.int64]], NDArray[np.float32]], *, mask_seen: bool
) -> Ranked:
    """Return the result of a model that gives log probabilities [B, N] for rows [B] of the task's events."""

    def found() -> Iterator[Ranked]:
        for part in blocks(task, items):
            scores = log_scores(task.rows[part])
            own = scores[np.arange(scores.shape[0]), task.labels[part]].astype(np.float64)
            yield rank_block(task, part, scores, own, mask_seen=mask_seen)

    return joined(_counted("gru", task, found()))


def rank_baselines(
    task: Task, items: int, fitted: Mapping[str, Baseline], *, mask_seen: bool, workers: int
) -> dict[str, Ranked]:
    """Return the result of each fitted baseline, worked out by `workers` processes."""
    parts = blocks(task, items)
    tasks = [parts[start : start + TASK_BLOCKS] for start in range(0, len(parts), TASK_BLOCKS)]
    work = _Work(task, fitted, mask_seen)
    found = {}
    # Forked, because the workers then share the fitted baselines without copying them.
    pool = ProcessPoolExecutor(workers, get_context("fork"), _hold, (work,)) if workers > 1 else nullcontext()
    with pool as executor:
        if executor is None:
            _hold(work)
        for name in fitted:
            named = [name] * len(tasks)
            results = map(_ranked, named, tasks) if executor is None else executor.map(_ranked, named, tasks)
            found[name] = joined(_counted(name, task, results))
    return found


@dataclass(frozen=True, slots=True)
class _Work:
    task: Task
    fitted: Mapping[str, Baseline]
    mask_seen: bool


_held: list[_Work] = []


def _hold(work: _Work) -> None:
    _held[:] = [work]


def _ranked(name: str, parts: list[slice]) -> Ranked:
    return joined(_ranked_part(name, part) for part in parts)


def _ranked_part(name: str, part: slice) -> Ranked:
    work = _held[0]
    model = work.fitted[name]
    scores = model.scores(work.task.labelled, work.task.labelled_rows[part])
    own = None
    if model.gives_probabilities:
        own = np.log(scores[np.arange(scores.shape[0]), work.task.labels[part]])
    return rank_block(work.task, part, scores, own, mask_seen=work.mask_seen)


def joined(results: Iterable[Ranked]) -> Ranked:
    """Return the result on all targets from those on parts of them, in order."""
    found: list[Ranks] = []
    coverage: Coverage | None = None
    for result in results:
        found.append(result.ranks)
        coverage = result.coverage if coverage is None else coverage | result.coverage
    if coverage is None:
        raise ValueError("no part of the task was ranked")
    columns = (np.concatenate([getattr(each, key) for each in found]) for key in ("above", "ties", "log_p"))
    return Ranked(Ranks(*columns), coverage)


def _counted(name: str, task: Task, results: Iterable[Ranked]) -> Iterator[Ranked]:
    """Pass results on and say on stderr how many targets are done."""
    started = said = time.monotonic()
    done = 0
    for result in results:
        yield result
        done += result.ranks.above.size
        now = time.monotonic()
        if now - said >= _SAY_EVERY_S or done == task.rows.size:
            print(f"{name}: {done:,} of {task.rows.size:,} targets, {now - started:.1f} s", file=sys.stderr, flush=True)
            said = now
