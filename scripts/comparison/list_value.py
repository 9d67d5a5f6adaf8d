"""What lists would have earned, from the log of those that were shown at the same moments in their place."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from tideline.models.tables import Table
from tideline.schemas.errors import ConfigError
from tideline.scripts.analysis.join_log import pseudonym
from tideline.scripts.analysis.read_log import read_log
from tideline.scripts.comparison.fixed_list import UNTOLD, FixedList, OfLists
from tideline.scripts.comparison.shown_moments import ShownMoments
from tideline.udfs.core.evaluation import diagnostics
from tideline.udfs.core.evaluation.columns.row_parts import AT_ONCE
from tideline.udfs.core.evaluation.estimators import Judged, Terms, dr
from tideline.udfs.core.evaluation.evaluation import evaluate
from tideline.udfs.core.evaluation.intervals import bootstrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from tideline.scripts.analysis.read_log import LoggedFile
    from tideline.scripts.comparison.list_diff import Pair
    from tideline.udfs.core.evaluation.evaluation import Answer
    from tideline.udfs.core.evaluation.log import LoggedFeedback
    from tideline.udfs.core.lists.token_keys import TokenKeys

NO_LOG = "no log was named: --log, a file of `tideline export` or an archive"
_MOMENT = r"^[0-9a-f]{16}/[0-9]+\.(?P<as_of>[0-9]{1,18})\.[0-9]+$"
"""Of a default list; those of placements have one number more."""
_NEWEST = 1 << 40
"""Later than any version that a token can name."""
_NEEDED = ("decision_id", "user", "action", "position", "propensity", "policy_version", "feasible")
_READ = ("decision_id", "user", "position", "policy_version")
_EXPORT = "a Parquet file of `tideline export`, or an archive"


class _Lists(NamedTuple):
    """Of a user: the list that would be shown, and the one it is held against; None: the one that was shown."""

    as_of_ms: int
    then: FixedList
    now: FixedList | None


class _Row(NamedTuple):
    """A row of the log: which one, who would stand there by each of the lists (None: untold), and these."""

    at: int
    best: tuple[str | None, ...]
    lists: tuple[FixedList, ...]
    newer: bool
    """Whether the list was ranked by a later version of the policy than the one that was shown."""


class ListValue:
    """Judges the lists of pairs; those of users whom the log shows a list of the same moment are kept meanwhile, and
    the rows of these; of the log 16 bytes a list, and a stretch of rows.

    A list is made of what was known at its moment, and the one that was shown then stood in its place until the user's
    next event. So what came of that one, entry by entry, tells by its propensities what would have come of the other.
    """

    def __init__(self, path: Path, keys: TokenKeys, reward: str, *, against_log: bool) -> None:
        """Read which lists a log has; `against_log` holds lists against those that were shown, not those of `now`.

        Raises:
            ConfigError: it is no file of `tideline export`.
        """
        self._path, self._keys, self._reward, self._against_log = path, keys, reward, against_log
        try:
            if not path.is_dir():
                parquet.read_schema(path)
        except (OSError, pa.ArrowException) as error:
            raise ConfigError("--log", str(path), f"{_EXPORT} ({type(error).__name__})") from error
        self._log = Table(path, "--log")
        if missing := [name for name in (*_NEEDED, reward) if name not in self._log.names]:
            raise ConfigError("--log", str(path), f"{_EXPORT}; it has no column {', '.join(missing)}")
        self._shown = ShownMoments.of(_typed(each) for each in self._log.batches(_READ, AT_ONCE))
        self._kept: dict[str, _Lists] = {}
        self._left_out: Counter[str] = Counter()

    def seen(self, pairs: Iterable[Pair]) -> Iterator[Pair]:
        """Yield the pairs as they come; what is to be judged is kept of them."""
        for pair in pairs:
            user = pseudonym(self._keys, pair.user)
            if self._shown.has(user, pair.then.as_of_ms):
                self._keep(user, pair)
            elif self._shown.has(user):
                self._left_out["users who were shown lists of other moments alone"] += 1
            yield pair

    def _keep(self, user: str, pair: Pair) -> None:
        then, now = FixedList.of(pair.then), None if self._against_log else FixedList.of(pair.now)
        if then is None or (now is None and not self._against_log):
            self._left_out["users of whom a token cannot be read"] += 1
        elif now is not None and pair.now.as_of_ms != pair.then.as_of_ms:
            self._left_out["users whose two lists are of different moments"] += 1
        else:
            self._kept[user] = _Lists(pair.then.as_of_ms, then, now)

    def told(self) -> dict[str, Any]:
        """Return what is known once all pairs were seen: the keys of `nothing`.

        Raises:
            ConfigError: a column of the log has what is not allowed.
        """
        some = self._wanted()
        rows = [] if some is None else self._rows(some)
        if some is None or not rows:
            return self._without("it shows no list of the moment of one of these: nobody has come back since")
        table = some.drop_columns("as_of").take(pa.array([row.at for row in rows]))
        if any(each.ruled for row in rows for each in row.lists) or table["feasible"].null_count < table.num_rows:
            return self._without("a list rule had a say in some of the lists, and what it bans they do not say")
        with TemporaryDirectory() as folder:
            path = Path(folder) / "rows.parquet"
            parquet.write_table(table, path, write_page_checksum=True)
            logged = read_log(path, self._reward)
        self._left_out.update(logged.left_out)
        if not logged.log.reward.any():
            return self._without(f"nothing came of {logged.log.rows:,} entries yet")
        return self._judged(logged, [rows[at] for at in logged.file_row.tolist()])

    def _without(self, reason: str) -> dict[str, Any]:
        return nothing(diagnostics.cannot(reason)) | {"reward": self._reward, "left_out": dict(self._left_out)}

    def _wanted(self) -> pa.Table | None:
        """Return all columns of the rows of lists of the moments, as the log has them; None: there is none."""
        wanted = {(user, each.as_of_ms) for user, each in self._kept.items()}
        found = list[pa.Table]()
        for batch in self._log.batches(self._log.names, AT_ONCE) if wanted else ():
            typed = _typed(batch)
            moments = zip(typed["user"].to_pylist(), typed["as_of"].to_pylist(), strict=True)
            at = np.array([at for at, moment in enumerate(moments) if moment in wanted], np.int64)
            if at.size:
                rows, mine = batch.taken(at), typed.take(pa.array(at))
                for name in _READ:
                    rows = rows.set_column(rows.column_names.index(name), name, mine[name])
                found.append(rows.append_column("as_of", mine["as_of"]))
        try:
            return pa.concat_tables(found, promote_options="permissive") if found else None
        except pa.ArrowException as error:  # files of a folder
            raise ConfigError("--log", str(self._path), f"columns of one kind in all files ({error})") from error

    def _rows(self, table: pa.Table) -> list[_Row]:
        """Return the rows of lists, each list down to where the log has a gap."""
        users, ids, names, places, versions = (
            table[name].to_pylist() for name in ("user", "decision_id", "action", "position", "policy_version")
        )
        found, above, last = list[_Row](), list[str](), ""
        for at in sorted(range(table.num_rows), key=lambda at: (ids[at], places[at])):
            if ids[at] != last:
                above, last = [], ids[at]
            if places[at] != len(above):
                self._left_out["entries below a gap in their list"] += 1
                continue
            its = self._kept[users[at]]
            lists = (its.then,) if its.now is None else (its.then, its.now)
            best = tuple(each.best_below(above) for each in lists)
            above.append(names[at])
            found.append(_Row(at, best, lists, its.then.policy > versions[at]))
        return found

    def _judged(self, logged: LoggedFile, rows: Sequence[_Row]) -> dict[str, Any]:
        log, told = logged.log, np.array([None not in row.best for row in rows])
        if untold := int((~told).sum()):
            self._left_out["entries of places where exploration hides who would stand there"] = untold
        rows = [
            row if known else row._replace(best=(None,) * len(row.best)) for row, known in zip(rows, told, strict=True)
        ]
        then = evaluate(log, lambda fold: _target(log, rows, 0))
        now = None if self._against_log else evaluate(log, lambda fold: _target(log, rows, 1))
        # What dr makes of rows by their own policy is what they earned.
        shown = Judged(np.ones(log.rows), log.reward, np.zeros(log.rows), np.zeros(log.rows))
        refused = next((each.refused or _too_few(each, told) for each in (then, now) if each is not None), None)
        found = nothing(refused) | {"reward": self._reward, "rows": int(told.sum())}
        found |= {"users": int(np.unique(log.cluster[told]).size), "left_out": dict(self._left_out)}
        found |= {"warnings": [*then.warnings, *_learned(rows)]}
        judged_now = shown if now is None else now.judged
        if judged_now is not None and found["users"] >= 2:
            found["now"] = _told(log, told, [judged_now])
        if then.judged is not None:
            found["ess"] = diagnostics.ess(then.judged.weight[told])
            if refused is None and judged_now is not None:
                found["then"] = _told(log, told, [then.judged])
                found["difference"] = _told(log, told, [then.judged, judged_now])
        return found


def _typed(batch: Table) -> pa.Table:
    """Return what is read of rows, and `as_of`, the moment of a default list, null for another row."""
    ids = batch.strings("decision_id")
    as_of = pc.struct_field(pc.extract_regex(ids, _MOMENT), "as_of").cast(pa.int64())
    columns = [ids, batch.strings("user"), batch.whole("position", 0)]
    columns += [batch.whole("policy_version", 0, empty=_NEWEST), as_of]
    return pa.table(dict(zip((*_READ, "as_of"), columns, strict=True)))


def nothing(refused: str | None) -> dict[str, Any]:
    """Return what is told where nothing can be, with the reason."""
    values: dict[str, Any] = dict.fromkeys(("reward", "now", "then", "difference", "ess"))
    return values | {"rows": 0, "users": 0, "left_out": {}, "warnings": [], "refused": refused}


def _target(log: LoggedFeedback, rows: Sequence[_Row], which: int) -> OfLists:
    number: dict[str | None, int] = {name: at for at, name in enumerate(log.arms)} | {None: UNTOLD}
    best = np.array([number.get(row.best[which], -1) for row in rows], np.int64)
    return OfLists(log, best, np.array([row.lists[which].exploration for row in rows]))


def _too_few(answer: Answer, told: NDArray[np.bool_]) -> str | None:
    """Return why an answer has too little behind it without the rows where it is untold; None: it has enough."""
    size = 0.0 if answer.judged is None else diagnostics.ess(answer.judged.weight[told])
    if size >= diagnostics.LEAST_ESS:
        return None
    told_of = (
        f"the effective sample size is {size:.0f} of {int(told.sum()):,} entries, below {diagnostics.LEAST_ESS:,.0f}"
    )
    return diagnostics.cannot(f"{told_of}: the lists are too unlike those that were shown, or too few were seen")


def _told(log: LoggedFeedback, told: NDArray[np.bool_], judged: Sequence[Judged]) -> dict[str, Any]:
    """Return the value of an entry, or by how much the first is better than the second, with its interval by users."""
    tops = [dr(each).top for each in judged]
    terms = Terms(np.where(told, tops[0] - sum(tops[1:]), 0.0), told.astype(np.float64))
    ends = bootstrap([terms], log.cluster)[0]
    margins = [[side * log.rows / told.sum() for side in diagnostics.unseen(log, each)] for each in judged]
    below, above = (sum(each[side] for each in margins) for side in (0, 1))
    return {"value": terms.value, "ci95": [min(ends.low, terms.value - below), max(ends.high, terms.value + above)]}


def _learned(rows: Sequence[_Row]) -> list[str]:
    newer = sum(row.newer for row in rows)
    if not newer:
        return []
    return [
        f"{newer:,} of {len(rows):,} entries are judged by a later version of the policy than they were shown by: it "
        "may have learned from what came of them, and the value is too high then; --policy-pin an earlier one"
    ]


def described(value: Mapping[str, Any]) -> list[str]:
    """Return the lines for people."""
    lines = []
    if value["now"] is not None:
        lines.append(f"expected {value['reward']} of each of {value['rows']:,} entries of {value['users']:,} users:")
        names = (("now", "now"), ("then", "then"), ("difference", "then less now"))
        told = [(name, value[key]) for key, name in names if value[key] is not None]
        lines += [f"  {name:14} {each['value']:.5f}   95 % {_ends(each)}" for name, each in told]
    if value["refused"] is not None:
        lines.append(f"expected value of the lists: {value['refused']}")
    else:
        lines.append(f"  effective sample size {value['ess']:,.0f}")
    lines += [f"  left out: {count:,} {what}" for what, count in value["left_out"].items()]
    return [*lines, *(f"  warning: {each}" for each in value["warnings"])]


def _ends(each: Mapping[str, Any]) -> str:
    return " to ".join(f"{end:.5f}" for end in each["ci95"])
