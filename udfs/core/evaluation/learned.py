"""The product's own policies over any log: the same sums, rows and scores that the running job would have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.udfs.core.context import CONSTANT_X, DIM
from tideline.udfs.core.counter_random import decision_seeds, uniform
from tideline.udfs.core.evaluation.columns.row_parts import IN_MEMORY, quantiles, stretches
from tideline.udfs.core.evaluation.reward_model import moments
from tideline.udfs.core.evaluation.targets import Greedy
from tideline.udfs.core.learning.intake import FIRST_MS
from tideline.udfs.core.learning.learner import NOTHING_KEPT, Kept, Learner, LearnerSettings
from tideline.udfs.core.learning.learning import encode_sums, merge
from tideline.udfs.core.limits import MAX_POSITIONS, OBJECTIVES
from tideline.udfs.core.policies.arm_key import ArmKey
from tideline.udfs.core.policies.base import Contexts
from tideline.udfs.core.policies.contextual.thompson import Thompson
from tideline.udfs.core.policies.policy_table import stack
from tideline.udfs.core.ranking.list_form import ListForm
from tideline.udfs.core.ranking.ranking import rank
from tideline.udfs.core.rewards.feedback import ROWS
from tideline.udfs.core.rewards.position_bias import examination_discount

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.evaluation.columns.row_parts import Memory
    from tideline.udfs.core.evaluation.log import LoggedFeedback
    from tideline.udfs.core.policies.base import Policy
    from tideline.udfs.core.policies.policy_table import Coefficients, PolicyRow

DRAWS = 64
"""Thompson sampling is judged as the mixture of so many draws for each row: integrating costs 50 ms a row."""
_ORDERS = 16
"""Draws of whole lists from a policy that draws its scores."""
_ENCODER = 1
_SCALE = 127.0
_SALT = 1
_REPLAY_SALT = 2
_SCORED_AT_ONCE = 200
_FIRST_LEARNED = 10
_LEARNED_SHARE = 0.05


class Learning(NamedTuple):
    """A log as the learner takes it: contexts as int8 [N, DIM], weights of the objectives, rows where asked for.

    All rows are of one moment: nothing fades, so their times would leave no trace.
    """

    log: LoggedFeedback
    x: NDArray[np.int8]
    weights: NDArray[np.float64]
    discount: NDArray[np.float64]
    """What is taken off an impression in each position."""

    def rows(self, at: NDArray[np.int64] | Sequence[int]) -> NDArray[Any]:
        """Return some of the log's rows as feedback (dtype ROWS).

        Rewards of 0 and 1 are clicks, others revenue in thousandths; where the log tells all outcomes they are learned
        instead, each for one.
        """
        log, at = self.log, np.asarray(at, np.int64)
        rows = np.zeros(at.size, ROWS)
        rows["activity"], rows["encoder"], rows["impressions"] = log.action[at], _ENCODER, 1
        rows["ts_ms"], rows["x"] = FIRST_MS, self.x[at]
        rows["examination_discount"] = self.discount[np.minimum(log.position[at], MAX_POSITIONS - 1)]
        rows["pair"] = 0 if log.pair is None else log.pair[at]
        if log.outcomes is not None:
            rows["clicks"], rows["conversions"] = log.outcomes[at, 0] > 0, log.outcomes[at, 1] > 0
            rows["revenue_milli"] = np.rint(log.outcomes[at, 2] * 1000.0)
            return rows
        rows["clicks"] = log.reward[at] > 0
        if not self.weights[0]:
            rows["revenue_milli"] = np.rint(log.reward[at] * 1000.0)
        return rows


def contexts(x: NDArray[np.float64], memory: Memory = IN_MEMORY) -> NDArray[np.int8]:
    """Return contexts [N, DIM] as the ranker scores them: int8 in units of 1/127, the constant first, norm at most 1.

    Contexts that are of that form already stay as they are. Others are standardised; more than DIM - 1 columns become
    their first DIM - 1 principal components. The 99th percentile of their norms fills what the constant leaves, longer
    ones are shortened to it.
    """
    found = memory.room((len(x), DIM), np.int8)
    if x.shape[1] == DIM and all(_is_own_form(x[rows]) for rows in stretches(len(x), memory)):
        for rows in stretches(len(x), memory):
            found[rows] = np.rint(x[rows] * _SCALE)
        return found
    axes, mean, spread = _axes(x, memory)

    def scaled(rows: NDArray[np.int64]) -> NDArray[np.float64]:
        turned: NDArray[np.float64] = ((x[rows] - mean) / spread) @ axes
        return turned

    def norms(rows: NDArray[np.int64]) -> NDArray[np.float64]:
        lengths: NDArray[np.float64] = np.linalg.norm(scaled(rows), axis=1)
        return lengths

    usual = quantiles(len(x), memory, norms, [0.99])[0] if len(x) else 0.0
    room = np.sqrt(1.0 - (CONSTANT_X / _SCALE) ** 2)
    for rows in stretches(len(x), memory):
        found[rows, 0] = CONSTANT_X
        if usual > 0.0:
            shortened = scaled(rows) * (room / np.maximum(norms(rows), usual))[:, None]
            found[rows, 1 : 1 + axes.shape[1]] = np.trunc(shortened * _SCALE)
    return found


def _is_own_form(x: NDArray[np.float64]) -> bool:
    own = np.rint(x * _SCALE)
    return bool(np.abs(own - x * _SCALE).max(initial=0.0) < 1e-3 and (own[:, 0] == CONSTANT_X).all())


def _axes(
    x: NDArray[np.float64], memory: Memory
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return what standardised contexts are turned by [D, at most DIM - 1], mean and spread of columns [D]."""
    mean, spread = moments(x, memory)
    varies = spread > 1e-9
    axes, spread = np.eye(x.shape[1])[:, varies], np.where(varies, spread, 1.0)
    if axes.shape[1] > DIM - 1:
        scaled = ((x[rows] - mean) / spread @ axes for rows in stretches(len(x), memory))
        square = sum((each.T @ each for each in scaled), np.zeros((axes.shape[1], axes.shape[1])))
        main = np.linalg.eigh(square)[1][:, ::-1][:, : DIM - 1]
        axes = axes @ (main * np.where(main[np.abs(main).argmax(axis=0), np.arange(DIM - 1)] < 0, -1.0, 1.0))
    return axes, mean, spread


def learning(log: LoggedFeedback, positions: Sequence[float] = ()) -> Learning:
    """Return the log as the learner takes it.

    `positions` says how much of an impression one counts in each, as the job's command; none: each counts whole.
    """
    if log.outcomes is not None:
        weights = np.ones(len(OBJECTIVES))
    else:
        clicks = all(np.isin(log.reward[rows], (0.0, 1.0)).all() for rows in stretches(log.rows, log.memory))
        weights = np.array([1.0, 0.0, 0.0] if clicks else [0.0, 0.0, 1.0])
    return Learning(log, contexts(log.x, log.memory), weights, np.array(examination_discount(positions)))


def learner_of(policy: Policy, log: LoggedFeedback, kept: Kept = NOTHING_KEPT) -> Learner:
    """Return the job's learner for a log: activities are named by their place in `arms`, with the features it tells."""
    features = {} if log.features is None else {str(arm): each.tobytes() for arm, each in enumerate(log.features)}
    return Learner(LearnerSettings(policy.regression), kept._replace(features=features))


def every_row(learner: Learner, log: LoggedFeedback) -> list[PolicyRow]:
    """Return the row of each arm of the log, seen or not."""
    published = dict(learner.publish(ArmKey(_ENCODER, str(arm)) for arm in range(len(log.arms))))
    return [published[str(arm)] for arm in range(len(log.arms))]


def _table(learner: Learner, log: LoggedFeedback, weights: NDArray[np.float64]) -> Coefficients:
    return stack(every_row(learner, log), weights)


def _learn(learner: Learner, log: LoggedFeedback, rows: NDArray[Any]) -> Learner:
    """Let a learner learn some rows; return it."""
    learner.learn([str(arm) for arm in range(len(log.arms))], rows)
    return learner


def _without(learners: Sequence[Learner], left: int) -> Kept:
    """Return what all learners but one have learned together."""
    parts: dict[ArmKey, list[NDArray[Any]]] = {}
    for at, learner in enumerate(learners):
        for arm, sums in learner.sums.items() if at != left else ():
            parts.setdefault(arm, []).append(sums)
    return Kept({arm.text: encode_sums(merge(each), LearnerSettings().decay) for arm, each in parts.items()}, {})


def _of_folds(policy: Policy, known: Learning, fold: NDArray[np.int64]) -> list[Learner]:
    """Return a learner of each fold's rows: what it sums are whole numbers, so stretches of rows may come in turn."""
    log = known.log
    count = 1 + max(int(fold[rows].max()) for rows in stretches(log.rows, log.memory))
    found = [learner_of(policy, log) for _ in range(count)]
    for rows in stretches(log.rows, log.memory):
        for each, learner in enumerate(found):
            _learn(learner, log, known.rows(rows[fold[rows] == each]))
    return found


def crossfitted(
    policy: Policy,
    log: LoggedFeedback,
    fold: NDArray[np.int64],
    exploration: float,
    positions: Sequence[float] = (),
    worths: NDArray[np.float64] | None = None,
) -> Greedy:
    """Return the policy as a target: in the rows of a fold it has learned from all rows of the others.

    `worths` are those of the objectives to each arm [K, objectives], None: as the log's rewards are learned.
    """
    known = learning(log, positions)
    weights = known.weights if worths is None else worths
    parts = _of_folds(policy, known, fold)
    tables = [_table(learner_of(policy, log, _without(parts, left)), log, weights) for left in range(len(parts))]

    def drawn(rows: NDArray[np.int64], open_arms: NDArray[np.bool_], size: int, draws: int) -> NDArray[np.int64]:
        found = np.full((draws, rows.size, min(size, open_arms.shape[1])), -1)
        for left in np.unique(fold[rows]).tolist():
            here = np.flatnonzero(fold[rows] == left)
            contexts, form = Contexts(known.x[rows[here]]), ListForm(size)
            for draw in range(draws):
                seeds = _seeds(log, rows[here], draw, _SALT)
                found[draw, here] = rank(policy, tables[left], contexts, open_arms[here], seeds, form).order
        return found

    def first(rows: NDArray[np.int64], open_arms: NDArray[np.bool_]) -> NDArray[np.float64]:
        found = np.zeros(open_arms.shape)
        if isinstance(policy, Thompson):
            for order in drawn(rows, open_arms, 1, DRAWS):
                found[np.arange(rows.size), order[:, 0]] += 1.0 / DRAWS
            return found
        for left in np.unique(fold[rows]).tolist():
            here = np.flatnonzero(fold[rows] == left)
            found[here] = policy.chances(Contexts(known.x[rows[here]]), tables[left], open_arms[here])
        return found

    def best(rows: NDArray[np.int64], open_arms: NDArray[np.bool_], size: int) -> NDArray[np.int64]:
        return drawn(rows, open_arms, size, _ORDERS if policy.randomised else 1)

    return Greedy(log, first, best, exploration)


def replayed(
    policy: Policy, log: LoggedFeedback, exploration: float, positions: Sequence[float] = ()
) -> NDArray[np.float64]:
    """Return 1 for each row that the policy, learning as it goes, would have shown too, else 0 [N].

    Rows are taken as they come; one counts, and is learned from, with probability target(a) times the smallest
    propensity over the row's own, which for uniform logging is a draw of the policy (Li et al. 2011). What was
    learned is renewed when it has grown by a twentieth.
    """
    known = learning(log, positions)
    matched = log.memory.room((log.rows,), np.float64)
    least = min(float(log.propensity[rows].min()) for rows in stretches(log.rows, log.memory))
    learner = learner_of(policy, log)
    table = _table(learner, log, known.weights)
    waiting: list[int] = []
    learned = 0
    for rows in stretches(log.rows, log.memory, _SCORED_AT_ONCE):
        open_arms = log.open_arms(rows)
        seeds = _seeds(log, rows, 0, _REPLAY_SALT)
        best = rank(policy, table, Contexts(known.x[rows]), open_arms, seeds, ListForm(1)).order[:, 0]
        chance = (1.0 - exploration) * (best == log.action[rows]) + exploration / log.remaining(rows)
        tosses = uniform(_seeds(log, rows, 0, _REPLAY_SALT + 1), 1)[:, 0]
        matched[rows] = tosses < chance * least / log.propensity[rows]
        waiting += rows[matched[rows] > 0].tolist()
        if len(waiting) >= max(_FIRST_LEARNED, _LEARNED_SHARE * learned):
            learned += len(waiting)
            table, waiting = _table(_learn(learner, log, known.rows(waiting)), log, known.weights), []
    return matched


def _seeds(log: LoggedFeedback, rows: NDArray[np.int64], draw: int, salt: int) -> NDArray[np.uint64]:
    return decision_seeds(log.decision_hash[rows], log.position[rows], np.full(rows.size, draw), salt)
