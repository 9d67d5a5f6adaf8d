"""Estimators of the reward of a whole list. Rows as in a Log with lists: by decision, positions 0, 1, 2, ...

All but `list_estimates`, which does all of it, return one number per decision, whose mean is the estimate.
`conditional` weights are those of an entry given the entries above it, `marginal` those of an entry in its position
whatever is above.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.evaluation import diagnostics
from tideline.udfs.core.evaluation.columns.row_parts import AT_ONCE, stretches, summed
from tideline.udfs.core.evaluation.estimators import Terms
from tideline.udfs.core.evaluation.intervals import Interval, block_sums, bootstrap_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from tideline.udfs.core.evaluation.estimators import Judged
    from tideline.udfs.core.evaluation.log import LoggedFeedback
    from tideline.udfs.core.evaluation.reward_model import RewardModel
    from tideline.udfs.core.evaluation.targets import Target

_CELLS = 4_000_000
"""Numbers [lists, positions, K] that are in memory at once."""
_SAME = 1e-6


def cumulative(conditional: NDArray[np.float64], position: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the product of the weights of an entry and all above it [N]."""
    found = conditional.copy()
    for at in range(1, int(position.max(initial=0)) + 1):
        rows = np.flatnonzero(position == at)
        found[rows] *= found[rows - 1]
    return found


def by_list(values: NDArray[np.float64], decision: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the sum over each decision's rows."""
    return np.bincount(decision, values).astype(np.float64, copy=False)


def independent_ips(
    marginal: NDArray[np.float64], reward: NDArray[np.float64], decision: NDArray[np.int64]
) -> NDArray[np.float64]:
    """sum_k w_k r_k: an entry's reward depends on itself and its position alone (Li et al. 2018)."""
    return by_list(marginal * reward, decision)


def rips(
    cumulated: NDArray[np.float64], reward: NDArray[np.float64], decision: NDArray[np.int64]
) -> NDArray[np.float64]:
    """sum_k (prod_{j<=k} w_j) r_k: it depends on itself and the entries above, a cascade (McInerney et al. 2020)."""
    return by_list(cumulated * reward, decision)


def cascade_dr(
    cumulated: NDArray[np.float64],
    reward: NDArray[np.float64],
    modelled: NDArray[np.float64],
    expected: NDArray[np.float64],
    decision: NDArray[np.int64],
    position: NDArray[np.int64],
) -> NDArray[np.float64]:
    """sum_k W_k (r_k - q_k) + W_{k-1} E[q_k], W = prod w (Kiyohara et al. 2022, equation 6).

    `modelled` q_k is the modelled sum of rewards from the entry on, `expected` E[q_k] its mean over the target's choice
    at that position given the entries above.
    """
    before = np.ones_like(cumulated)
    rows = np.flatnonzero(position > 0)
    before[rows] = cumulated[rows - 1]
    return by_list(cumulated * (reward - modelled) + before * expected, decision)


def pseudo_inverse_weights(
    at_position: NDArray[np.float64],
    anywhere: NDArray[np.float64],
    length: NDArray[np.int64],
    eligible: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Weight of a list whose reward is a sum of unknown effects of entries (Swaminathan et al. 2017, equation 3).

    For logging that draws `length` of `eligible` arms at random without repetition the pseudo-inverse of
    Gamma = I (x) I / m + (J - I) (x) (J - I) / (m (m - 1)) has three eigenspaces, so with l = length, m = eligible,
    A = sum_k q(k, s_k), B = (sum_{a in s} q(a) - l^2/m) / l:
    w = 1 + m (m - 1) / (m - l) B + (m - 1) (A - l/m - B), the middle term gone where l = m.

    Args:
        at_position: A, the target's probabilities of the shown arms in their positions, summed over each list.
        anywhere: sum_{a in s} q(a), its probabilities of showing these arms in any of the positions.
        length: Entries shown of each list.
        eligible: Arms each list was drawn from.
    """
    size, arms = length.astype(np.float64), eligible.astype(np.float64)
    shared = (anywhere - size * size / arms) / size
    whole = arms > size
    spread = np.where(whole, arms * (arms - 1.0) / np.where(whole, arms - size, 1.0), 0.0) * shared
    weight: NDArray[np.float64] = 1.0 + spread + (arms - 1.0) * (at_position - size / arms - shared)
    return weight


class ListEstimate(NamedTuple):
    """The reward of a whole list, or why there is none."""

    value: float | None
    ci95: Interval | None
    ess: float
    refused: str | None


@dataclass(frozen=True, slots=True)
class _Marginals:
    """The target's chances for the shown arms [n]: in their position, in any one of the list; and modelled futures."""

    at_position: NDArray[np.float64]
    anywhere: NDArray[np.float64]
    future: NDArray[np.float64]
    """Modelled reward of the positions from each one on under the target [lists, positions + 1]."""

    @classmethod
    def of(cls, part: _Part, target: Target, model: RewardModel, positions: int) -> _Marginals | None:
        """Return it for some lists, None where the target is not known for whole lists."""
        log, lists = part.log, part.first.size
        at_position, anywhere = np.zeros(part.rows.size), np.zeros(part.rows.size)
        future = np.zeros((lists, positions + 1))
        size = max(_CELLS // (len(log.arms) * positions), 1)
        for start in range(0, lists, size):
            some = np.arange(start, min(start + size, lists))
            heads = part.rows[part.first[some]]
            chances = target.by_position(heads, positions)
            if chances is None:
                return None
            for position in range(positions):
                future[some, position] = (chances[:, position] * model.predict(heads, position)).sum(axis=1)
            own = np.arange(part.first[some[0]], part.first[some[-1]] + part.length[some[-1]])
            at, arm = part.decision[own] - start, log.action[part.rows[own]]
            at_position[own] = chances[at, log.position[part.rows[own]], arm]
            shown = np.arange(positions) < part.length[some, None]
            anywhere[own] = (chances * shown[:, :, None]).sum(axis=1)[at, arm]
        return cls(at_position, anywhere, np.cumsum(future[:, ::-1], axis=1)[:, ::-1])


class _Part(NamedTuple):
    """Some whole lists of a log: their rows in it [n], the list of each, and where in these each begins."""

    log: LoggedFeedback
    rows: NDArray[np.int64]
    decision: NDArray[np.int64]
    first: NDArray[np.int64]
    length: NDArray[np.int64]


def _parts(log: LoggedFeedback) -> Iterator[_Part]:
    start = 0
    while start < log.rows:
        end, size = log.rows, AT_ONCE
        while start + size < log.rows:
            heads = np.flatnonzero(log.position[start + 1 : start + size + 1] == 0)
            if heads.size:
                end = start + 1 + int(heads[-1])
                break
            size *= 2
        rows = np.arange(start, end)
        decision = log.decision[rows] - log.decision[start]
        first = np.flatnonzero(log.position[rows] == 0)
        yield _Part(log, rows, decision, first, np.diff(first, append=rows.size))
        log.memory.forget()
        start = end


class _Found(NamedTuple):
    """An estimate of each list, and weights: of each list, or of each row."""

    values: NDArray[np.float64]
    weight: NDArray[np.float64]


def list_estimates(log: LoggedFeedback, target: Target, model: RewardModel, rows: Judged) -> dict[str, ListEstimate]:
    """Return the estimates of a log of lists."""
    ends = [int(log.position[at].max()) for at in stretches(log.rows, log.memory)]
    found: dict[str, _Found] = {}
    whose, done = log.memory.room((log.decisions,), np.int64), 0
    uniform = not log.rules and _is_uniform(log)
    for part in _parts(log):
        lists = np.arange(done, done + part.first.size)
        done += lists.size
        whose[lists] = log.cluster[part.rows[part.first]]
        marginals = None if log.rules else _Marginals.of(part, target, model, max(ends) + 1)
        for name, its in _of_part(part, rows, marginals, uniform=uniform).items():
            if name not in found:
                shape = (log.decisions if its.weight.size == lists.size else log.rows,)
                found[name] = _Found(*(log.memory.room(each, np.float64) for each in ((log.decisions,), shape)))
            found[name].values[lists] = its.values
            of_lists = found[name].weight.size == log.decisions
            found[name].weight[lists if of_lists else part.rows] = its.weight
    unseen = diagnostics.unseen(log, rows)
    return {name: _list_estimate(log, whose, each, unseen) for name, each in found.items()}


def _is_uniform(log: LoggedFeedback) -> bool:
    """Return whether each row's arm was drawn from what was left, any as likely."""
    parts = stretches(log.rows, log.memory)
    return all(np.abs(log.propensity[rows] * log.remaining(rows) - 1.0).max() < _SAME for rows in parts)


def _of_part(part: _Part, rows: Judged, marginals: _Marginals | None, *, uniform: bool) -> dict[str, _Found]:
    log, position, some = part.log, part.log.position[part.rows], rows.at(part.rows)
    cumulated = cumulative(some.weight, position)
    last = cumulated[part.first + part.length - 1]
    later = (
        0.0
        if marginals is None
        else marginals.future[part.decision, np.minimum(position + 1, marginals.future.shape[1] - 1)]
    )
    doubly = cascade_dr(cumulated, some.reward, some.modelled + later, some.expected + later, part.decision, position)
    found = {"rips": _Found(rips(cumulated, some.reward, part.decision), last), "cascade_dr": _Found(doubly, last)}
    if marginals is not None and uniform:
        eligible = log.eligible[part.rows]
        marginal = marginals.at_position * eligible
        at_position, anywhere = (by_list(each, part.decision) for each in (marginals.at_position, marginals.anywhere))
        weight = pseudo_inverse_weights(at_position, anywhere, part.length, eligible[part.first])
        found["independent"] = _Found(independent_ips(marginal, some.reward, part.decision), marginal)
        found["pseudo_inverse"] = _Found(weight * by_list(some.reward, part.decision), weight)
    return found


def _list_estimate(
    log: LoggedFeedback, whose: NDArray[np.int64], found: _Found, unseen: tuple[float, float]
) -> ListEstimate:
    count = found.values.size

    def weights(at: NDArray[np.int64]) -> list[NDArray[np.float64]]:
        return [found.weight[at], np.square(found.weight[at])]

    size = diagnostics.ess_of(*summed(found.weight.size, log.memory, weights).tolist())
    if size < diagnostics.LEAST_ESS:
        reason = f"the effective sample size is {size:.0f}, below {diagnostics.LEAST_ESS:,.0f}"
        return ListEstimate(None, None, size, diagnostics.cannot(reason))
    sums = block_sums(whose, log.memory, lambda at: [Terms(found.values[at], np.ones(at.size))])
    ends = bootstrap_blocks(sums)[0]
    value = float(summed(count, log.memory, lambda at: [found.values[at]])[0]) / count
    below, above = (log.rows / count * each for each in unseen)
    return ListEstimate(value, Interval(min(ends.low, value - below), max(ends.high, value + above)), size, None)
