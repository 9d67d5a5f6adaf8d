"""What is learned: additive sums by activity, encoder version and time bucket, and the policy rows solved from them.

Contexts are int8 and rewards whole numbers (revenue in thousandths of a unit), so sums are exact int64: any order, any
sharding and any number of restores give the same bits. Forgetting (forward decay) weighs whole time buckets when a row
is solved and so renews the ridge term by itself. An impression at a place that is looked at with probability k weighs
k, its rewards whole: least squares of r/k with the variance of rare rewards, about 1/k (Lagree, Vernade and Cappe 2016
for counts).
Contexts of two encoder versions never meet in a sum: what an activity earned under others enters its row as counts
alone, as impressions in a stranger's context (docs/decisions/0007).
State bytes: version 3, golden file tests/golden/sums_v3.bin.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from udfs.core.decision_token import CONSTANT_X
from udfs.core.feedback import OBJECTIVES
from udfs.core.policy_table import INVERSE_UNIT, PAIRS, THETA_UNIT, UPPER, X_UNIT, PolicyRow
from udfs.core.user_state import DIM

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

SUMS_VERSION = 3
RIDGE = 1.0
CARRIED = 200.0
"""At most so many impressions does what was learned under other encoder versions weigh as."""
BUCKETS_PER_HALF_LIFE = 4
_KEPT_HALF_LIVES = 8
_UNIT_MS = 28 * 86_400_000
WHOLE = 100
"""An impression that was certainly looked at, in the unit of the sums."""
_UNITS = np.array([1.0, 1.0, 0.001])
_CONSTANT = CONSTANT_X * X_UNIT
_THETA_LIMIT = 2.0**8

BUCKET = np.dtype(
    [
        ("bucket", "<i8"),
        ("impressions", "<i8"),
        ("dismissals", "<i8"),
        ("rewards", "<i8", (len(OBJECTIVES),)),
        ("xx", "<i8", (PAIRS,)),
        ("rx", "<i8", (len(OBJECTIVES), DIM)),
    ]
)
"""Exact sums over one stretch of event time; x in units of 1/127, revenue in thousandths, impressions (in xx too) in
hundredths: those at a place that is not always looked at count less than whole."""
NO_SUMS = np.zeros(0, BUCKET)
_HEAD = struct.Struct("<Bq")


class Forgetting(NamedTuple):
    """Half-life of what was learned in event time; 0 never forgets."""

    half_life_ms: int
    fading: bool = True
    """False: all that is kept weighs alike."""

    @property
    def unit_ms(self) -> int:
        """BUCKETS_PER_HALF_LIFE buckets in milliseconds; without a half-life 28 days, should there be one later."""
        return self.half_life_ms or _UNIT_MS

    def bucket_of(self, ts_ms: NDArray[np.int64], newest: int | None = None) -> NDArray[np.int64]:
        """Return the time bucket of each moment, seen from the newest one of all where that is known."""
        found: NDArray[np.int64] = ts_ms * BUCKETS_PER_HALF_LIFE // self.unit_ms
        return found if newest is None else self.seen_from(newest, found)

    def bucket_at(self, ts_ms: int) -> int:
        """Return the time bucket of one moment."""
        return ts_ms * BUCKETS_PER_HALF_LIFE // self.unit_ms

    def start_ms(self, bucket: int) -> int:
        """Return the first moment of a bucket."""
        return -(-bucket * self.unit_ms // BUCKETS_PER_HALF_LIFE)

    def seen_from(self, newest: int, buckets: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return where buckets are kept: without a half-life all that is long gone is one."""
        return buckets if self.half_life_ms else np.maximum(buckets, self.gone(newest))

    def gone(self, newest: int) -> int:
        """Return the newest bucket that weighs too little to be kept, seen from the newest one of all."""
        return newest - _KEPT_HALF_LIVES * BUCKETS_PER_HALF_LIFE

    def weights(self, buckets: NDArray[np.int64], newest: int) -> NDArray[np.float64]:
        """Return the weight of each bucket seen from the newest one."""
        if not self.half_life_ms or not self.fading:
            return np.ones(buckets.size)
        weights: NDArray[np.float64] = np.exp2((buckets - newest) / BUCKETS_PER_HALF_LIFE)
        return weights


def add(sums: NDArray[Any], rows: NDArray[Any], forgetting: Forgetting, newest: int | None = None) -> NDArray[Any]:
    """Return the sums (dtype BUCKET, by rising bucket) of one activity and encoder with feedback rows added to them."""
    x = rows["x"].astype(np.int64)
    rewards = np.stack([rows["clicks"], rows["conversions"], rows["revenue_milli"]]).astype(np.int64)
    impressions = rows["impressions"].astype(np.int64) * (WHOLE - rows["overlooked"].astype(np.int64))
    pairs = (x[:, UPPER[0]] * x[:, UPPER[1]]) * impressions[:, None]
    place = forgetting.bucket_of(rows["ts_ms"].astype(np.int64), newest)
    news = np.zeros(np.unique(place).size, BUCKET)
    for at, bucket in enumerate(np.unique(place).tolist()):
        here = place == bucket
        news[at]["bucket"] = bucket
        news[at]["impressions"] = impressions[here].sum()
        news[at]["dismissals"] = rows["dismissals"][here].sum(dtype=np.int64)
        news[at]["rewards"] = rewards[:, here].sum(axis=1)
        news[at]["xx"] = pairs[here].sum(axis=0)
        news[at]["rx"] = rewards[:, here] @ x[here]
    return merge([sums, news])


def merge(parts: Iterable[NDArray[Any]]) -> NDArray[Any]:
    """Return the sum of several sums; the order of the parts leaves no trace."""
    # As plain rows of int64: numpy joins and adds records field by field, several times as slowly.
    every = np.concatenate([_rows(NO_SUMS), *map(_rows, parts)])
    every = every[np.argsort(every[:, 0])]
    buckets, first = np.unique(every[:, 0], return_index=True)
    total = np.add.reduceat(every, first, axis=0)
    total[:, 0] = buckets
    return total.view(BUCKET)[:, 0]


def _rows(sums: NDArray[Any]) -> NDArray[np.int64]:
    """Return sums as rows of their numbers, the bucket first."""
    return np.ascontiguousarray(sums).view(np.int64).reshape(sums.size, BUCKET.itemsize // 8)


def forget(sums: NDArray[Any], forgetting: Forgetting, newest: int) -> NDArray[Any]:
    """Return the sums without the buckets that weigh less than 1/256 seen from the newest bucket of all.

    Without a half-life these are one bucket: nothing is lost, and as few are kept.
    """
    gone = sums["bucket"] <= forgetting.gone(newest)
    if not gone.any():
        return sums
    return sums[~gone] if forgetting.half_life_ms else _moved(sums, forgetting.seen_from(newest, sums["bucket"]))


def _moved(sums: NDArray[Any], buckets: NDArray[np.int64]) -> NDArray[Any]:
    """Return the sums with each bucket under another number."""
    moved = sums.copy()
    moved["bucket"] = buckets
    return merge([moved])


def encode_sums(sums: NDArray[Any], forgetting: Forgetting) -> bytes:
    """Return the state bytes of sums; they say how long a bucket is."""
    return _HEAD.pack(SUMS_VERSION, forgetting.unit_ms) + sums.tobytes()


def decode_sums(state: bytes | None, forgetting: Forgetting) -> NDArray[Any]:
    """Return the sums of state bytes; none for None.

    Buckets of another half-life become the ones in which they begin: no count is lost, and none is younger than it was.

    Raises:
        ValueError: a version this build does not read.
    """
    if state is None:
        return NO_SUMS
    if state[0] != SUMS_VERSION:
        raise ValueError(f"sums of version {state[0]}; this build reads {SUMS_VERSION}")
    unit_ms: int = _HEAD.unpack_from(state)[1]
    sums = np.frombuffer(state, BUCKET, offset=_HEAD.size)
    if unit_ms == forgetting.unit_ms or not sums.size:
        return sums
    starts = [Forgetting(unit_ms).start_ms(bucket) for bucket in sums["bucket"].tolist()]
    return _moved(sums, forgetting.bucket_of(np.array(starts)))


class Counts(NamedTuple):
    """Weighted impressions and rewards [objectives], revenue in whole units."""

    impressions: float
    rewards: NDArray[np.float64]


NO_COUNTS = Counts(0.0, np.zeros(len(OBJECTIVES)))


class Evidence(NamedTuple):
    """What sums say: design sum w x x' [DIM, DIM], moments sum w r x [objectives, DIM], own and carried counts."""

    design: NDArray[np.float64]
    moments: NDArray[np.float64]
    counts: Counts
    carried: Counts


class Solved(NamedTuple):
    """A ridge solution: theta [objectives, DIM], inverse design matrix [DIM, DIM], own and carried counts."""

    theta: NDArray[np.float64]
    inverse: NDArray[np.float64]
    counts: Counts
    carried: Counts


def count(parts: Iterable[NDArray[Any]], forgetting: Forgetting, newest: int) -> Counts:
    """Return what several sums of any encoder versions count together; the order of the parts leaves no trace."""
    every = np.concatenate([NO_SUMS, *parts])
    buckets, place = np.unique(every["bucket"], return_inverse=True)
    whole = np.zeros((buckets.size, 1 + len(OBJECTIVES)), np.int64)
    np.add.at(whole, place, np.column_stack([every["impressions"], every["rewards"]]))
    impressions, *rewards = (forgetting.weights(buckets, newest) @ whole).tolist()
    return Counts(impressions / WHOLE, np.array(rewards) * _UNITS)


def evidence(sums: NDArray[Any], forgetting: Forgetting, newest: int, carried: Counts = NO_COUNTS) -> Evidence:
    """Return the sums weighted by age, and what is carried as impressions in the context s of a stranger.

    Carried counts with the mean rewards m add k s s' to the design and k m s to the moments, k = min(CARRIED, their
    impressions).
    """
    weights = forgetting.weights(sums["bucket"], newest)
    design = np.zeros((DIM, DIM))
    design[UPPER] = weights @ sums["xx"].astype(np.float64) * (X_UNIT**2 / WHOLE)
    design = design + np.triu(design, 1).T
    moments = np.tensordot(weights, sums["rx"].astype(np.float64), axes=1) * X_UNIT * _UNITS[:, None]
    if carried.impressions > 0.0:
        weight = min(CARRIED, carried.impressions)
        design[0, 0] += weight * _CONSTANT**2
        moments[:, 0] += weight * _CONSTANT * carried.rewards / carried.impressions
    return Evidence(design, moments, count([sums], forgetting, newest), carried)


def positive(designs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return design matrices [..., DIM, DIM], from those with a direction below zero what is above it.

    Sums of impressions have none (intake.py sees to it), so nothing that is sent keeps the others from being solved.
    """
    try:
        np.linalg.cholesky(designs + RIDGE / 2.0 * np.eye(DIM))
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(designs)
        above = (vectors * np.maximum(values, 0.0)[..., None, :]) @ np.swapaxes(vectors, -1, -2)
        return np.where(values[..., :1, None] < 0.0, above, designs)
    return designs


def solve(found: Evidence, ridge: float = RIDGE, prior: NDArray[np.float64] | None = None) -> Solved:
    """Return the ridge regression of each objective, drawn to `prior` [objectives, DIM] (None: to 0).

    A = ridge I + design, theta = A^-1 (ridge prior + moments), in float64 by Cholesky.
    """
    moments = found.moments if prior is None else found.moments + ridge * prior
    factor = np.linalg.inv(np.linalg.cholesky(positive(found.design) + ridge * np.eye(DIM)))
    inverse = factor.T @ factor
    return Solved(moments @ inverse, inverse, found.counts, found.carried)


def policy_row(solved: Solved, encoder: int, total: float) -> PolicyRow:
    """Return the row to publish for an activity, in fixed point; `version` is set when it is read back."""
    inverse = solved.inverse * 2.0
    np.fill_diagonal(inverse, np.diag(solved.inverse))
    theta = np.clip(solved.theta, -_THETA_LIMIT, _THETA_LIMIT)
    return PolicyRow(
        version=-1,
        encoder=encoder,
        impressions=solved.counts.impressions,
        total=total,
        rewards=tuple(solved.counts.rewards.tolist()),
        theta=np.rint(theta / THETA_UNIT).astype(np.int64),
        inverse=np.rint(inverse[UPPER] / INVERSE_UNIT).astype(np.int64),
        carried_impressions=solved.carried.impressions,
        carried_rewards=tuple(solved.carried.rewards.tolist()),
    )


def prior_row(theta: NDArray[np.float64], ridge: float, encoder: int, total: float) -> PolicyRow:
    """Return the row for activities nobody has seen, key PRIOR_ID: the common theta with the width of no data."""
    return policy_row(Solved(theta, np.eye(DIM) / ridge, NO_COUNTS, NO_COUNTS), encoder, total)
