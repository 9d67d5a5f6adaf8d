"""Rows of anybody's log, some at a time: which count, and their columns as evaluation reads them."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tideline.scripts.analysis.log_order import sampled
from tideline.udfs.core.catalogue.activity_features import FEATURES
from tideline.udfs.core.evaluation.columns.row_parts import AT_ONCE
from tideline.udfs.core.pairs.pair_numbers import PAIR_BYTES
from tideline.udfs.core.ranking.list_rules import Description

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from numpy.typing import NDArray

    from tideline.models.tables import Table

LEAST_PROPENSITY = 1e-12
"""Below it a single row would be all that counts."""
FEATURE_NAMES = tuple(f"feature_{at}" for at in range(FEATURES))
_ROUNDING = 1e-6
_UNITS = 127
_USERS = ("user", "user_id")


class Facts(NamedTuple):
    """What all rows of a log say together."""

    placement: str
    newest: int | None
    """The encoder whose rows are read; None where the file does not tell encoders apart."""
    known: bool
    """Whether rows without a propensity are left out."""
    least: int
    """Position of the first one."""
    below: bool
    """Whether some row is below the position 0."""
    left_out: dict[str, int]
    moments: list[int]
    """Times of some rows."""
    texts: list[str]
    """Some of what stands for users, where there is such a column."""

    @classmethod
    def of(cls, table: Table, placement: str) -> Facts:
        """Return them.

        Raises:
            ConfigError: a column holds what is not allowed.
        """
        names = ("placement", "encoder_version", "propensity", "position", "ts_ms", "decision_id", *_USERS)
        counts, texts = Counter[tuple[bool, int, bool]](), list[str]()
        moments, least, below, done = list[int](), np.iinfo(np.int64).max, False, 0
        first_ms, last_ms = np.iinfo(np.int64).max, 0
        for batch in table.batches([name for name in names if name in table.names] or table.names[:1], AT_ONCE):
            here = _here(batch, placement)
            encoder = batch.whole("encoder_version", 0) if "encoder_version" in batch.names else np.zeros(batch.rows)
            keys = zip(
                here.tolist(), encoder.astype(np.int64).tolist(), (~np.isnan(propensity(batch))).tolist(), strict=True
            )
            counts.update(keys)
            position = positions(batch)
            least, below = min(least, int(position.min(initial=least))), below or bool((position > 0).any())
            at_ms = times(batch, done)
            first_ms, last_ms = min(first_ms, at_ms.min(initial=first_ms)), max(last_ms, at_ms.max(initial=0))
            moments += at_ms[sampled(done, batch.rows)].tolist()
            whose = users(batch)
            if whose is not None:
                some = pa.array(sampled(done, batch.rows))
                texts += pc.take(standing(whose, ids(batch, done)), some).to_pylist()
            done += batch.rows
        if done and "ts_ms" in table.names:
            table.check_unit("ts_ms", float(first_ms), float(last_ms))
        newest = None
        if "encoder_version" in table.names and table.rows:
            newest = max((encoder for (here, encoder, _) in counts if here), default=0)
        left_out = {}
        if placement or "placement" in table.names:
            left_out["another placement"] = sum(count for (here, _, _), count in counts.items() if not here)
        mine = {(each[1], each[2]): count for each, count in counts.items() if each[0]}
        if newest is not None:
            left_out["another encoder"] = sum(count for (encoder, _), count in mine.items() if encoder != newest)
            mine = {each: count for each, count in mine.items() if each[0] == newest}
        known = any(is_known for _, is_known in mine)
        if known:
            left_out["no propensity"] = sum(count for (_, is_known), count in mine.items() if not is_known)
        return cls(placement, newest, known, least, below, left_out, moments, texts)

    def kept(self, batch: Table, chance: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which rows are read: of the placement and the newest encoder, with a propensity if any has one."""
        found = _here(batch, self.placement)
        if self.newest is not None:
            found &= batch.whole("encoder_version", 0) == self.newest
        return found & ~np.isnan(chance) if self.known else found


def _here(batch: Table, placement: str) -> NDArray[np.bool_]:
    if placement or "placement" in batch.names:
        return batch.coded("placement", empty="").are(placement)
    return np.ones(batch.rows, np.bool_)


def propensity(batch: Table) -> NDArray[np.float64]:
    """Return the propensity of each row, at most 1; nan where none is known."""
    if "propensity" not in batch.names:
        return np.full(batch.rows, np.nan)
    found = batch.numbers("propensity")
    right = np.isnan(found) | ((found > 0) & (found <= 1 + _ROUNDING))
    batch.require("propensity", right, "numbers above 0 and at most 1")
    batch.require("propensity", ~(found < LEAST_PROPENSITY), f"numbers from {LEAST_PROPENSITY} on")
    return np.minimum(found, 1.0)


def positions(batch: Table) -> NDArray[np.int64]:
    """Return the position of each row as the file tells it."""
    return batch.whole("position", 0) if "position" in batch.names else np.zeros(batch.rows, np.int64)


def times(batch: Table, before: int) -> NDArray[np.int64]:
    """Return the time of each row, its place in the file where none is told; so many rows are before these."""
    return batch.times("ts_ms", of_part=True) if "ts_ms" in batch.names else np.arange(before, before + batch.rows)


def ids(batch: Table, before: int) -> Any:
    """Return the decision of each row as an Arrow array of texts."""
    if "decision_id" not in batch.names:
        return pc.cast(pa.array(np.arange(before, before + batch.rows)), pa.string())
    found = batch.strings("decision_id")
    batch.require("decision_id", pc.is_valid(found).to_numpy(zero_copy_only=False), "a text in every row")
    return found


def users(batch: Table) -> Any:
    """Return whose each row is as an Arrow array of texts, null where it is empty; None without such a column."""
    name = next((each for each in _USERS if each in batch.names), None)
    return None if name is None else batch.strings(name)


def standing(whose: Any, decisions: Any) -> Any:
    """Return the users of rows, for those who are not known the rows' decisions."""
    return pc.if_else(pc.is_valid(whose), whose, pc.binary_join_element_wise("decision ", decisions, ""))


def context_names(names: list[str]) -> list[str]:
    """Return the columns of the context, numbers in them by their size."""
    found = [name for name in names if name.startswith("x_")]
    return sorted(found, key=lambda name: [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)])


class Actions:
    """What is said of actions, rows of which come some at a time; numbers are in the order in which they came."""

    def __init__(self) -> None:
        self.number: dict[str, int] = {}
        self.abouts: dict[str, int] = {}
        self._features = np.zeros((0, FEATURES), np.int8)
        self._told = np.zeros(0, np.bool_)

    def take(self, batch: Table, kept: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the number of each row's action."""
        coded = batch.coded("action")
        numbers = [self.number.setdefault(each, len(self.number)) for each in coded.names.tolist()]
        action = np.array(numbers, np.int64)[coded.code]
        if set(FEATURE_NAMES) <= set(batch.names):
            self._check(batch, action, kept)
        return action

    def about(self, batch: Table) -> NDArray[np.int64]:
        """Return the number of what each row says of its action."""
        coded = batch.coded("about")
        numbers = [self.abouts.setdefault(each, len(self.abouts)) for each in coded.names.tolist()]
        return np.array(numbers, np.int64)[coded.code]

    def features(self, numbers: NDArray[np.int64]) -> NDArray[np.int8] | None:
        """Return those of some actions, None where the file does not have all of their columns."""
        return self._features[numbers] if self._features.size else None

    def _check(self, batch: Table, action: NDArray[np.int64], kept: NDArray[np.bool_]) -> None:
        found = np.empty((batch.rows, FEATURES))
        for at, name in enumerate(FEATURE_NAMES):
            found[:, at] = batch.numbers(name)
            whole = np.abs(found[:, at] * _UNITS - np.rint(found[:, at] * _UNITS)) < _ROUNDING * _UNITS
            batch.require(name, whole & (np.abs(found[:, at]) <= 1), f"whole {_UNITS}ths from -1 to 1")
        units = np.rint(found * _UNITS).astype(np.int8)
        more = len(self.number) - self._told.size
        self._features = np.concatenate([self._features, np.zeros((more, FEATURES), np.int8)])
        self._told = np.concatenate([self._told, np.zeros(more, np.bool_)])
        seen, first = np.unique(action[kept], return_index=True)
        new = ~self._told[seen]
        self._features[seen[new]] = units[kept][first[new]]
        self._told[seen] = True
        same = (units == self._features[action]) | ~kept[:, None]
        for at, name in enumerate(FEATURE_NAMES):
            batch.require(name, same[:, at], "the same number in all rows of an action")


def typed(batch: Table, before: int, facts: Facts, reward: str, actions: Actions, *, ruled: bool) -> pa.RecordBatch:
    """Return the columns of some rows, behind so many of the file; what is said of actions is there if `ruled`.

    Raises:
        ConfigError: a column holds what is not allowed.
    """
    rewards, chance = batch.numbers(reward), propensity(batch)
    batch.require(reward, np.isfinite(rewards), "a finite number in every row")
    kept = facts.kept(batch, chance)
    found: dict[str, Any] = {
        "row": np.arange(before, before + batch.rows), "kept": kept, "decision": ids(batch, before),
        "position": positions(batch), "ts_ms": times(batch, before), "action": actions.take(batch, kept),
        "reward": rewards, "propensity": chance,
    }  # fmt: skip
    whose = users(batch)
    if whose is not None:
        found["user"] = whose
    if "eligible" in batch.names:
        found["eligible"] = batch.whole("eligible", 1)
    if "feasible" in batch.names:
        found["feasible"] = batch.whole("feasible", 0, empty=0)
    if "pair" in batch.names:
        found["pair"] = batch.whole("pair", 0)
        batch.require("pair", found["pair"] < 1 << 8 * PAIR_BYTES, f"whole numbers below {1 << 8 * PAIR_BYTES}")
    if ruled:
        found["about"] = actions.about(batch)
    for name in context_names(batch.names):
        found[name] = batch.numbers(name)
        batch.require(name, np.isfinite(found[name]), "a finite number in every row")
    return pa.record_batch({name: pa.array(each) for name, each in found.items()})


def described(text: str) -> Description | None:
    """Return what list rules compare of an action, None where the text does not say it."""
    try:
        found = json.loads(text)
        return Description(str(found["kind"]), tuple(map(str, found["categories"])), dict(found["labels"]))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def batches(table: Table, facts: Facts, reward: str, actions: Actions, *, ruled: bool) -> Iterator[pa.RecordBatch]:
    """Yield all rows, typed; of each column that is read."""
    wanted = (
        "action", reward, "placement", "encoder_version", "propensity", "decision_id", "position", "ts_ms", *_USERS,
        "eligible", "feasible", "pair", *(("about",) if ruled else ()), *FEATURE_NAMES, *context_names(table.names),
    )  # fmt: skip
    done = 0
    for batch in table.batches([name for name in dict.fromkeys(wanted) if name in table.names], AT_ONCE):
        yield typed(batch, done, facts, reward, actions, ruled=ruled)
        done += batch.rows
