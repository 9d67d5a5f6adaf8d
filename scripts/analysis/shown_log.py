"""The log that `tideline export` writes as a report reads it: in parts on disk, all rows of a user in one.

Memory is that of a part, of some OF_A_PART rows and those of one user, whatever the rows of the log; names of actions,
policies and the like are all held. From PARTS times OF_A_PART rows on parts grow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from tideline.models.coded_texts import CodedTexts, coded_texts
from tideline.models.tables import Table
from tideline.scripts.analysis.figures import ACTION, PLACEMENT, DecisionLog
from tideline.scripts.analysis.log_rows import LEAST_PROPENSITY
from tideline.scripts.archive.spilled_parts import spill, spilled
from tideline.udfs.core.evaluation.columns.row_parts import AT_ONCE
from tideline.udfs.core.limits import MAX_POSITIONS
from tideline.udfs.core.ranking.placements import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

OF_A_PART, PARTS = 250_000, 500
"""Rows of a part, and the most parts: each is an open file while the log is read."""
_COLUMNS = (
    "decision_id", "user", "action", "position", "ts_ms", "policy", "encoder_version", "arm", "explored", "propensity",
    "eligible", "mean", "click", "conversion", "revenue", "mature",
)  # fmt: skip
_LATER = ("placement", "feasible")
"""Columns that logs of former versions lack, or those of lists without rules."""
_PLAIN = tuple(name for name in DecisionLog._fields if name != "groups")
_NAMED = {ACTION: ACTION, "policy": "policy", "encoder": "encoder_version", "arm": "arm", PLACEMENT: PLACEMENT}


class ShownLog:
    """A log in parts. Going through it yields each part as a DecisionLog.

    Attributes:
        rows: How many entries were shown.
        first_ms, last_ms: Times of the first and the last one; 0 where there is none.
        names: Of actions, policies, encoders, arms and placements, those that are in some row, rising.
    """

    def __init__(self, path: Path, weights: Sequence[float], folder: Path, of_a_part: int = OF_A_PART) -> None:
        """Read a file; `weights` are the worth of a click, a conversion and a unit of revenue.

        `folder` is an empty one for the parts, to be cleared by the caller.

        Raises:
            ConfigError: it cannot be read, a column is missing or holds something else.
        """
        table = Table(path, "--log")
        table.need(_COLUMNS, "the columns of tideline export")
        self.rows, self._folder, self._weights = table.rows, folder, weights
        self._count = min(1 + table.rows // of_a_part, PARTS)
        self.first_ms, self.last_ms = (np.iinfo(np.int64).max, 0) if table.rows else (0, 0)
        seen: dict[str, dict[str, int]] = {name: {} for name in _NAMED}
        spill(self._batches(table, seen), self._spilled)
        if table.rows:
            table.check_unit("ts_ms", float(self.first_ms), float(self.last_ms))
        self.names = {name: tuple(sorted(each)) for name, each in seen.items()}
        self._place = {
            name: np.argsort(np.argsort(np.array(list(each), np.str_))) if each else np.zeros(0, np.int64)
            for name, each in seen.items()
        }
        for part in range(self._count):
            self._settle(part)

    @property
    def groups(self) -> list[str]:
        """What figures are told apart by, placements where there are any but default lists."""
        placed = bool(set(self.names[PLACEMENT]) - {DEFAULT})
        return [name for name in _NAMED if name != ACTION and (placed or name != PLACEMENT)]

    def __iter__(self) -> Iterator[DecisionLog]:
        """Yield part after part; of each column what is looked at is read."""
        for part in range(self._count):
            if self._settled(part).exists():
                columns = {path.stem: np.load(path, mmap_mode="r") for path in self._settled(part).iterdir()}
                groups = {name: columns[name] for name in self.groups}
                yield DecisionLog(groups=groups, **{name: columns[name] for name in _PLAIN})

    def _batches(
        self, table: Table, seen: dict[str, dict[str, int]]
    ) -> Iterator[tuple[pa.RecordBatch, NDArray[np.int64]]]:
        done = 0
        for batch in table.batches([*_COLUMNS, *(name for name in _LATER if name in table.names)], AT_ONCE):
            yield self._typed(batch, seen, done)
            done += batch.rows

    def _typed(
        self, table: Table, seen: dict[str, dict[str, int]], done: int
    ) -> tuple[pa.RecordBatch, NDArray[np.int64]]:
        """Return a batch behind `done` rows, names as numbers in the order in which they came, and its rows' parts."""
        user, columns = table.coded("user"), _read(table)
        found: dict[str, Any] = {"user": table.strings("user"), "decision_id": table.strings("decision_id")}
        for name, source in _NAMED.items():
            coded = columns.pop(source)
            known = seen[name]
            found[name] = np.array([known.setdefault(each, len(known)) for each in coded.names.tolist()])[coded.code]
        self.first_ms = min(self.first_ms, int(columns["ts_ms"].min(initial=self.first_ms)))
        self.last_ms = max(self.last_ms, int(columns["ts_ms"].max(initial=0)))
        found |= columns | {"row": np.arange(done, done + table.rows)}
        return pa.record_batch({name: pa.array(each) for name, each in found.items()}), user.parts(self._count)

    def _settle(self, part: int) -> None:
        """Put the rows of a part in the order of time, with numbers for users and lists."""
        if not self._spilled(part).exists():
            return
        rows = spilled(self._spilled(part))
        self._spilled(part).unlink()
        found = {name: rows[name].to_numpy() for name in rows.column_names if name not in ("user", "decision_id")}
        user, decision = (coded_texts(rows[name]).code.astype(np.int64) for name in ("user", "decision_id"))
        of_user = user * (int(decision.max(initial=0)) + 1) + decision
        found |= {"user": user, "shown_list": np.unique(of_user, return_inverse=True)[1]}
        found |= {name: place[found[name]] for name, place in self._place.items()}
        found |= {name: found[name].astype(np.float64) for name in ("click", "conversion")}
        worth = zip(self._weights, ("click", "conversion", "revenue"), strict=True)
        found["reward"] = sum(weight * found[name] for weight, name in worth)
        order = np.argsort(found["ts_ms"], kind="stable")
        self._settled(part).mkdir()
        for name, values in found.items():
            np.save(self._settled(part) / name, values[order])

    def _spilled(self, part: int) -> Path:
        return self._folder / f"{part}.arrow"

    def _settled(self, part: int) -> Path:
        return self._folder / str(part)


def _read(table: Table) -> dict[str, Any]:
    """Return all columns but user and decision_id, which is read too."""
    table.coded("decision_id")
    found: dict[str, Any] = {name: table.coded(name) for name in ("action", "policy")}
    found["ts_ms"], found["arm"] = table.times("ts_ms", of_part=True), table.coded("arm", empty="none")
    if "placement" in table.names:
        found["placement"] = table.coded("placement", empty=DEFAULT)
    else:  # a log of a former version
        found["placement"] = CodedTexts(np.array([DEFAULT]), np.zeros(table.rows, np.int32))
    versions, code = np.unique(table.whole("encoder_version", 0).astype(str), return_inverse=True)
    found["encoder_version"] = CodedTexts(versions, code.astype(np.int32))
    for name in ("position", "eligible"):
        found[name] = table.whole(name, 0)
    for name in ("explored", "click", "conversion", "mature"):
        found[name] = table.flags(name)
    found |= {"propensity": table.numbers("propensity"), "predicted": table.numbers("mean")}
    found["revenue"] = table.numbers("revenue")
    ruled = "feasible" in table.names  # not in a log of lists without rules, whoever wrote it
    found["ruled"] = np.isfinite(table.numbers("feasible")) if ruled else np.zeros(table.rows, np.bool_)
    table.require("position", found["position"] < MAX_POSITIONS, f"whole numbers from 0 to {MAX_POSITIONS - 1}")
    chance = found["propensity"]
    table.require("propensity", ~((chance < LEAST_PROPENSITY) | (chance > 1.0)), "empty, or above 0 and at most 1")
    table.require("revenue", np.isfinite(found["revenue"]), "a finite number in every row")
    return found
