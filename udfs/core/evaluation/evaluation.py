"""The whole evaluation of one policy on one log."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.evaluation import diagnostics, estimators, list_estimators
from tideline.udfs.core.evaluation.estimators import Judged, Terms
from tideline.udfs.core.evaluation.intervals import Interval, bootstrap, confidence_sequence, empirical_bernstein, rare
from tideline.udfs.core.evaluation.log import folds
from tideline.udfs.core.evaluation.reward_model import fit

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from tideline.udfs.core.evaluation.diagnostics import Diagnostics
    from tideline.udfs.core.evaluation.log import LoggedFeedback
    from tideline.udfs.core.evaluation.reward_model import RewardModel
    from tideline.udfs.core.evaluation.targets import Target

FOLDS = 5
LEAST_ROWS = 1000
LEAST_CLUSTERS = 20
_CELLS = 4_000_000
"""Numbers [rows, K] that are in memory at once."""
_SAME = 1e-6
_BIASED = ("dm", "switch_dr", "dros")


class Estimate(NamedTuple):
    """A value with its 95 % intervals; the last two where they are defined.

    `own` is the bootstrap interval of the estimator's spread alone. `ci95` is the same where there is no bias. What the
    bias of the others is (dm, switch_dr, dros) no one knows better than dr: theirs takes in dr's interval.
    """

    value: float
    ci95: Interval
    own: Interval
    empirical_bernstein: Interval | None = None
    anytime: Interval | None = None


class ListEstimate(NamedTuple):
    """The reward of a whole list, or why there is none."""

    value: float | None
    ci95: Interval | None
    ess: float
    refused: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a log says about a policy. Refused: no estimates; without a single weight no diagnostics either."""

    estimates: dict[str, Estimate]
    lists: dict[str, ListEstimate]
    diagnostics: Diagnostics | None
    refused: str | None
    warnings: tuple[str, ...] = ()
    """Why the estimates should be doubted although there are some."""
    judged: Judged | None = field(default=None, compare=False)
    """The log's rows as the estimates have them, to hold them against another policy's."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """A log judged row by row, and the largest weight that could have come up."""

    rows: Judged
    support: float
    bound: float


def unusable(log: LoggedFeedback) -> str | None:
    """Return why a log cannot answer anything, whatever the policy; None where it may."""
    if not log.rows or np.isnan(log.propensity).all():
        return diagnostics.cannot("no row has a propensity, so what else could have been shown is not known")
    if log.feasible is not None and not log.rules:
        ruled = int(np.count_nonzero(log.feasible))
        return diagnostics.cannot(f"{ruled:,} rows are of lists in which a list rule had a say: name the rules")
    if log.rules and (broken := log.broken()):
        return diagnostics.cannot(f"{broken:,} rows show what the list rules ban there: they were others then")
    if log.rows < LEAST_ROWS:
        return diagnostics.cannot(f"{log.rows:,} rows are too few; {LEAST_ROWS:,} are needed")
    if (np.bincount(folds(log, FOLDS), minlength=FOLDS) == 0).any():
        return diagnostics.cannot(f"{log.decisions:,} decisions do not make {FOLDS} folds")
    if log.clusters < LEAST_CLUSTERS:
        return diagnostics.cannot(
            f"{log.clusters:,} users or decisions are too few to tell chance; {LEAST_CLUSTERS} are needed"
        )
    return None


def evaluate(
    log: LoggedFeedback,
    make_target: Callable[[NDArray[np.int64]], Target],
    matched: Callable[[], NDArray[np.float64]] | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Answer:
    """Return the estimates of a target policy, or the refusal.

    Args:
        log: Rows with known propensities alone.
        make_target: Makes the policy for the folds of the rows; what it learns for a fold comes from the others.
        matched: Replays a policy that learns as it goes, see `estimators.replay`; None for one that does not learn.
        say: Takes a line of progress.
    """
    reason = unusable(log)
    if reason is not None:
        return Answer({}, {}, None, reason)
    fold = folds(log, FOLDS)
    say(f"{log.rows:,} rows, {log.decisions:,} decisions, {len(log.arms)} arms; fitting the reward model")
    model = fit(log, fold)
    say("weighing the rows")
    target = make_target(fold)
    weighed = weigh(log, target, model)
    rows = weighed.rows
    limits = estimators.candidate_limits(rows.weight)
    cut = estimators.choose(rows, estimators.switch_dr, limits)
    found = diagnostics.diagnose(log, rows.weight, weighed.support, cut)
    reason = diagnostics.refusal(found)
    if reason is not None:
        return Answer({}, {}, found, reason)
    shrink = estimators.choose(rows, estimators.dros, [limit**2 for limit in limits])
    say("replaying and drawing intervals")
    kept = matched() if matched is not None else fixed_matches(log, rows.weight)
    terms: dict[str, Callable[[], Terms]] = {
        "ips": lambda: estimators.ips(rows),
        "snips": lambda: estimators.snips(rows),
        "dm": lambda: estimators.dm(rows),
        "dr": lambda: estimators.dr(rows),
        "switch_dr": lambda: estimators.switch_dr(rows, cut),
        "dros": lambda: estimators.dros(rows, shrink),
    }
    if kept.any():
        terms["replay"] = lambda: estimators.replay(kept, rows.reward)
    lists = _lists(log, target, model, rows) if log.lists else {}
    doubts = diagnostics.doubts(log, found, terms["ips"]().top - terms["dr"]().top)
    return Answer(_estimates(log, weighed, terms), lists, found, None, doubts, rows)


def weigh(log: LoggedFeedback, target: Target, model: RewardModel) -> Weighed:
    """Return weight and modelled rewards of every row."""
    weight, modelled, expected = np.empty(log.rows), np.empty(log.rows), np.empty(log.rows)
    most, size = 0.0, max(_CELLS // len(log.arms), 1)
    for start in range(0, log.rows, size):
        rows = np.arange(start, min(start + size, log.rows))
        chances, rewards = target.chances(rows), model.predict(rows)
        shown = np.arange(rows.size), log.action[rows]
        weight[rows] = chances[shown] / log.propensity[rows]
        modelled[rows] = rewards[shown]
        total = chances.sum(axis=1)
        expected[rows] = (chances * rewards).sum(axis=1) / np.where(total > 0, total, 1.0)
        most = max(most, float(chances.max(initial=0.0)))
    return Weighed(Judged(weight, log.reward, modelled, expected), 1.0 - target.absent, most / log.propensity.min())


def fixed_matches(log: LoggedFeedback, weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 for the rows that rejection sampling with the weights keeps, drawn by decision and position, else 0.

    On a uniform log and for a policy without randomness these are the rows on which both agree.
    """
    random = np.random.default_rng(int(np.bitwise_xor.reduce(log.decision_hash)))
    most = float(weight.max(initial=0.0))
    return (random.random(log.rows) * most < weight).astype(np.float64)


def reward_range(log: LoggedFeedback) -> tuple[float, float]:
    """Return bounds of the rewards: what was seen, 0 and 1 for rewards of 0 and 1."""
    low, high = min(float(log.reward.min()), 0.0), max(float(log.reward.max()), 0.0)
    return low, high if high > low else low + 1.0


def _estimates(log: LoggedFeedback, weighed: Weighed, terms: dict[str, Callable[[], Terms]]) -> dict[str, Estimate]:
    low, high = reward_range(log)
    below, above = unseen(log, weighed.rows)
    drawn = bootstrap((make() for make in terms.values()), log.cluster)
    values = {name: make().value for name, make in terms.items()}
    own = {
        name: Interval(min(ends.low, max(value - below, low)), max(ends.high, min(value + above, high)))
        for (name, value), ends in zip(values.items(), drawn, strict=True)
    }
    found = {name: Estimate(value, own[name], own[name]) for name, value in values.items()}
    for name in _BIASED:
        hull = Interval(min(own[name].low, own["dr"].low), max(own[name].high, own["dr"].high))
        found[name] = found[name]._replace(ci95=hull)
    span = (high - low) * weighed.bound
    for name, ends in (("ips", (low * weighed.bound, high * weighed.bound)), ("dr", (low - span, high + span))):
        found[name] = found[name]._replace(empirical_bernstein=_bernstein(log, terms[name](), ends))
    if not log.lists:  # entries of a list are judged together: no sequence of single choices
        anytime = confidence_sequence(weighed.rows.weight, log.reward, low, high)
        found["ips"] = found["ips"]._replace(anytime=anytime)
    return found


def unseen(log: LoggedFeedback, rows: Judged) -> tuple[float, float]:
    """Return how far below and above an estimate the truth may lie because next to no reward differs from the usual."""
    low, high = reward_range(log)
    sums = np.bincount(log.cluster, rows.weight * (log.reward - np.median(log.reward))) / log.rows
    share = max(diagnostics.ess(rows.weight) / log.rows, 1.0 / log.rows)
    return rare(sums, (high - low) / (sums.size * share))


def _bernstein(log: LoggedFeedback, terms: Terms, ends: tuple[float, float]) -> Interval:
    """Return the interval from terms between `ends` (around 0), summed by user; within the range of rewards."""
    sizes = np.bincount(log.cluster)
    share = sizes.size / log.rows  # of a user in the mean over rows
    sums, most = np.bincount(log.cluster, terms.top) * share, float(sizes.max()) * share
    low, high = empirical_bernstein(sums, ends[0] * most, ends[1] * most)
    least, greatest = reward_range(log)
    return Interval(max(low, least), min(high, greatest))  # no policy earns less or more than that


def _lists(log: LoggedFeedback, target: Target, model: RewardModel, rows: Judged) -> dict[str, ListEstimate]:
    first = np.flatnonzero(log.position == 0)
    length = np.bincount(log.decision)
    cumulated = list_estimators.cumulative(rows.weight, log.position)
    positions = int(length.max())
    last = cumulated[first + length - 1]
    marginals = None if log.rules else _Marginals.of(log, target, model, first, positions)
    later = marginals.future[log.decision, np.minimum(log.position + 1, positions)] if marginals is not None else 0.0
    found = {
        "rips": _list_estimate(log, rows, list_estimators.rips(cumulated, log.reward, log.decision), last),
        "cascade_dr": _list_estimate(
            log,
            rows,
            list_estimators.cascade_dr(
                cumulated, log.reward, rows.modelled + later, rows.expected + later, log.decision, log.position
            ),
            last,
        ),
    }
    uniform = np.abs(log.propensity * log.remaining(np.arange(log.rows)) - 1.0).max() < _SAME
    if marginals is not None and uniform:
        marginal = marginals.at_position * log.eligible
        listed = np.bincount(log.decision, log.reward)
        at_position = list_estimators.by_list(marginals.at_position, log.decision)
        anywhere = list_estimators.by_list(marginals.anywhere, log.decision)
        weight = list_estimators.pseudo_inverse_weights(at_position, anywhere, length, log.eligible[first])
        independent = list_estimators.independent_ips(marginal, log.reward, log.decision)
        found["independent"] = _list_estimate(log, rows, independent, marginal)
        found["pseudo_inverse"] = _list_estimate(log, rows, weight * listed, weight)
    return found


@dataclass(frozen=True, slots=True)
class _Marginals:
    """The target's chances for the shown arms [N]: in their position, in any one of the list; and modelled futures."""

    at_position: NDArray[np.float64]
    anywhere: NDArray[np.float64]
    future: NDArray[np.float64]
    """Modelled reward of the positions from each one on under the target [decisions, positions + 1]."""

    @classmethod
    def of(
        cls, log: LoggedFeedback, target: Target, model: RewardModel, first: NDArray[np.int64], positions: int
    ) -> _Marginals | None:
        at_position, anywhere = np.zeros(log.rows), np.zeros(log.rows)
        future = np.zeros((first.size, positions + 1))
        length = np.bincount(log.decision)
        size = max(_CELLS // (len(log.arms) * positions), 1)
        for start in range(0, first.size, size):
            lists = np.arange(start, min(start + size, first.size))
            chances = target.by_position(first[lists], positions)
            if chances is None:
                return None
            for position in range(positions):
                future[lists, position] = (chances[:, position] * model.predict(first[lists], position)).sum(axis=1)
            rows = np.arange(first[lists[0]], first[lists[-1]] + length[lists[-1]])
            at, arm = log.decision[rows] - start, log.action[rows]
            at_position[rows] = chances[at, log.position[rows], arm]
            shown = np.arange(positions) < length[lists, None]
            anywhere[rows] = (chances * shown[:, :, None]).sum(axis=1)[at, arm]
        return cls(at_position, anywhere, np.cumsum(future[:, ::-1], axis=1)[:, ::-1])


def _list_estimate(
    log: LoggedFeedback, rows: Judged, values: NDArray[np.float64], weight: NDArray[np.float64]
) -> ListEstimate:
    size = diagnostics.ess(weight)
    if size < diagnostics.LEAST_ESS:
        reason = f"the effective sample size is {size:.0f}, below {diagnostics.LEAST_ESS:,.0f}"
        return ListEstimate(None, None, size, diagnostics.cannot(reason))
    whose = log.cluster[np.flatnonzero(log.position == 0)]
    ends = bootstrap([Terms(values, np.ones_like(values))], whose)[0]
    value, length = float(values.mean()), log.rows / values.size
    below, above = (length * each for each in unseen(log, rows))
    return ListEstimate(value, Interval(min(ends.low, value - below), max(ends.high, value + above)), size, None)
