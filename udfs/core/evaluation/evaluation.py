"""The whole evaluation of one policy on one log."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.evaluation import diagnostics, estimators
from tideline.udfs.core.evaluation.columns.row_parts import AT_ONCE, ClusterSums, stretches, summed
from tideline.udfs.core.evaluation.diagnostics import reward_range, unseen
from tideline.udfs.core.evaluation.estimators import Judged, Terms, ratio
from tideline.udfs.core.evaluation.intervals import (
    Interval,
    block_sums,
    bootstrap_blocks,
    confidence_sequence,
    empirical_bernstein,
)
from tideline.udfs.core.evaluation.list_estimators import list_estimates
from tideline.udfs.core.evaluation.log import folds
from tideline.udfs.core.evaluation.reward_model import fit

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from tideline.udfs.core.evaluation.diagnostics import Diagnostics
    from tideline.udfs.core.evaluation.list_estimators import ListEstimate
    from tideline.udfs.core.evaluation.log import LoggedFeedback
    from tideline.udfs.core.evaluation.reward_model import RewardModel
    from tideline.udfs.core.evaluation.targets import Target

FOLDS = 5
LEAST_ROWS = 1000
LEAST_CLUSTERS = 20
_CELLS = 4_000_000
"""Numbers [rows, K] that are in memory at once."""
_BIASED = ("dm", "switch_dr", "dros")


if TYPE_CHECKING:
    _OfRows = Callable[[NDArray[np.int64]], Terms]


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
    if not any((~np.isnan(log.propensity[rows])).any() for rows in stretches(log.rows, log.memory)):
        return diagnostics.cannot("no row has a propensity, so what else could have been shown is not known")
    if log.feasible is not None and not log.rules:
        feasible = log.feasible
        ruled = int(summed(log.rows, log.memory, lambda rows: [feasible[rows] > 0])[0])
        return diagnostics.cannot(f"{ruled:,} rows are of lists in which a list rule had a say: name the rules")
    if log.rules and (broken := log.broken()):
        return diagnostics.cannot(f"{broken:,} rows show what the list rules ban there: they were others then")
    if log.rows < LEAST_ROWS:
        return diagnostics.cannot(f"{log.rows:,} rows are too few; {LEAST_ROWS:,} are needed")
    fold = folds(log, FOLDS)
    if (summed(log.rows, log.memory, lambda rows: [fold[rows] == each for each in range(FOLDS)]) == 0).any():
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
    limits = estimators.candidate_limits(rows.weight, log.memory)
    cut = estimators.choose(rows, estimators.switch_dr, limits, log.memory)
    found = diagnostics.diagnose(log, rows.weight, weighed.support, cut)
    reason = diagnostics.refusal(found)
    if reason is not None:
        return Answer({}, {}, found, reason)
    shrink = estimators.choose(rows, estimators.dros, [limit**2 for limit in limits], log.memory)
    say("replaying and drawing intervals")
    kept = matched() if matched is not None else fixed_matches(log, rows.weight)
    terms: dict[str, _OfRows] = {
        "ips": lambda at: estimators.ips(rows.at(at)),
        "snips": lambda at: estimators.snips(rows.at(at)),
        "dm": lambda at: estimators.dm(rows.at(at)),
        "dr": lambda at: estimators.dr(rows.at(at)),
        "switch_dr": lambda at: estimators.switch_dr(rows.at(at), cut),
        "dros": lambda at: estimators.dros(rows.at(at), shrink),
    }
    if summed(log.rows, log.memory, lambda at: [kept[at]])[0]:
        terms["replay"] = lambda at: estimators.replay(kept[at], rows.reward[at])
    lists = list_estimates(log, target, model, rows) if log.lists else {}
    doubts = diagnostics.doubts(log, found, lambda at: terms["ips"](at).top - terms["dr"](at).top)
    return Answer(_estimates(log, weighed, terms), lists, found, None, doubts, rows)


def weigh(log: LoggedFeedback, target: Target, model: RewardModel) -> Weighed:
    """Return weight and modelled rewards of every row."""
    weight, modelled, expected = (log.memory.room((log.rows,), np.float64) for _ in range(3))
    most, least = 0.0, np.inf
    for rows in stretches(log.rows, log.memory, min(max(_CELLS // len(log.arms), 1), AT_ONCE)):
        chances, rewards = target.chances(rows), model.predict(rows)
        shown = np.arange(rows.size), log.action[rows]
        weight[rows] = chances[shown] / log.propensity[rows]
        modelled[rows] = rewards[shown]
        total = chances.sum(axis=1)
        expected[rows] = (chances * rewards).sum(axis=1) / np.where(total > 0, total, 1.0)
        most, least = max(most, float(chances.max(initial=0.0))), min(least, float(log.propensity[rows].min()))
    return Weighed(Judged(weight, log.reward, modelled, expected), 1.0 - target.absent, most / least)


def fixed_matches(log: LoggedFeedback, weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 for the rows that rejection sampling with the weights keeps, drawn by decision and position, else 0.

    On a uniform log and for a policy without randomness these are the rows on which both agree.
    """
    seed, most = np.uint64(0), 0.0
    for rows in stretches(log.rows, log.memory):
        seed ^= np.bitwise_xor.reduce(log.decision_hash[rows])
        most = max(most, float(weight[rows].max()))
    random, kept = np.random.default_rng(int(seed)), log.memory.room((log.rows,), np.float64)
    for rows in stretches(log.rows, log.memory):
        kept[rows] = random.random(rows.size) * most < weight[rows]
    return kept


def _estimates(log: LoggedFeedback, weighed: Weighed, terms: dict[str, _OfRows]) -> dict[str, Estimate]:
    low, high = reward_range(log)
    below, above = unseen(log, weighed.rows)
    drawn = bootstrap_blocks(block_sums(log.cluster, log.memory, lambda at: [make(at) for make in terms.values()]))
    sums = {name: summed(log.rows, log.memory, make) for name, make in terms.items()}
    values = {name: ratio(*each.tolist()) for name, each in sums.items()}
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
        found[name] = found[name]._replace(empirical_bernstein=_bernstein(log, terms[name], ends))
    if not log.lists:  # entries of a list are judged together: no sequence of single choices
        anytime = confidence_sequence(weighed.rows.weight, log.reward, (low, high), log.memory)
        found["ips"] = found["ips"]._replace(anytime=anytime)
    return found


def _bernstein(log: LoggedFeedback, terms: _OfRows, ends: tuple[float, float]) -> Interval:
    """Return the interval from terms between `ends` (around 0), summed by user; within the range of rewards."""
    ones = ClusterSums(log.clusters, log.cluster, log.memory, lambda rows: np.ones(rows.size))
    tops = ClusterSums(log.clusters, log.cluster, log.memory, lambda rows: terms(rows).top)
    count = log.clusters
    share = count / log.rows  # of a user in the mean over rows
    most = max(float(each.max()) for each in ones.parts()) * share
    mean = float(tops.sums(lambda each: [each * share])[0]) / count
    variance = float(tops.sums(lambda each: [np.square(each * share - mean)])[0]) / (count - 1)
    low, high = empirical_bernstein(count, mean, variance, (ends[0] * most, ends[1] * most))
    least, greatest = reward_range(log)
    return Interval(max(low, least), min(high, greatest))  # no policy earns less or more than that
