"""The policy to be judged, from what `--policy` says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from tideline.models.tables import Table as File
from tideline.schemas.errors import ConfigError
from tideline.udfs.core.evaluation.columns.row_parts import stretches, summed
from tideline.udfs.core.evaluation.learned import crossfitted, replayed
from tideline.udfs.core.evaluation.targets import Constant, Table, Uniform
from tideline.udfs.core.policies.by_name import POLICIES, make_policy
from tideline.udfs.core.policies.regression import Sharing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from tideline.scripts.analysis.read_log import LoggedFile
    from tideline.udfs.core.evaluation.targets import Target
    from tideline.udfs.core.policies.base import Policy

_CONSTANT = "constant:"
_PREFIX = "p_"
_SUM_ERROR = 1e-6
_BLIND = "the log has no columns feature_0 .. feature_7: the policy is judged as one that knows nothing of its actions"


class TargetFactory(NamedTuple):
    """How `evaluation.evaluate` makes the policy, and replays one that learns; why it may not be the job's."""

    make: Callable[[NDArray[np.int64]], Target]
    matched: Callable[[], NDArray[np.float64]] | None
    warnings: tuple[str, ...] = ()


def read_target(text: str, logged: LoggedFile, exploration: float, positions: Sequence[float] = ()) -> TargetFactory:
    """Return the policy: the name of one of the product's, uniform, constant:<action>, or a file of probabilities.

    One of the product's learns with impressions that count so much in each of the `positions`.

    Raises:
        ConfigError: it is none of these, or the file is not of the form below.
    """
    log = logged.log
    if text == "uniform":
        return TargetFactory(lambda fold: Uniform(log), None)
    if text.startswith(_CONSTANT):
        name = text.removeprefix(_CONSTANT)
        return TargetFactory(lambda fold: Constant(log, log.arms.index(name) if name in log.arms else -1), None)
    if text.partition(":")[0] in POLICIES:
        policy = read_policy(text)
        blind = log.features is None and policy.regression.sharing is Sharing.HYBRID
        return TargetFactory(
            lambda fold: crossfitted(policy, log, fold, exploration, positions),
            lambda: replayed(policy, log, exploration, positions),
            (_BLIND,) if blind else (),
        )
    path = Path(text)
    if not path.is_file():
        raise ConfigError("--policy", text, f"{', '.join(POLICIES)}, uniform, constant:<action>, or a file")
    table = _read_table(path, logged)
    return TargetFactory(lambda fold: table, None)


def read_policy(text: str) -> Policy:
    """Return one of the product's policies that a log can judge.

    Raises:
        ConfigError: it is none, or a log does not tell what it reads.
    """
    others = ", ".join(name for name, each in POLICIES.items() if not each.reads_pairs)
    if text.partition(":")[0] not in POLICIES:
        raise ConfigError("--policy", text, others)
    policy = make_policy(text)
    if policy.reads_pairs:
        raise ConfigError("--policy", text, f"{others}: a log tells the pair of what was shown, not of the others")
    return policy


def _read_table(path: Path, logged: LoggedFile) -> Table:
    """Return the probabilities of a file (CSV or Parquet), a column `p_<action>` for each action.

    With a column `decision_id` (and `position` for lists) a row is looked up for each row of the log, with `position`
    alone one for each position; without both, one row counts for all, or there is a row for each of the log's in its
    order. Each row's probabilities sum to 1.
    """
    columns = File(path, "--policy")
    names = [name for name in columns.names if name.startswith(_PREFIX)]
    if not names or not columns.rows:
        raise columns.wrong("p_<action>", "at least one such column, and a row")
    every = np.column_stack([columns.numbers(name) for name in names])
    columns.require("p_<action>", (every >= 0).all(axis=1), "probabilities from 0 on")
    total = every.sum(axis=1)
    columns.require("p_<action>", np.abs(total - 1.0) <= _sum_error(every), "probabilities that sum to 1 in a row")
    every /= total[:, None]
    log, row_of = logged.log, _row_of(columns, logged)
    found = np.zeros((columns.rows, len(log.arms)))
    place = {arm: at for at, arm in enumerate(log.arms)}
    for at, name in enumerate(names):
        if (arm := place.get(name.removeprefix(_PREFIX))) is not None:
            found[:, arm] = every[:, at]
    known = found.sum(axis=1)
    share = float(summed(log.rows, log.memory, lambda rows: [known[row_of[rows]]])[0]) / log.rows
    return Table(found, max(1.0 - share, 0.0), row_of)


def _sum_error(every: NDArray[np.float64]) -> float:
    """Return what a row's sum may be off by where each number is rounded to the digits that the file has."""
    digits = next((each for each in range(2, 7) if (np.round(every, each) == every).all()), None)
    return _SUM_ERROR if digits is None else max(0.51 * 10.0**-digits * every.shape[1], _SUM_ERROR)


def _row_of(columns: File, logged: LoggedFile) -> NDArray[np.int64]:
    """Return the file's row for each row of the log."""
    log, keys = logged.log, [name for name in ("decision_id", "position") if name in columns.names]
    if not keys:
        if columns.rows == 1:
            return np.broadcast_to(np.int64(0), log.rows)
        if columns.rows <= max(int(logged.file_row[rows].max()) for rows in stretches(log.rows, log.memory)):
            raise columns.wrong("p_<action>", f"1 row or one for each of the log's; it has {columns.rows:,}")
        return logged.file_row
    read = {"decision_id": columns.texts, "position": lambda name: columns.whole(name, 0).astype(np.str_)}
    have = list(zip(*(read[name](name).tolist() for name in keys), strict=True))
    row_of = {key: at for at, key in enumerate(have)}
    of_log = {
        "decision_id": lambda: logged.decisions().take(pa.array(logged.file_row)).to_pylist(),
        "position": lambda: log.position.astype(np.str_).tolist(),
    }
    try:
        return np.array([row_of[key] for key in zip(*(of_log[name]() for name in keys), strict=True)])
    except KeyError as error:
        raise columns.wrong(", ".join(keys), f"every one of the log's; {error.args[0]} is not there") from error
