"""No herd and no lock-out: what keeps every activity within reach, whatever happened to it first."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.support.core_world import NOON_MS, activity, make_ranker, token_for
from tests.support.policy_rows import scored
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.context import DIM
from tideline.udfs.core.counter_random import decision_seeds
from tideline.udfs.core.fixed_point import INVERSE_UNIT
from tideline.udfs.core.learning.learning import NO_SUMS, Decay, add
from tideline.udfs.core.learning.solving import evidence, prior_row, solve
from tideline.udfs.core.policies.base import Contexts, Policy, Scores
from tideline.udfs.core.policies.by_name import POLICIES, make_policy
from tideline.udfs.core.policies.policy_table import PAIRS, UPPER, Coefficients, stack
from tideline.udfs.core.ranking.list_form import ListForm
from tideline.udfs.core.ranking.ranking import propensities, rank
from tideline.udfs.core.rewards.feedback import encode_feedback, gather_feedback
from tideline.udfs.core.serving.engine import Records, process

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

NEVER = Decay(0)
CLICKS = np.array([1.0, 0.0, 0.0])
BATCH = 20


def stranger(users: int) -> NDArray[np.int8]:
    x = np.zeros((users, DIM), np.int8)
    x[:, 0] = 90
    return x


def seeds_of(first: int, users: int) -> NDArray[np.uint64]:
    numbers = np.arange(first, first + users)
    return decision_seeds(numbers.astype(np.uint64), numbers, numbers, 1)


def rates_alone(shown: list[int], clicked: list[float]) -> Coefficients:
    """What is known of activities by impressions and clicks of strangers, as LinUCB's ridge of 1 has it."""
    constant = 90 / 127
    n, c = np.array(shown, float), np.array(clicked)
    theta, inverse = np.zeros((n.size, DIM)), np.zeros((n.size, PAIRS))
    left = 1.0 / (1.0 + n * constant**2)
    inverse[:, UPPER[0] == UPPER[1]] = 1.0
    inverse[:, 0] = left
    theta[:, 0] = np.rint(left * c * constant * 2.0**24)
    return Coefficients(theta, np.rint(inverse / INVERSE_UNIT), n, np.full(n.size, n.sum()), c)


def _kept(state: bytes | None, users: Sequence[str]) -> list[bytes | None]:
    return [state] * len(users)


def test_an_impression_narrows_once_and_its_click_not_at_all() -> None:
    """Contract: an impression counts for the width when it is seen, before anybody knows of a click, and never again.

    Reported again, clicked and bought later, in other batches, it moves the mean alone.
    """
    token = token_for("u", ["a", "b"])
    ranker = make_ranker([activity("a"), activity("b")])
    state: bytes | None = None
    widths, means = [], []
    sums = NO_SUMS
    for at, kind in enumerate(
        [EventType.IMPRESSION, EventType.IMPRESSION, EventType.CLICK, EventType.CLICK, EventType.CONVERSION]
    ):
        event = Event(f"e{at}", "u", kind, NOON_MS + at, activity_id="a", token=token, position=0)
        outcome = process(Records([b"u"], [encode_event(event)], [2**50]), partial(_kept, state), ranker)
        state = outcome.states[0]
        if outcome.feedback:
            sums = add(sums, gather_feedback([encode_feedback(outcome.feedback)])[1], NEVER)
        solved = solve(evidence(sums, NEVER, 0))
        widths.append(solved.inverse.tobytes())
        means.append(solved.theta[:, 0].tolist())
    assert len(set(widths)) == 1
    assert widths[0] != np.eye(DIM).tobytes()
    assert means[0] == means[1] == [0.0, 0.0, 0.0]
    assert means[2] == means[3]
    assert means[3][0] == means[4][0] > 0.0 == means[3][1] < means[4][1]


@pytest.mark.parametrize("ridge", [0.5, 1.0, 4.0])
def test_what_nobody_was_shown_is_as_wide_as_the_ridge_leaves_it(ridge: float) -> None:
    """Contract: sqrt(x'x / lambda), from the row that is published for those nobody has seen."""
    known = stack([prior_row(np.zeros((3, DIM)), ridge, 3, 0.0)], CLICKS)
    x = np.random.default_rng(1).integers(-60, 60, (30, DIM)).astype(np.int8)
    width = make_policy("linucb:alpha=1").score(Contexts(x), known, np.full(30, 1), seeds_of(0, 30)).bonus[:, 0]
    assert width == pytest.approx(np.linalg.norm(x / 127.0, axis=1) / np.sqrt(ridge), rel=1e-8)


class Stated(Policy):
    """Scores that a test states."""

    name = "stated"

    def __init__(self, scores: list[float]) -> None:
        super().__init__()
        self._scores = np.array(scores)

    def score(
        self, contexts: Contexts, known: Coefficients, eligible: NDArray[np.int64], seeds: NDArray[np.uint64]
    ) -> Scores:
        """Return the stated scores as means."""
        mean = np.tile(self._scores, (len(contexts.x), 1))
        return Scores(mean, np.zeros_like(mean))


@pytest.mark.parametrize("exploration", [0.0, 0.5])
def test_the_excluded_neither_shorten_a_list_nor_stand_in_it(exploration: float) -> None:
    """Contract: no score is a mark: the best score does not let in, the worst does not keep out."""
    policy = Stated([np.inf, 1e30, 0.1, -1e30, -np.inf, 0.0])
    mask = np.tile([False, False, True, True, True, True], (200, 1))
    found = rank(
        policy,
        rates_alone([1] * 6, [0.0] * 6),
        Contexts(stranger(200)),
        mask,
        seeds_of(0, 200),
        ListForm(4, exploration),
    )
    assert (np.sort(found.order, axis=1) == [2, 3, 4, 5]).all()
    assert (found.eligible == 4).all()
    if not exploration:
        assert (found.order[:, :2] == [2, 5]).all()


def last_shares(text: str, exploration: float = 0.0) -> NDArray[np.float64]:
    """Shares of three activities in the end, the best of which had no click in its first 60 impressions.

    Everybody clicks with exactly the activity's rate, so that luck decides nothing.
    """
    policy, rate = make_policy(text), np.array([0.05, 0.25, 0.04])
    shown, clicked = [60, 60, 60], [3.0, 0.0, 2.4]
    last = np.zeros(3)
    for start in range(0, 400 * BATCH, BATCH):
        x, mask = stranger(BATCH), np.ones((BATCH, 3), np.bool_)
        found = rank(
            policy, rates_alone(shown, clicked), Contexts(x), mask, seeds_of(start, BATCH), ListForm(1, exploration)
        )
        counts = np.bincount(found.order[:, 0], minlength=3)
        shown = [n + int(count) for n, count in zip(shown, counts, strict=True)]
        clicked = [c + float(count) * p for c, count, p in zip(clicked, counts, rate, strict=True)]
        last = last + counts if start >= 300 * BATCH else last
    found_share: NDArray[np.float64] = last / last.sum()
    return found_share


@pytest.mark.parametrize(
    ("text", "exploration"),
    [("chernoff_ucb", 0.0), ("kl_ucb", 0.0), ("ucb_v", 0.0), ("ucb1_tuned", 0.0), ("linucb:alpha=1", 0.0),
     ("thompson:alpha=0.5", 0.0), ("epsilon_greedy", 0.02), ("popular", 0.02)],
)  # fmt: skip
def test_without_a_click_at_first_the_best_is_found_yet(text: str, exploration: float) -> None:
    """Contract: a zero-click activity stays explorable, by its bonus or by the exploration share."""
    assert last_shares(text, exploration)[1] > 0.8


def test_the_articles_text_never_looks_at_it_again() -> None:
    """Contract: this is why the smoothed form is the policy and the text stands behind a flag."""
    assert last_shares("chernoff_ucb:literal=1")[1] == 0.0


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_exploration_leaves_everybody_a_chance(name: str) -> None:
    """Contract: at least exploration / eligible in the first position, for the one without clicks too; sums are 1."""
    known, mask = (
        rates_alone([5_000, 5_000, 5_000, 90], [0.0, 400.0, 300.0, 3.0]),
        np.array([[True, True, True, False]]),
    )
    chances = propensities(make_policy(name), known, scored(stranger(1), 4), mask, 0.02)[0]
    assert chances.sum() == pytest.approx(1.0, abs=1e-9)
    assert chances[:3].min() >= 0.02 / 3 - 1e-12
    assert chances[3] == 0.0
