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

import json
import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tideline.models.coded_texts import CodedTexts, coded_texts
from tideline.models.tables import Table
from tideline.udfs.core.catalogue.activity_features import FEATURES
from tideline.udfs.core.evaluation.log import LoggedFeedback
from tideline.udfs.core.hashing import hash64
from tideline.udfs.core.pairs.pair_numbers import PAIR_BYTES
from tideline.udfs.core.ranking.list_rules import Description
from tideline.udfs.core.ranking.rule_tables import compiled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from tideline.udfs.core.ranking.list_rules import ListRule
    from tideline.udfs.core.ranking.rule_tables import RuleTables


LEAST_PROPENSITY = 1e-12
"""Below it a single row would be all that counts."""
_ROUNDING = 1e-6
_UNITS = 127
_USERS = ("user", "user_id")
_FEATURES = tuple(f"feature_{at}" for at in range(FEATURES))
_READ = (
    "action", "propensity", "decision_id", "position", "eligible", "feasible", "about", "ts_ms", "encoder_version",
    "pair", "placement",
)  # fmt: skip
_EXPORTED = (
    "policy", "policy_version", "mean", "bonus", "explored", "experiment", "arm", "shadow_mean", "shadow_bonus",
    "click", "conversion", "dismissed", "revenue", "reward", "cost", "mature", "variant", "variant_share",
)  # fmt: skip


class LoggedFile(NamedTuple):
    """A log, the file row of each of its rows and its decision id, how many rows were left out and why, and more."""

    log: LoggedFeedback
    file_row: NDArray[np.int64]
    decision_id: CodedTexts
    left_out: dict[str, int]
    unread: list[str]
    """Columns that nothing was read from, but for those of our own export."""


def read_log(
    path: Path, reward: str = "reward", rules: Sequence[ListRule] = (), placement: str | None = None
) -> LoggedFile:
    """Return the rows of a placement, None: of default lists, with a known propensity, all where none is known.

    `rules` are those of its lists.

    Raises:
        ConfigError: the file cannot be read, lacks a column or holds a value that is not allowed.
    """
    columns = Table(path, "--log")
    action, rewards = columns.coded("action"), columns.numbers(reward)
    columns.require(reward, np.isfinite(rewards), "a finite number in every row")
    propensity = _propensity(columns)
    ids, position, ts_ms, lists = _places(columns)
    kept, left_out = _usable(columns, ~np.isnan(propensity), placement or "")
    rows, decision = _by_decision(kept, ids, position, ts_ms)
    if lists:
        whole = _without_gap(decision, position[rows])
        left_out["below a gap in their list"] = int((~whole).sum())
        rows, decision = rows[whole], np.unique(decision[whole], return_inverse=True)[1]
    arms, code = action.among(rows)
    arm = code.astype(np.int64)
    eligible = _eligible(columns, arms.size, position if lists else np.zeros(columns.rows, np.int64))
    ids = ids.among(rows)
    user, decision_hash = _users(columns, ids, rows)
    log = LoggedFeedback(
        arms=tuple(arms.tolist()),
        x=_contexts(columns, rows),
        action=arm,
        propensity=propensity[rows],
        reward=rewards[rows],
        decision=decision.astype(np.int64),
        decision_hash=decision_hash,
        position=position[rows],
        eligible=eligible[rows],
        ts_ms=ts_ms[rows],
        lists=lists,
        user=user,
        features=_features(columns, rows, arm),
        pair=_pairs(columns, rows),
        feasible=_feasible(columns, rows) if lists else None,
        rules=_rules(columns, rows, arm, rules) if lists and rules else (),
    )
    left_out = {reason: count for reason, count in left_out.items() if count}
    return LoggedFile(log, rows, ids, left_out, [name for name in columns.names if not _known(name, reward)])


def _places(columns: Table) -> tuple[CodedTexts, NDArray[np.int64], NDArray[np.int64], bool]:
    """Return decision, position and time of each row, and whether decisions are lists: their positions are from 0."""
    has_ids = "decision_id" in columns.names
    ids = columns.coded("decision_id") if has_ids else coded_texts(pc.cast(pa.array(range(columns.rows)), pa.string()))
    position = columns.whole("position", 0) if "position" in columns.names else np.zeros(columns.rows, np.int64)
    ts_ms = columns.times("ts_ms") if "ts_ms" in columns.names else np.arange(columns.rows)
    lists = bool(has_ids and (position > 0).any() and ids.names.size < columns.rows)
    return ids, position - position.min() if lists else position, ts_ms, lists


def _propensity(columns: Table) -> NDArray[np.float64]:
    """Return the propensity of each row, at most 1; nan where none is known."""
    if "propensity" not in columns.names:
        return np.full(columns.rows, np.nan)
    found = columns.numbers("propensity")
    right = np.isnan(found) | ((found > 0) & (found <= 1 + _ROUNDING))
    columns.require("propensity", right, "numbers above 0 and at most 1")
    columns.require("propensity", ~(found < LEAST_PROPENSITY), f"numbers from {LEAST_PROPENSITY} on")
    return np.minimum(found, 1.0)


def _eligible(columns: Table, arms: int, above: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return among how many arms each row was chosen: all where the file does not say."""
    if "eligible" not in columns.names:
        return np.full(columns.rows, arms)
    found = columns.whole("eligible", 1)
    columns.require("eligible", found > above, "more arms than the entries above")
    return found


def _feasible(columns: Table, rows: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """Return how many arms list rules left for each row, 0 where none had a say; None where they did in no row."""
    if "feasible" not in columns.names:
        return None
    found = columns.whole("feasible", 0, empty=0)[rows]
    return found if found.any() else None


def _rules(columns: Table, rows: NDArray[np.int64], arm: NDArray[np.int64], rules: Sequence[ListRule]) -> RuleTables:
    """Return the rules for the arms, by what the file tells of each one."""
    about = columns.coded("about").of(rows[np.unique(arm, return_index=True)[1]])
    described = [_described(text) for text in about.tolist()]
    right = np.array([each is not None for each in described])[arm]
    whole = np.ones(columns.rows, np.bool_)
    whole[rows] = right
    columns.require("about", whole, "a JSON object with kind, categories and labels in every row")
    return compiled(rules, [each for each in described if each is not None])


def _described(text: str) -> Description | None:
    try:
        found = json.loads(text)
        return Description(str(found["kind"]), tuple(map(str, found["categories"])), dict(found["labels"]))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _known(name: str, reward: str) -> bool:
    return name in (*_READ, *_USERS, *_FEATURES, *_EXPORTED, reward, "") or name.startswith("x_")


def _users(
    columns: Table, ids: CodedTexts, rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64] | None, NDArray[np.uint64]]:
    """Return whose each of the rows is, a number, and the hash of his name; a decision stands for him where unknown.

    None and the hashes of the decisions where the file has no such column. `ids` are those of the rows.
    """
    name = next((each for each in _USERS if each in columns.names), None)
    whose = ids
    if name is not None:
        whose = columns.coded(name, empty="").among(rows)
        unknown = whose.are("")
        if unknown.any():
            standing = ids.among(np.flatnonzero(unknown))
            names = np.concatenate([whose.names, np.char.add("decision ", standing.names)])
            of = whose.code.astype(np.int64)
            of[unknown] = whose.names.size + standing.code
            used, of = np.unique(of, return_inverse=True)
            names, place = np.unique(names[used], return_inverse=True)
            whose = CodedTexts(names, place[of].astype(np.int32))
    hashes = np.array([hash64(each) for each in whose.names.tolist()], np.uint64)
    return None if name is None else whose.code.astype(np.int64), hashes[whose.code]


def _pairs(columns: Table, rows: NDArray[np.int64]) -> NDArray[np.uint32] | None:
    if "pair" not in columns.names:
        return None
    found = columns.whole("pair", 0)
    columns.require("pair", found < 1 << 8 * PAIR_BYTES, f"whole numbers below {1 << 8 * PAIR_BYTES}")
    return found[rows].astype(np.uint32)


def _contexts(columns: Table, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    names = [name for name in columns.names if name.startswith("x_")]
    names.sort(key=lambda name: [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)])
    x = np.empty((rows.size, len(names)))
    for at, name in enumerate(names):
        found = columns.numbers(name)
        columns.require(name, np.isfinite(found), "a finite number in every row")
        x[:, at] = found[rows]
    return x


def _features(columns: Table, rows: NDArray[np.int64], arm: NDArray[np.int64]) -> NDArray[np.int8] | None:
    """Return the features of each arm, None where the file does not have all of their columns."""
    if not set(_FEATURES) <= set(columns.names):
        return None
    found = np.empty((columns.rows, FEATURES))
    for at, name in enumerate(_FEATURES):
        found[:, at] = columns.numbers(name)
        whole = np.abs(found[:, at] * _UNITS - np.rint(found[:, at] * _UNITS)) < _ROUNDING * _UNITS
        columns.require(name, whole & (np.abs(found[:, at]) <= 1), f"whole {_UNITS}ths from -1 to 1")
    units = np.rint(found * _UNITS).astype(np.int8)
    of_arm: NDArray[np.int8] = units[rows][np.unique(arm, return_index=True)[1]]
    same = np.ones((columns.rows, FEATURES), np.bool_)
    same[rows] = units[rows] == of_arm[arm]
    for at, name in enumerate(_FEATURES):
        columns.require(name, same[:, at], "the same number in all rows of an action")
    return of_arm


def _usable(columns: Table, known: NDArray[np.bool_], placement: str) -> tuple[NDArray[np.int64], dict[str, int]]:
    """Return the rows of a placement and the newest encoder whose propensity is known (if any is); count the others."""
    kept, left_out = np.ones(columns.rows, np.bool_), {}
    if placement or "placement" in columns.names:
        kept = columns.coded("placement", empty="").are(placement)
        left_out["another placement"] = int((~kept).sum())
    if "encoder_version" in columns.names and columns.rows:
        encoder = columns.whole("encoder_version", 0)
        newest = encoder == encoder[kept].max(initial=0)
        left_out["another encoder"] = int((kept & ~newest).sum())
        kept &= newest
    if (kept & known).any():
        left_out["no propensity"] = int((kept & ~known).sum())
        kept &= known
    return np.flatnonzero(kept), left_out


def _by_decision(
    rows: NDArray[np.int64], ids: CodedTexts, position: NDArray[np.int64], ts_ms: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows, decisions by their earliest time and each by position, and the number of each one's decision."""
    names, of = ids.among(rows)
    earliest = np.full(names.size, np.iinfo(np.int64).max)
    np.minimum.at(earliest, of, ts_ms[rows])
    order = np.lexsort((rows, position[rows], of, earliest[of]))
    rows, of = rows[order], of[order]
    starts = np.flatnonzero(np.diff(of, prepend=-1))
    return rows, np.repeat(np.arange(starts.size), np.diff(starts, append=of.size))


def _without_gap(decision: NDArray[np.int64], position: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which rows stand at the position that continues their list without a gap or a second arm in a place."""
    starts = np.flatnonzero(np.diff(decision, prepend=-1))
    place = np.arange(decision.size) - np.repeat(starts, np.diff(starts, append=decision.size))
    found: NDArray[np.bool_] = position == place
    return found
