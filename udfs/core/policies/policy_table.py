"""What the policy topic says, as arrays by activity: coefficients in fixed point, counts, and former rows."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.schemas.errors import InvalidRecord, Reason
from tideline.schemas.records import POLICY
from tideline.udfs.core.catalogue.activity_features import FEATURES
from tideline.udfs.core.context import DIM
from tideline.udfs.core.fixed_point import INVERSE_UNIT, in_units
from tideline.udfs.core.limits import OBJECTIVES
from tideline.udfs.core.policies.arm_key import PRIOR_ID, ArmKey, RowKey
from tideline.udfs.core.policies.pair_row import COLD_PAIRS, NO_PAIRS, PairRow, PairTable, decode_pairs, encode_pairs

if TYPE_CHECKING:
    from numpy.typing import NDArray


PAIRS = DIM * (DIM + 1) // 2
UPPER = np.triu_indices(DIM)
_FORMER_ROWS = 16_384
"""Of all activities together, 2.4 kB each: with 10,000 known and each renewed every nine minutes, 64 of each would be
1.5 GB after a morning."""
_FORMER_TOTALS = 4096
_NO_TOTALS: deque[tuple[int, float]] = deque()
SHARED_DIM = FEATURES * DIM
_SHARED_PAIRS = SHARED_DIM * (SHARED_DIM + 1) // 2
_SHAPE = (DIM, 8 * len(OBJECTIVES) * DIM, 4 * PAIRS, *[len(OBJECTIVES)] * 3)
THETA_LIMIT = 2**62
"""Largest theta in units, 2.7e11: more than any impression earns. A larger one is cut, and counted by the learner."""


BY_CLICK = (1.0, *[0.0] * (len(OBJECTIVES) - 1))
"""A click alone."""


class SharedRow(NamedTuple):
    """What all activities share, as published with the prior: see hybrid.py.

    theta [objectives, FEATURES * DIM] in THETA_UNIT, inverse the upper triangle of (FEATURES * DIM)^2 in INVERSE_UNIT,
    off-diagonals doubled.
    """

    theta: NDArray[np.int64]
    inverse: NDArray[np.int64]


class PolicyRow(NamedTuple):
    """What is known about one activity from `version` (an offset of the policy topic) on."""

    version: int
    encoder: int
    impressions: float
    """Weighted, in contexts of this encoder."""
    total: float
    """Impressions of all activities when it was published, under any encoder."""
    rewards: tuple[float, ...]
    theta: NDArray[np.int64]
    """[objectives, DIM] in THETA_UNIT."""
    inverse: NDArray[np.int64]
    """[PAIRS] upper triangle of the inverse design matrix in INVERSE_UNIT, off-diagonals doubled."""
    carried_impressions: float = 0.0
    """Weighted, under other encoders: counts alone, no context of theirs."""
    carried_rewards: tuple[float, ...] = (0.0,) * len(OBJECTIVES)
    shared: SharedRow | None = None
    """Of a prior: what an activity nobody has seen starts from, by its features."""
    regression: str = ""
    """Name of how it was solved, where that is for an arm of an experiment and not as for the deployment's policy."""
    epoch: int = 0
    """Which submission of the job published it, see fence.py."""
    by_click: tuple[float, ...] = BY_CLICK
    """What comes with a click of the activity, by objective; where pairs are learned from."""
    pairs: PairRow | None = None
    """Of a prior: what all pairs share."""


class Coefficients(NamedTuple):
    """The rows of K activities as arrays: theta [K, DIM] of the weighted objectives, inverse [K, PAIRS], counts [K]."""

    theta: NDArray[np.float64]
    inverse: NDArray[np.float64]
    impressions: NDArray[np.float64]
    """As all counts, under any encoder: a rate without a context belongs to the activity alone."""
    total: NDArray[np.float64]
    clicks: NDArray[np.float64]
    pairs: PairTable = NO_PAIRS

    def arrays(self) -> tuple[NDArray[Any], ...]:
        """Return all numbers, to compare what two know."""
        return (*self[:-1], self.pairs.worth, self.pairs.shared.theta, self.pairs.shared.inverse)


@cache
def cold_row() -> PolicyRow:
    """Return what is known before anything was learned: nothing, with the width of the unit prior."""
    theta, inverse = np.zeros((len(OBJECTIVES), DIM), np.int64), np.zeros(PAIRS, np.int64)
    inverse[UPPER[0] == UPPER[1]] = round(1.0 / INVERSE_UNIT)
    theta.flags.writeable = inverse.flags.writeable = False
    return PolicyRow(-1, 0, 0.0, 0.0, (0.0,) * len(OBJECTIVES), theta, inverse)


def row_key(activity_id: str, row: PolicyRow) -> RowKey:
    """Return the key that a row of an activity is published under."""
    return RowKey(ArmKey(row.encoder, activity_id), row.regression)


def encode_row(row: PolicyRow, activity_id: str) -> bytes:
    """Return the policy record of a row; its version is the offset it will get, so it is not inside."""
    return POLICY.encode(
        {
            "activity_id": activity_id,
            "encoder_version": row.encoder,
            "dim": DIM,
            "impressions": row.impressions,
            "total_impressions": row.total,
            "rewards": list(row.rewards),
            "theta": row.theta.astype("<i8").tobytes(),
            "inverse": row.inverse.astype("<i4").tobytes(),
            "carried_impressions": row.carried_impressions,
            "carried_rewards": list(row.carried_rewards),
            "shared_theta": b"" if row.shared is None else row.shared.theta.astype("<i8").tobytes(),
            "shared_inverse": b"" if row.shared is None else row.shared.inverse.astype("<i4").tobytes(),
            "regression": row.regression,
            "epoch": row.epoch,
            "by_click": [] if row.by_click == BY_CLICK else list(row.by_click),
            **encode_pairs(row.pairs),
        }
    )


def decode_row(value: bytes, offset: int) -> tuple[str, PolicyRow]:
    """Return (activity id, row) of a policy record read at an offset.

    Raises InvalidRecord where the value is no policy record of this build's shape.
    """
    record: dict[str, Any] = POLICY.decode(value)
    theta, inverse, rewards = record["theta"], record["inverse"], record["rewards"]
    carried = record["carried_rewards"] or [0.0] * len(OBJECTIVES)
    by_click = tuple(record["by_click"]) or BY_CLICK
    found = record["dim"], len(theta), len(inverse), len(rewards), len(carried), len(by_click)
    if found != _SHAPE:
        raise InvalidRecord(
            Reason.BAD_FIELD,
            f"dim, bytes of theta and inverse, rewards, carried rewards, by click are {found}; allowed: {_SHAPE}",
        )
    return record["activity_id"], PolicyRow(
        offset,
        record["encoder_version"],
        record["impressions"],
        record["total_impressions"],
        tuple(rewards),
        np.frombuffer(theta, "<i8").astype(np.int64).reshape(len(OBJECTIVES), DIM),
        np.frombuffer(inverse, "<i4").astype(np.int64),
        record["carried_impressions"],
        tuple(carried),
        _decode_shared(record["shared_theta"], record["shared_inverse"]),
        record["regression"],
        record["epoch"],
        by_click,
        decode_pairs(record),
    )


def _decode_shared(theta: bytes, inverse: bytes) -> SharedRow | None:
    if not theta and not inverse:
        return None
    found, allowed = (len(theta), len(inverse)), (8 * len(OBJECTIVES) * SHARED_DIM, 4 * _SHARED_PAIRS)
    if found != allowed:
        raise InvalidRecord(
            Reason.BAD_FIELD, f"bytes of shared theta and inverse are {found}; allowed: {allowed} or none"
        )
    return SharedRow(
        np.frombuffer(theta, "<i8").astype(np.int64).reshape(len(OBJECTIVES), SHARED_DIM),
        np.frombuffer(inverse, "<i4").astype(np.int64),
    )


@dataclass(slots=True)
class PolicyTable:
    """Rows by arm, the newest and the latest former ones to score a recent decision again."""

    version: int = -1
    """Offset of the newest applied record: with it the table is a known state of the policy topic."""
    rows: dict[ArmKey, PolicyRow] = field(default_factory=dict)
    whole_from: int = -1
    """Of versions below it rows may be missing: what is not at hand is unknown then, see policy_start.py."""
    _former: dict[ArmKey, deque[PolicyRow]] = field(default_factory=dict)
    _order: deque[ArmKey] = field(default_factory=deque)
    """Whose the former rows are, in the order in which they ceased to count."""
    _cut: set[ArmKey] = field(default_factory=set)
    """Those of which the oldest former rows were dropped."""
    _totals: dict[int, deque[tuple[int, float]]] = field(default_factory=dict)
    """(version, total) of each encoder's priors, rising."""

    def apply(self, activity_id: str, row: PolicyRow) -> bool:
        """Take a row in; return False for one that is not newer than the table.

        A row that only says again what is known leaves the one that said it first.
        """
        if row.version <= self.version:
            return False
        key = ArmKey(row.encoder, activity_id)
        known = self.rows.get(key)
        if known is None or not _says_the_same(known, row):
            if known is not None:
                self._keep_former(key, known)
            self.rows[key] = row
        self.version = row.version
        if activity_id == PRIOR_ID:
            self._totals.setdefault(row.encoder, deque(maxlen=_FORMER_TOTALS)).append((row.version, row.total))
        return True

    def _keep_former(self, key: ArmKey, row: PolicyRow) -> None:
        self._former.setdefault(key, deque()).append(row)
        self._order.append(key)
        if len(self._order) > _FORMER_ROWS:
            oldest = self._order.popleft()
            self._former[oldest].popleft()
            self._cut.add(oldest)

    def knows(self, encoder: int, version: int | None = None) -> bool:
        """Return whether the rows of an encoder were published, at a version if one is given: its prior comes last."""
        if version is None:
            return ArmKey(encoder, PRIOR_ID) in self.rows
        return any(published <= version for published, _ in self._totals.get(encoder, ()))

    def total(self, encoder: int) -> float:
        """Return the impressions of all activities when an encoder's rows were last published."""
        totals = self._totals.get(encoder)
        return totals[-1][1] if totals else 0.0

    def total_at(self, encoder: int, version: int) -> float | None:
        """Return what `total` was at a version of the table, None where that is no longer known."""
        totals = self._totals.get(encoder, _NO_TOTALS)
        for published, total in reversed(totals):
            if published <= version:
                return total
        return None if len(totals) == _FORMER_TOTALS or version < self.whole_from else 0.0

    def row(self, encoder: int, activity_id: str) -> PolicyRow:
        """Return the row of an activity, the prior of that encoder where it has none."""
        return self.rows.get(ArmKey(encoder, activity_id)) or self.rows.get(ArmKey(encoder, PRIOR_ID)) or cold_row()

    def row_at(self, encoder: int, activity_id: str, version: int) -> PolicyRow | None:
        """Return the row that counted at a version of the table, None where that is no longer known.

        As in `row`, before an activity's first row its encoder's prior counts, and before the first prior the cold row.
        """
        for name in (activity_id, PRIOR_ID):
            key = ArmKey(encoder, name)
            row = self.rows.get(key)
            if row is not None and row.version <= version:
                return row
            for row in reversed(self._former.get(key, ())):
                if row.version <= version:
                    return row
            if key in self._cut or version < self.whole_from:
                return None
        return cold_row()


def _says_the_same(known: PolicyRow, row: PolicyRow) -> bool:
    """Return whether two rows score alike: their total counts as the table's alone."""
    return (
        (known.impressions, known.rewards, known.carried_impressions, known.carried_rewards, known.by_click)
        == (row.impressions, row.rewards, row.carried_impressions, row.carried_rewards, row.by_click)
        and np.array_equal(known.theta, row.theta)
        and np.array_equal(known.inverse, row.inverse)
        and (known.shared is row.shared or (known.shared is not None and row.shared is not None
             and all(np.array_equal(*pair) for pair in zip(known.shared, row.shared, strict=True))))
        and (known.pairs is row.pairs or (known.pairs is not None and known.pairs.says_the_same(row.pairs)))
    )  # fmt: skip


def stack(rows: list[PolicyRow], weights: NDArray[np.float64], shared: PairRow = COLD_PAIRS) -> Coefficients:
    """Return the arrays of some rows, and what pairs share; theta is in whole units again after weighting.

    `weights` of the objectives are [objectives], or a row for each of the rows.
    """
    if not rows:
        none = np.zeros(0)
        return Coefficients(np.zeros((0, DIM)), np.zeros((0, PAIRS)), none, none, none, PairTable(shared, none))
    # One behind the other: 0.3 us a row, numpy's stack takes 1.5.
    theta = np.concatenate([row.theta for row in rows]).reshape(len(rows), -1, DIM).astype(np.float64)
    return Coefficients(
        theta=in_units((weights[..., None] * theta).sum(axis=1)),
        inverse=np.concatenate([row.inverse for row in rows]).reshape(len(rows), -1).astype(np.float64),
        impressions=np.array([row.impressions + row.carried_impressions for row in rows]),
        total=np.array([row.total for row in rows]),
        clicks=np.array([row.rewards[0] + row.carried_rewards[0] for row in rows]),
        pairs=PairTable(shared, (weights * np.array([row.by_click for row in rows])).sum(axis=1)),
    )
