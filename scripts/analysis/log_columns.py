"""The rows of a log in order as columns on disk, and all that is known once every row is there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from tideline.scripts.analysis.disk_columns import OnDisk
from tideline.scripts.analysis.log_order import TextRanks
from tideline.scripts.analysis.log_rows import context_names, described, standing
from tideline.udfs.core.evaluation.columns.row_parts import stretches
from tideline.udfs.core.evaluation.log import LoggedFeedback, running
from tideline.udfs.core.hashing import hash64
from tideline.udfs.core.ranking.rule_tables import compiled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from tideline.models.tables import Table
    from tideline.scripts.analysis.log_order import DecisionOrder, Ordered
    from tideline.scripts.analysis.log_rows import Actions, Facts
    from tideline.udfs.core.ranking.list_rules import ListRule
    from tideline.udfs.core.ranking.rule_tables import RuleTables

_PLAIN = {
    "row": np.int64, "action": np.int64, "propensity": np.float64, "reward": np.float64, "position": np.int64,
    "ts_ms": np.int64, "eligible": np.int64, "feasible": np.int64, "pair": np.uint32,
}  # fmt: skip
"""Columns that stay as they are; those below `ts_ms` where the file has them."""
_OWN = ("row", "action", "propensity", "reward", "position", "ts_ms")


class Columns:
    """Rows that are kept, those below a gap in their list left out.

    Attributes:
        row: Place in the file of each [N].
        left_out: How many rows are not there, by reason.
    """

    def __init__(self, table: Table, facts: Facts, actions: Actions, *, lists: bool) -> None:
        self._table, self._facts, self._actions, self._lists = table, facts, actions, lists
        self._memory, self._rows, self._decisions = OnDisk(), 0, 0
        self._told = any(name in table.names for name in ("user", "user_id"))
        self._about: dict[int, int] = {}
        self.left_out = dict(facts.left_out)
        most = table.rows - sum(self.left_out.values())
        names = [name for name in _PLAIN if name in _OWN or name in table.names]
        self._columns = {name: self._memory.room((most,), _PLAIN[name]) for name in names}
        self._columns["decision"] = self._memory.room((most,), np.int64)
        self._columns["hash"] = self._memory.room((most,), np.uint64)
        if self._told:
            self._columns["user"] = self._memory.room((most,), np.int64)
        self._contexts = context_names(table.names)
        self._x = self._memory.room((most, len(self._contexts)), np.float64)

    @property
    def row(self) -> NDArray[np.int64]:
        """See the class."""
        found: NDArray[np.int64] = self._columns["row"][: self._rows]
        return found

    def take(self, order: DecisionOrder, folder: Path) -> None:
        """Take all rows; `folder` is for parts of users, to be cleared by the caller."""
        if not self._told:
            for _ in self._written(order):
                pass
            return
        ranks = TextRanks(folder, self._facts.texts, self._table.rows)
        ranks.take(self._written(order))
        for rows, rank, hashes in ranks.ranks():
            self._columns["user"][rows], self._columns["hash"][rows] = rank, hashes
            self._memory.forget()

    def _written(self, order: DecisionOrder) -> Iterator[pa.RecordBatch]:
        """Write part by part; yield place and name of what each row's user is, a decision where he is not known."""
        gaps = 0
        for part in order.parts():
            position = part.rows["position"].to_numpy() - (self._facts.least if self._lists else 0)
            whole = np.ones(position.size, np.bool_)
            if self._lists:
                starts = np.flatnonzero(np.diff(part.decision, prepend=-1))
                place = np.arange(position.size) - np.repeat(starts, np.diff(starts, append=position.size))
                whole = position == place
                gaps += int((~whole).sum())
            yield self._write(part, position, np.flatnonzero(whole))
            self._memory.forget()
        if self._lists:
            self.left_out["below a gap in their list"] = gaps

    def _write(self, part: Ordered, position: NDArray[np.int64], some: NDArray[np.int64]) -> pa.RecordBatch:
        rows = part.rows.take(pa.array(some))
        here = slice(self._rows, self._rows + some.size)
        used, decision = np.unique(part.decision[some], return_inverse=True)
        for name, column in self._columns.items():
            if name in rows.column_names and name != "user" and name != "decision":
                column[here] = rows[name].to_numpy()
        self._columns["position"][here] = position[some]
        self._columns["decision"][here] = self._decisions + decision
        for at, name in enumerate(self._contexts):
            self._x[here, at] = rows[name].to_numpy()
        self._decisions += used.size
        self._rows += some.size
        if "about" in rows.column_names:
            seen, first = np.unique(rows["action"].to_numpy(), return_index=True)
            abouts = rows["about"].to_numpy()[first].tolist()
            self._about = dict(zip(seen.tolist(), abouts, strict=True)) | self._about
        if not self._told:
            hashes = np.array([hash64(each) for each in part.names.tolist()], np.uint64)
            self._columns["hash"][here] = hashes[part.name[some]]
            return pa.record_batch({"row": pa.array([], pa.int64())})
        texts = standing(rows["user"], rows["decision"]).combine_chunks()
        return pa.record_batch({"row": pa.array(np.arange(here.start, here.stop)), "text": texts})

    def log(self, rules: Sequence[ListRule]) -> LoggedFeedback:
        """Return the log; `rules` are those of its lists.

        Raises:
            ConfigError: what a row says of its action is none of it.
        """
        arms = self._arms()
        names = np.array(list(self._actions.number), np.str_)
        its = {name: column[: self._rows] for name, column in self._columns.items()}
        feasible = its.get("feasible") if self._lists else None
        if feasible is not None and not any(feasible[rows].any() for rows in self._stretches()):
            feasible = None
        log = LoggedFeedback(
            arms=tuple(names[arms].tolist()),
            x=self._x[: self._rows],
            action=its["action"],
            propensity=its["propensity"],
            reward=its["reward"],
            decision=its["decision"],
            decision_hash=its["hash"],
            position=its["position"],
            eligible=its.get("eligible", np.broadcast_to(np.int64(arms.size), self._rows)),
            ts_ms=its["ts_ms"],
            lists=self._lists,
            user=its.get("user"),
            features=self._actions.features(arms),
            pair=its.get("pair"),
            feasible=feasible,
            rules=self._compiled(rules, arms) if rules else (),
            memory=self._memory,
        )
        return replace(log, running=running(log))

    def _stretches(self) -> Iterator[NDArray[np.int64]]:
        return stretches(self._rows, self._memory)

    def _arms(self) -> NDArray[np.int64]:
        """Return the actions that are in some row, by name, and let rows tell them by their place among these."""
        names = np.array(list(self._actions.number), np.str_)
        action, used = self._columns["action"], np.zeros(names.size, np.bool_)
        for rows in self._stretches():
            used[action[rows]] = True
        arms = np.flatnonzero(used)[np.argsort(names[used])]
        place = np.zeros(names.size, np.int64)
        place[arms] = np.arange(arms.size)
        for rows in self._stretches():
            action[rows] = place[action[rows]]
        return arms

    def _compiled(self, rules: Sequence[ListRule], arms: NDArray[np.int64]) -> RuleTables:
        """Return the rules for the arms, by what the first row of each tells of it."""
        texts = list(self._actions.abouts)
        told = [described(texts[self._about[arm]]) for arm in arms.tolist()]
        right = np.array([each is not None for each in told])
        wrong = [self.row[rows][~right[self._columns["action"][rows]]] for rows in self._stretches()]
        first = min((int(each.min()) for each in wrong if each.size), default=None)
        if first is not None:
            whole = np.arange(first + 1) < first
            self._table.require("about", whole, "a JSON object with kind, categories and labels in every row")
        return compiled(rules, [each for each in told if each is not None])
