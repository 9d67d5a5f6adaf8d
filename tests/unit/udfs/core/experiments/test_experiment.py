"""Who is in which arm, and what his lists and decision records are made by."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import numpy as np
import pytest

from tests.support.core_world import KEYS, NOON_MS, activity, make_ranker
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.schemas.records import DECISION
from tideline.udfs.core.context import DIM
from tideline.udfs.core.control.control import SetExperiment, VariantSpec
from tideline.udfs.core.experiments.experiment import Experiment, Variant, arm_numbers, regressions_on_trial
from tideline.udfs.core.hashing import hash64
from tideline.udfs.core.limits import BASELINE, HOLDOUT, OBJECTIVES
from tideline.udfs.core.lists.decision_token import Token, propensity, verify
from tideline.udfs.core.policies.arm_key import PRIOR_ID
from tideline.udfs.core.policies.by_name import make_policy
from tideline.udfs.core.policies.policy_table import cold_row
from tideline.udfs.core.serving.engine import Outcome, Records, process
from tideline.udfs.core.serving.ranker_state import RankerState
from tideline.udfs.core.serving.renewal.renew import republish

NAMES = [f"a{at}" for at in range(8)]
ARMS = (VariantSpec("calm", "linucb:alpha=0", 300), VariantSpec("wild", "linucb:alpha=2", 200))
ORDER = SetExperiment("e1", ARMS, None)


def users(count: int) -> list[str]:
    return [f"user-{at}" for at in range(count)]


def hashes(count: int) -> Any:
    return np.array([hash64(name) for name in users(count)], np.uint64)


def experiment(name: str = "e1", permilles: tuple[int, ...] = (300, 200)) -> Experiment:
    return Experiment(name, tuple(Variant(f"arm{at}", make_policy("linucb"), p) for at, p in enumerate(permilles)))


def serve(ranker: RankerState, names: list[str], events: list[Event] | None = None) -> Outcome:
    sent = events or [Event(f"e-{name}", name, EventType.VIEW, NOON_MS, "tea", "tea") for name in names]
    keys = [event.user_id.encode() for event in sent]
    states: dict[str, bytes] = {}
    records = Records(keys, [encode_event(event) for event in sent], [2**50] * len(sent))
    return process(records, lambda found: [states.get(user) for user in found], ranker)


def tokens(outcome: Outcome) -> dict[str, Token]:
    payloads = zip(outcome.listed, outcome.lists, strict=True)
    return {user: verify(json.loads(payload)["k"], user, KEYS) for user, payload in payloads}


def test_shares_are_kept_and_the_holdout_is_apart() -> None:
    """Contract: each arm has its share of the users who are not in the holdout, to sampling error."""
    found = Counter(arm_numbers(hashes(20_000), 7, 100, experiment()).tolist())
    for arm, share in ((HOLDOUT, 0.1), (1, 0.27), (2, 0.18), (BASELINE, 0.45)):
        assert found[arm] / 20_000 == pytest.approx(share, abs=5 * (share * (1 - share) / 20_000) ** 0.5)


def test_an_arm_is_a_function_of_user_experiment_and_salt() -> None:
    """Contract: the same whoever else is in the batch; the holdout is the same under every experiment."""
    every = arm_numbers(hashes(500), 7, 100, experiment())
    assert [int(arm_numbers(hashes(500)[at : at + 1], 7, 100, experiment())[0]) for at in range(500)] == every.tolist()
    other = arm_numbers(hashes(500), 7, 100, experiment("e2"))
    assert ((other == HOLDOUT) == (every == HOLDOUT)).all()
    assert ((arm_numbers(hashes(500), 7, 100, None) == HOLDOUT) == (every == HOLDOUT)).all()
    of_both = (every != HOLDOUT) & (every == other)
    assert 0.2 < of_both.mean() < 0.5  # as two independent draws of (.27, .18, .45) agree
    assert (arm_numbers(hashes(500), 8, 100, experiment()) != every).any()


def test_each_arm_is_ranked_by_its_policy_and_signed_with_its_number() -> None:
    """Contract: a user's list is what a job with that policy alone gives him, but for the arm in the token."""
    ranker = make_ranker([activity(name) for name in NAMES], exploration_permille=50)
    ranker = ranker.after(ORDER, NOON_MS - 1)
    mixed = serve(ranker, users(200))
    found = tokens(mixed)
    assert Counter(token.arm for token in found.values()).keys() == {0, 1, 2}
    for arm, policy in (
        (0, ranker.settings.policy),
        (1, make_policy("linucb:alpha=0")),
        (2, make_policy("linucb:alpha=2")),
    ):
        alone = make_ranker([activity(name) for name in NAMES], policy=policy.name, exploration_permille=50)
        object.__setattr__(alone.settings, "policy", policy)
        own = dict(zip(*(lambda o: (o.listed, o.lists))(serve(alone, users(200))), strict=True))
        for user, payload in zip(mixed.listed, mixed.lists, strict=True):
            if found[user].arm == arm:
                assert json.loads(payload)["i"] == json.loads(own[user])["i"]


def test_the_holdout_gets_every_order_alike_and_says_so() -> None:
    """Contract: chi-square of the first position against uniform, and the propensity logged is 1 / remaining."""
    ranker = make_ranker([activity(name) for name in NAMES])
    object.__setattr__(ranker.settings, "holdout_permille", 1000)
    outcome = serve(ranker, users(4000))
    first = Counter(json.loads(payload)["i"][0] for payload in outcome.lists)
    expected = 4000 / len(NAMES)
    assert sum((first[name] - expected) ** 2 / expected for name in NAMES) < 24.3  # 0.999 of chi-square with 7 degrees
    token = next(iter(tokens(outcome).values()))
    assert [propensity(token, position) for position in range(3)] == [1 / 8, 1 / 7, 1 / 6]


def decisions(ranker: RankerState, outcome: Outcome) -> list[dict[str, Any]]:
    shown = [
        Event(f"i-{user}", user, EventType.IMPRESSION, NOON_MS + 5, activity_id=json.loads(payload)["i"][0],
              token=json.loads(payload)["k"], position=0)
        for user, payload in zip(outcome.listed, outcome.lists, strict=True)
    ]  # fmt: skip
    return [DECISION.decode(record) for _, record in serve(ranker, [], shown).decisions]


def test_a_decision_names_its_experiment_arm_and_policy() -> None:
    """Contract: also when that is over and another one runs; lists made outside of any are in no arm."""
    ranker = make_ranker([activity(name) for name in NAMES])
    ranker = ranker.after(SetExperiment("e1", ARMS, "epsilon_greedy"), NOON_MS - 1)
    outcome = serve(ranker, users(60))
    found = decisions(ranker, outcome)
    assert {each["experiment"] for each in found} == {"e1"}
    assert {each["arm"] for each in found} == {"baseline", "calm", "wild"}
    assert all(each["shadow_mean"] is not None for each in found)
    calm = next(each for each in found if each["arm"] == "calm")
    assert calm["bonus"] == 0.0
    ranker = ranker.after(SetExperiment("e2", ARMS, None), NOON_MS + 60_000)
    assert decisions(ranker, outcome) == found
    ranker = ranker.after(SetExperiment("e2", (), None), NOON_MS + 70_000)
    assert ranker.experiment is None
    assert decisions(ranker, outcome) == found
    after = serve(ranker, users(60))
    assert set(tokens(after).values()).pop().arm == BASELINE
    assert {(each["experiment"], each["arm"]) for each in decisions(ranker, after)} == {("", "")}


def test_a_list_of_an_arm_is_never_logged_as_the_deployments_once_its_experiment_is_over() -> None:
    """Contract: policy and propensity are the arm's while it is known, and nothing where a restart has forgotten it."""
    arms = (VariantSpec("soft", "softmax", 500), VariantSpec("drawn", "thompson", 500))
    ranker = make_ranker([activity(name) for name in NAMES])
    ranker = ranker.after(SetExperiment("e1", arms, None), NOON_MS - 1)
    outcome = serve(ranker, users(40))
    ranker = ranker.after(SetExperiment("e1", (), None), NOON_MS)
    known = decisions(ranker, outcome)
    assert {(each["arm"], each["policy"]) for each in known} == {("soft", "softmax"), ("drawn", "thompson")}
    assert {each["propensity"] for each in known} == {None}
    forgotten = decisions(make_ranker([activity(name) for name in NAMES]), outcome)
    unknown = ("experiment", "arm", "policy", "propensity", "mean", "bonus")
    assert {tuple(each[name] for name in unknown) for each in forgotten} == {("", "", "", None, None, None)}


def test_a_list_made_anew_during_an_experiment_is_in_it() -> None:
    """Contract: what counts is when the list was made, not its user's newest event, as after a republish order."""
    ranker = make_ranker([activity(name) for name in NAMES])
    states: dict[str, bytes] = {}
    first = serve(ranker, users(30))
    states.update(zip(first.users, first.states, strict=True))
    ranker = ranker.after(ORDER, NOON_MS + 60_000)
    again = republish(list(states), list(states.values()), ranker)
    assert {each["experiment"] for each in decisions(ranker, again)} == {"e1"}
    assert {each["arm"] for each in decisions(ranker, again)} == {"baseline", "calm", "wild"}


def test_an_arm_that_reads_counts_alone_goes_with_any_deployment() -> None:
    """Contract: it ranks as a job of its own would, however the deployment's rows were solved."""
    ranker = make_ranker([activity(name) for name in NAMES])
    clicks = {name: float(at * 5) for at, name in enumerate(NAMES)}
    for version, (name, count) in enumerate(clicks.items()):
        ranker = ranker.with_row(
            name, cold_row()._replace(version=version, encoder=3, impressions=100.0, rewards=(count, 0.0, 0.0))
        )
    arms = tuple(VariantSpec(policy, policy, 500) for policy in ("popular", "kl_ucb"))
    ranker = ranker.after(SetExperiment("e3", arms, None), NOON_MS)
    best_first = sorted(NAMES, key=lambda name: -clicks[name])[: ranker.settings.list_size]
    assert {tuple(json.loads(payload)["i"]) for payload in serve(ranker, users(50)).lists} == {tuple(best_first)}


def test_an_arm_that_learns_otherwise_ranks_by_rows_of_its_own_once_they_are_there() -> None:
    """Contract: until the learner has solved them the deployment's rows count, also in decisions made before that."""
    ranker = make_ranker([activity(name) for name in NAMES])
    arm = make_policy("linucb:ridge=7")
    ranker = ranker.after(
        SetExperiment("e9", (VariantSpec("odd", "linucb:ridge=7", 1000),), "linucb_hybrid"), NOON_MS - 1
    )
    ranker = learned(ranker, "", 0, NAMES)
    own_first, others_first = tuple(NAMES[: ranker.settings.list_size]), tuple(NAMES[::-1][: ranker.settings.list_size])
    before = serve(ranker, users(20))
    assert {tuple(json.loads(payload)["i"]) for payload in before.lists} == {own_first}
    expected = {each["mean"] for each in decisions(ranker, before)}
    ranker = learned(ranker, arm.regression.name, 20, NAMES[::-1])
    after = serve(ranker, users(20))
    assert {tuple(json.loads(payload)["i"]) for payload in after.lists} == {others_first}
    assert ranker.version == 20 + len(NAMES)
    assert {each["mean"] for each in decisions(ranker, before)} == expected
    assert {token.policy for token in tokens(after).values()} == {ranker.version}
    ranker = ranker.after(SetExperiment("e9", (), None), NOON_MS)
    assert {tuple(json.loads(payload)["i"]) for payload in serve(ranker, users(20)).lists} == {own_first}


def test_only_what_is_solved_otherwise_is_asked_of_the_learner() -> None:
    """Contract: each way once, in one order, blanks in an order or not; counts need no regression."""
    policies = ("linucb: alpha=2, ridge = 7", "linucb:ridge=7", "linucb:alpha=0", "kl_ucb")
    order = SetExperiment("e", tuple(VariantSpec(text, text, 100) for text in policies), "linucb_hybrid")
    found = regressions_on_trial(order, make_policy("linucb").regression)
    assert found == [make_policy("linucb_hybrid").regression, make_policy("linucb:ridge=7").regression]
    assert regressions_on_trial(SetExperiment("e", (), None), make_policy("linucb").regression) == []


def learned(ranker: RankerState, regression: str, version: int, best_first: list[str]) -> RankerState:
    """Let the policy topic say that some activities are the better the earlier they are named, and the prior."""
    for at, name in enumerate([*best_first, PRIOR_ID]):
        theta = np.zeros((len(OBJECTIVES), DIM), np.int64)
        theta[0, 0] = (len(best_first) - at) << 22
        row = cold_row()._replace(version=version + at, encoder=3, total=9.0, theta=theta, regression=regression)
        row = row._replace(inverse=np.zeros_like(row.inverse))
        ranker = ranker.with_row(name, row)
    return ranker
