"""Rows of a log in the order of decisions, whatever their order in its file: sorted in parts on disk.

A decision's rows come together in a part by its id, which tells when it began; parts of stretches of time are sorted
one after the other. Held at a time are OF_A_PART rows or so, those of one decision, and those of one moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from tideline.models.coded_texts import coded_texts
from tideline.scripts.archive.spilled_parts import spill, spilled, spilled_batches
from tideline.udfs.core.hashing import hash64

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

OF_A_PART, PARTS = 250_000, 500
SAMPLED_EACH = 1_024
"""One row in so many tells where parts begin."""


class Ordered(NamedTuple):
    """Some rows in order, each one's decision, from 0 on in these, and the decisions' ids, rising."""

    rows: pa.Table
    decision: NDArray[np.int64]
    names: NDArray[np.str_]
    name: NDArray[np.int64]
    """Place of each row's id among them."""


class DecisionOrder:
    """Rows [row, kept, decision, position, ts_ms, ...] by decision.

    Attributes:
        repeats: Whether some decision has several rows.
    """

    def __init__(self, folder: Path, rows: int) -> None:
        """`folder` is for the parts, to be cleared by the caller."""
        self._folder, self._count = folder, min(1 + rows // OF_A_PART, PARTS)
        self.repeats = False

    def take(self, batches: Iterable[pa.RecordBatch], moments: Sequence[int]) -> None:
        """Take all rows; those that are not kept say alone which decisions there are. `moments` are times of some."""
        parted = ((rows, coded_texts(rows["decision"]).parts(self._count)) for rows in batches)
        spill(parted, lambda part: self._folder / f"decisions-{part}")
        ends = splitters(np.array(moments, np.int64), self._count)
        spill(self._timed(ends), lambda part: self._folder / f"times-{part}")

    def _timed(self, ends: NDArray[np.int64]) -> Iterator[tuple[pa.Table, NDArray[np.int64]]]:
        for rows in self._taken("decisions"):
            coded = coded_texts(rows["decision"])
            self.repeats = self.repeats or coded.names.size < rows.num_rows
            kept = rows["kept"].to_numpy()
            mine, code = rows.filter(pa.array(kept)), coded.code[kept]
            began = np.full(coded.names.size, np.iinfo(np.int64).max)
            np.minimum.at(began, code, mine["ts_ms"].to_numpy())
            if mine.num_rows:
                yield mine.append_column("began", pa.array(began[code])), np.searchsorted(ends, began[code], "right")

    def parts(self) -> Iterator[Ordered]:
        """Yield all that are kept: decisions by when they began and by id, rows by position and as they came."""
        for rows in self._taken("times"):
            coded = coded_texts(rows["decision"])
            keys = [rows[name].to_numpy() for name in ("row", "position")]
            order = np.lexsort((*keys, coded.code, rows["began"].to_numpy()))
            name = coded.code[order].astype(np.int64)
            decision = np.cumsum(np.diff(name, prepend=-1) != 0) - 1
            yield Ordered(rows.take(pa.array(order)), decision, coded.names, name)

    def _taken(self, kind: str) -> Iterator[pa.Table]:
        """Yield the rows of each part that has any; its file is gone then."""
        for path in (self._folder / f"{kind}-{part}" for part in range(self._count)):
            if path.exists():
                rows = spilled(path)
                path.unlink()
                yield rows


class TextRanks:
    """Texts of rows as places among all different ones, rising."""

    def __init__(self, folder: Path, texts: Sequence[str], rows: int) -> None:
        """`texts` are some of them."""
        self._folder = folder
        self._ends = splitters(np.array(texts, np.str_), min(1 + rows // OF_A_PART, PARTS))

    def take(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Take rows [row, text] of all."""
        spill(((rows, self._part(rows["text"])) for rows in batches), lambda part: self._folder / f"texts-{part}")

    def _part(self, texts: Any) -> NDArray[np.int64]:
        coded = coded_texts(texts)
        found: NDArray[np.int64] = np.searchsorted(self._ends, coded.names, "right")[coded.code]
        return found

    def ranks(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint64]]]:
        """Yield rows, the place of each one's text, and its hash64."""
        before = 0
        for part in range(self._ends.size + 1):
            path = self._folder / f"texts-{part}"
            if not path.exists():
                continue
            names = np.zeros(0, np.str_)
            for rows in spilled_batches(path):
                names = np.union1d(names, coded_texts(rows["text"]).names)
            hashes = np.array([hash64(each) for each in names.tolist()], np.uint64)
            for rows in spilled_batches(path):
                coded = coded_texts(rows["text"])
                place = np.searchsorted(names, coded.names)[coded.code]
                yield rows["row"].to_numpy(), before + place, hashes[place]
            before += names.size


def splitters(some: NDArray[Any], parts: int) -> NDArray[Any]:
    """Return where parts of about as many begin, by a sample."""
    found = np.sort(some)
    places = np.arange(1, parts) * found.size // parts
    return np.unique(found[places]) if found.size else found


def sampled(before: int, rows: int) -> NDArray[np.int64]:
    """Return which of so many rows are looked at, one in SAMPLED_EACH of a file in which so many are before them."""
    return np.arange(-before % SAMPLED_EACH, rows, SAMPLED_EACH)
