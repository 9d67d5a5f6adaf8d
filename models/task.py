"""What an evaluation predicts: which events, from which events before them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from tideline.models.data import owners, recoded

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.models.data import Sequences

Which = Literal["last", "all"]
Of = Literal["item", "category"]
_MIXER = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Task:
    """T targets of a test file."""

    events: Sequences
    """All test events in codes of their own: a model may know what training does not, and has buckets for the rest."""
    rows: NDArray[np.int64]
    """[T] the targets' rows of `events`, rising."""
    labels: NDArray[np.int64]
    """[T] the targets' item or category in training's codes; -1 for one that training does not know."""
    sequence: NDArray[np.int64]
    """[T] number of the target's sequence among those that have a target."""
    labelled: Sequences
    """The test events that have an item (or category), with it as their item in training's codes: for baselines."""
    labelled_rows: NDArray[np.int64]
    """[T] the targets' rows of `labelled`."""

    @property
    def sequences(self) -> int:
        """How many sequences have a target."""
        return int(self.sequence[-1]) + 1 if self.sequence.size else 0


def make_task(train: Sequences, test: Sequences, which: Which, of: Of) -> Task:
    """Return the targets of a test file.

    A target is an event that has an item (a category where `of` says so) and is not the first event of its sequence:
    `all` of them, or the `last` of each sequence.
    """
    has_label = _labels(test, of) >= 0
    owner = owners(test)
    first = np.zeros(has_label.size, bool)
    first[test.starts[:-1]] = True
    rows = np.flatnonzero(has_label & ~first)
    if which == "last":
        rows = rows[np.append(owner[rows][1:] != owner[rows][:-1], True)[: rows.size]]
    told = recoded(test, train)
    return Task(
        events=test,
        rows=rows,
        labels=_labels(told, of)[rows],
        sequence=np.unique(owner[rows], return_inverse=True)[1],
        labelled=_kept(_with_items(told, of), has_label),
        labelled_rows=np.cumsum(has_label)[rows] - 1,
    )


def training_labels(train: Sequences, of: Of) -> Sequences:
    """Return the training events that have an item (or category), with it as their item."""
    return _kept(_with_items(train, of), _labels(train, of) >= 0)


def targets_in(train: Sequences, task: Task) -> int:
    """Return how many targets are events of the training file too: the same sequence, time, item and category."""
    test = task.events
    places = {name: at for at, name in enumerate(train.names.tolist())}
    sequence = np.array([places.get(name, -1) for name in test.names.tolist()], np.int64)[owners(test)[task.rows]]
    told = recoded(test, train)
    mine = _marks(sequence, test.ts_ms[task.rows], told.item[task.rows], told.category[task.rows])
    theirs = _marks(owners(train), train.ts_ms, train.item, train.category)
    return int((np.isin(mine, theirs) & (sequence >= 0)).sum())


def _marks(*columns: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return one number for each row, which rows that differ hardly ever share."""
    found = np.zeros(columns[0].size, np.uint64)
    for column in columns:
        found = (found ^ column.astype(np.uint64)) * _MIXER
        found ^= found >> np.uint64(29)
    return found


def _labels(data: Sequences, of: Of) -> NDArray[np.int64]:
    return data.item if of == "item" else data.category


def _with_items(data: Sequences, of: Of) -> Sequences:
    return data if of == "item" else replace(data, item=data.category, item_names=data.category_names)


def _kept(data: Sequences, kept: NDArray[np.bool_]) -> Sequences:
    """Return the chosen events; sequences without any are left out."""
    lengths = np.add.reduceat(kept, data.starts[:-1], dtype=np.int64)
    return replace(
        data,
        starts=np.concatenate([[0], np.cumsum(lengths[lengths > 0])]),
        names=data.names[lengths > 0],
        item=data.item[kept],
        category=data.category[kept],
        type=data.type[kept],
        ts_ms=data.ts_ms[kept],
        price=data.price[kept],
        quantity=data.quantity[kept],
    )
