"""Reads a log of decisions, our own export or anybody's.

A CSV (of any usual separator and encoding, gzipped too) or Parquet file, or - for standard input, one row for each
arm shown:

    action            what was shown; required
    reward            number earned by it; required (`--reward NAME` takes another column)
    propensity        probability with which it was shown, above 0 and at most 1; empty where unknown
    x_...             numbers: the context; any count, none too
    decision_id       rows with the same one were one list; without it every row is a decision of its own
    user              who it was shown to (also user_id): intervals count users; without it they count decisions
    position          whole number: place in the list, the first one being the smallest in the file; where no decision
                      has several rows it is a part of the context
    eligible          how many arms could have been shown in that list; without it all arms of the file
    feasible          how many list rules left for that place; empty where none had a say in the list
    about             kind, categories and labels of the action as a JSON object: what list rules compare
    ts_ms             UTC epoch milliseconds, dates or timestamps; without it the order of the file
    encoder_version   encoder whose x it is; only rows of the newest one are read
    placement         list of a page that it was; only rows of one are read: empty is the default list
    pair              what user and action had to do with each other as it was scored, as `tideline export` writes it
    feature_0 .. feature_7    what is known of the action before anybody saw it, as `tideline export` writes it

In lists propensities are conditional on the entries above. Other columns are not read; those that are not of
`tideline export` are named.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.models.tables import Table
from tideline.scripts.analysis.log_columns import Columns
from tideline.scripts.analysis.log_order import DecisionOrder
from tideline.scripts.analysis.log_rows import FEATURE_NAMES, Actions, Facts, batches, ids

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from tideline.udfs.core.evaluation.log import LoggedFeedback
    from tideline.udfs.core.ranking.list_rules import ListRule

_READ = (
    "action", "propensity", "decision_id", "position", "eligible", "feasible", "about", "ts_ms", "encoder_version",
    "pair", "placement", "user", "user_id", *FEATURE_NAMES,
)  # fmt: skip
_EXPORTED = (
    "policy", "policy_version", "mean", "bonus", "explored", "experiment", "arm", "shadow_mean", "shadow_bonus",
    "click", "conversion", "dismissed", "revenue", "reward", "cost", "mature", "variant", "variant_share",
)  # fmt: skip


class LoggedFile(NamedTuple):
    """A log, the file row of each of its rows, how many rows were left out and why, and more."""

    log: LoggedFeedback
    file_row: NDArray[np.int64]
    decisions: Callable[[], Any]
    """Reads the decision id of each row of the file, as an Arrow array."""
    left_out: dict[str, int]
    unread: list[str]
    """Columns that nothing was read from, but for those of our own export."""


def read_log(
    path: Path, reward: str = "reward", rules: Sequence[ListRule] = (), placement: str | None = None
) -> LoggedFile:
    """Return the rows of a placement, None: of default lists, with a known propensity, all where none is known.

    `rules` are those of its lists. The columns are in files, which are gone with them.

    Raises:
        ConfigError: the file cannot be read, lacks a column or holds a value that is not allowed.
        OSError: there is no room for the columns.
    """
    table = Table(path, "--log")
    for name in ("action", reward):
        if name not in table.names:
            table.numbers(name)
    facts, actions = Facts.of(table, placement or ""), Actions()
    with TemporaryDirectory() as folder:
        order = DecisionOrder(Path(folder), table.rows)
        ruled = bool(rules) and "about" in table.names
        eligible = _Eligible(facts.least)
        order.take(eligible.watched(batches(table, facts, reward, actions, ruled=ruled)), facts.moments)
        lists = "decision_id" in table.names and facts.below and order.repeats
        if lists and eligible.wrong is not None:
            raise table.wrong("eligible", f"more arms than the entries above; row {eligible.wrong + 1:,} is not")
        columns = Columns(table, facts, actions, lists=lists)
        columns.take(order, Path(folder))
    if lists and rules and not ruled:
        table.coded("about")
    log = columns.log(rules if lists else ())
    left_out = {reason: count for reason, count in columns.left_out.items() if count}
    unread = [name for name in table.names if not _known(name, reward)]
    return LoggedFile(log, columns.row, lambda: ids(table, 0), left_out, unread)


class _Eligible:
    """Finds the first row with no more eligible arms than entries above, should positions turn out to be of lists."""

    def __init__(self, least: int) -> None:
        self._least = least
        self.wrong: int | None = None

    def watched(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield all rows as they come."""
        for rows in batches:
            if self.wrong is None and "eligible" in rows.schema.names:
                right = rows["eligible"].to_numpy() > rows["position"].to_numpy() - self._least
                self.wrong = None if right.all() else int(rows["row"][int(np.argmin(right))].as_py())
            yield rows


def _known(name: str, reward: str) -> bool:
    return name in (*_READ, *_EXPORTED, reward, "") or name.startswith("x_")
