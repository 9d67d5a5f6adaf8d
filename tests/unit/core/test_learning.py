"""Learning: exact sums, and the regression solved from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from udfs.core.feedback import OBJECTIVES, ROWS, Feedback, decode_feedback, encode_feedback
from udfs.core.learning import (
    BUCKET,
    BUCKETS_PER_HALF_LIFE,
    RIDGE,
    Forgetting,
    Solved,
    add,
    decode_sums,
    encode_sums,
    evidence,
    forget,
    merge,
    policy_row,
    prior_row,
    solve,
)
from udfs.core.policy.linucb import LinUCB
from udfs.core.policy_table import PRIOR_ID, UPPER, PolicyTable, cold_row, decode_row, encode_row, stack
from udfs.core.publication import every_name, publication
from udfs.core.user_state import DIM

GOLDEN = {version: Path(__file__).parents[2] / "golden" / f"sums_v{version}.bin" for version in (1, 2)}
NEVER = Forgetting(0)
HALF_LIFE_MS = 4_000
FADING = Forgetting(HALF_LIFE_MS)
NOTHING = np.zeros(0, BUCKET)
REWARDS = ("clicks", "conversions", "revenue_cents")


def rows_of(count: int, seed: int, span_ms: int = 20_000) -> NDArray[Any]:
    """Feedback rows of one activity: impressions, and rewards that come in rows of their own."""
    rng = np.random.default_rng(seed)
    rows = np.zeros(count, ROWS)
    rows["x"] = (rng.normal(size=(count, DIM)) * 25).clip(-127, 127).astype(np.int8)
    rows["x"][:, 0] = 90
    rows["ts_ms"] = 1_700_000_000_000 + rng.integers(0, span_ms, count)
    rows["impressions"] = rng.random(count) < 0.8
    rows["clicks"] = rng.random(count) < 0.3
    rows["conversions"] = rng.random(count) < 0.1
    rows["dismissals"] = rng.random(count) < 0.1
    rows["revenue_cents"] = rng.integers(-500, 10_000, count) * rows["conversions"]
    rows["overlooked"] = rng.integers(0, 100, count)
    return rows


def examined(rows: NDArray[Any]) -> NDArray[np.float64]:
    """What each row counts of an impression."""
    found: NDArray[np.float64] = rows["impressions"] * (1.0 - rows["overlooked"] / 100.0)
    return found


def direct(rows: NDArray[Any], weights: NDArray[np.float64], prior: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weighted ridge regression by least squares on the stacked rows, [objectives, DIM]."""
    x = rows["x"] / 127.0
    rewards = np.stack([rows["clicks"], rows["conversions"], rows["revenue_cents"] / 100.0], axis=1)
    # A reward row adds r x to the moments; as a regression it is an impression of reward r, without one of reward 0.
    shown = np.sqrt(weights * examined(rows))
    design = np.concatenate([x * shown[:, None], np.sqrt(RIDGE) * np.eye(DIM)])
    whole = x.T @ (rewards * weights[:, None])
    inside = np.concatenate([np.zeros((len(rows), len(OBJECTIVES))), np.sqrt(RIDGE) * prior.T])
    target = np.linalg.pinv(design.T) @ whole + inside
    found: NDArray[np.float64] = np.linalg.lstsq(design, target, rcond=None)[0].T
    return found


def solved_from(
    sums: NDArray[Any], forgetting: Forgetting = NEVER, newest: int = 0, prior: NDArray[np.float64] | None = None
) -> Solved:
    return solve(evidence(sums, forgetting, newest), RIDGE, prior)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 120), st.integers(1, 7), st.sampled_from([NEVER, FADING]))
def test_sums_do_not_depend_on_order_or_sharding(seed: int, count: int, shards: int, forgetting: Forgetting) -> None:
    """Contract: any order, any split, any number of additions and restores give the same bits."""
    rows, rng = rows_of(count, seed), np.random.default_rng(seed)
    expected = encode_sums(add(NOTHING, rows, forgetting))
    shuffled = rows[rng.permutation(count)]
    parts = [NOTHING] * shards
    for piece, shard in zip(np.array_split(shuffled, 9), rng.integers(0, shards, 9).tolist(), strict=True):
        parts[shard] = decode_sums(encode_sums(add(parts[shard], piece, forgetting)))
    merged = merge([parts[at] for at in rng.permutation(shards).tolist()])
    assert encode_sums(merged) == expected


def test_sums_are_what_they_are_called() -> None:
    rows = rows_of(50, 1)
    (sums,) = add(NOTHING, rows, NEVER)
    x = rows["x"].astype(object)
    hundredths = (rows["impressions"] * (100 - rows["overlooked"].astype(np.int64))).astype(object)
    expected = (x * hundredths[:, None]).T @ x
    assert sums["xx"].tolist() == [expected[i][j] for i in range(DIM) for j in range(i, DIM)]
    assert sums["rx"].tolist() == [
        [sum(int(reward) * row[at] for reward, row in zip(rows[name], x, strict=True)) for at in range(DIM)]
        for name in REWARDS
    ]
    assert sums["impressions"] == hundredths.sum()
    assert sums["dismissals"] == rows["dismissals"].sum()
    assert sums["rewards"].tolist() == [int(rows[name].sum(dtype=int)) for name in REWARDS]


def test_a_difference_takes_back_what_was_added() -> None:
    """Contract: late and corrected rewards are additions too."""
    rows = rows_of(30, 2)
    back = rows.copy()
    for name in ("impressions", "clicks", "conversions", "dismissals", "revenue_cents"):
        back[name] = -rows[name]
    (sums,) = add(add(NOTHING, rows, NEVER), back, NEVER)
    assert not sums.tobytes().strip(b"\0")


@pytest.mark.parametrize("with_prior", [False, True])
@pytest.mark.parametrize("count", [0, 1, 5, 400])
def test_the_solution_is_the_ridge_regression(count: int, with_prior: bool) -> None:
    """Contract: equals least squares on the stacked rows to 1e-9, drawn to the prior with the ridge's strength."""
    rows = rows_of(count, count)
    prior = np.random.default_rng(9).normal(size=(len(OBJECTIVES), DIM)) if with_prior else None
    solved = solved_from(add(NOTHING, rows, NEVER), prior=prior)
    wanted = direct(rows, np.ones(count), np.zeros((len(OBJECTIVES), DIM)) if prior is None else prior)
    assert solved.theta == pytest.approx(wanted, rel=1e-9, abs=1e-9)
    x = rows["x"] / 127.0
    design = RIDGE * np.eye(DIM) + (x * examined(rows)[:, None]).T @ x
    assert solved.inverse @ design == pytest.approx(np.eye(DIM), abs=1e-9)
    assert solved.counts.impressions == pytest.approx(examined(rows).sum())
    assert solved.counts.rewards[2] == pytest.approx(rows["revenue_cents"].sum() / 100)


def test_forgetting_is_a_regression_with_weights_by_age() -> None:
    """Contract: a row weighs 2 ** -(age / half-life), its age counted in quarters of the half-life."""
    rows = rows_of(300, 7)
    buckets = FADING.bucket_of(rows["ts_ms"])
    assert np.unique(buckets).size > 2 * BUCKETS_PER_HALF_LIFE
    newest = int(buckets.max()) + 1
    quarter_ms = HALF_LIFE_MS // BUCKETS_PER_HALF_LIFE
    ages_ms = (newest - rows["ts_ms"] // quarter_ms) * quarter_ms
    weights = 2.0 ** -(ages_ms / HALF_LIFE_MS)
    solved = solved_from(add(NOTHING, rows, FADING), FADING, newest)
    assert solved.theta == pytest.approx(direct(rows, weights, np.zeros((len(OBJECTIVES), DIM))), rel=1e-9, abs=1e-9)
    assert solved.counts.impressions == pytest.approx(float(weights @ examined(rows)), rel=1e-12)


def test_the_ridge_comes_back_while_nothing_happens() -> None:
    """Contract: what fades returns to the prior; widths never exceed those of no data."""
    sums, newest = add(NOTHING, rows_of(500, 3), FADING), int(FADING.bucket_of(np.array([1_700_000_020_000]))[0])
    traces = [np.trace(solved_from(sums, FADING, newest + later).inverse) for later in (0, 10, 40, 400)]
    assert traces == sorted(traces)
    assert traces[-1] == pytest.approx(DIM / RIDGE)


def test_what_weighs_less_than_a_256th_is_forgotten() -> None:
    sums = np.zeros(40, BUCKET)
    sums["bucket"] = np.arange(40)
    kept = forget(sums, 39)
    assert kept["bucket"].tolist() == list(range(8, 40))
    weights = FADING.weights(np.array([7, 8, 39]), 39)
    assert weights[0] == 1 / 256
    assert weights[1] > 1 / 256
    assert weights[2] == 1.0


@pytest.mark.parametrize("version", [1, 2])
def test_today_reads_each_of_the_golden_sums_and_writes_the_newest(version: int) -> None:
    """Contract: sums that a running job holds stay readable; version 1 counted impressions whole, 2 in hundredths."""
    golden, unit = GOLDEN[version].read_bytes(), 100 if version == 1 else 1
    (sums,) = decode_sums(golden)
    assert (sums["bucket"], sums["impressions"], sums["dismissals"]) == (-3, unit * 2**40, 5)
    assert sums["rewards"].tolist() == [7, 8, -9]
    assert sums["xx"].tolist() == [unit * at for at in range(1000, 1000 + DIM * (DIM + 1) // 2)]
    assert sums["rx"].tolist() == [[100 * objective + at for at in range(DIM)] for objective in range(3)]
    written = encode_sums(decode_sums(golden))
    assert written == golden if version == 2 else written[0] == 2


def test_sums_of_an_unknown_version_are_refused() -> None:
    with pytest.raises(ValueError, match="sums of version 3; this build reads 1 and 2"):
        decode_sums(b"\x03" + GOLDEN[2].read_bytes()[1:])


def test_feedback_comes_back_and_another_layout_is_refused() -> None:
    x = bytes(range(DIM))
    sent = [Feedback("b", 3, 2**40, x, impressions=1), Feedback("a", 4, 1, x, -1, -1, -1, -1, -(10**9), 99)]
    ids, rows = decode_feedback(encode_feedback(sent))
    assert [(ids[row["activity"]], *(int(row[name]) for name in Feedback._fields[4:])) for row in rows] == [
        ("b", 1, 0, 0, 0, 0, 0),
        ("a", -1, -1, -1, -1, -(10**9), 99),
    ]
    assert [(row["encoder"], row["ts_ms"], row["x"].tobytes()) for row in rows] == [(3, 2**40, x), (4, 1, x)]
    assert encode_feedback([]) == b""
    with pytest.raises(ValueError, match="feedback of layout 9; this build reads 1"):
        decode_feedback(b"\x09" + encode_feedback(sent)[1:])


def test_feedback_on_its_way_while_the_build_changed_counts_impressions_whole() -> None:
    """Contract: layout 1 had no word of how often a place is looked at."""
    sent = [Feedback("b", 3, 2**40, bytes(range(DIM)), 1, 1), Feedback("a", 4, 5, bytes(DIM), -1)]
    newest = encode_feedback(sent)
    start = len(newest) - 2 * ROWS.itemsize
    rows = [newest[start + at * ROWS.itemsize :][: ROWS.itemsize - 1] for at in range(2)]
    ids, found = decode_feedback(b"\x01" + newest[1:start] + b"".join(rows))
    assert (ids, found.tobytes()) == (["a", "b"], newest[start:])


def test_an_activity_low_in_the_list_is_learned_as_what_it_is() -> None:
    """Contract: two alike, one shown where a third of the users look: rates equal with the places, far off without."""
    rng = np.random.default_rng(12)
    places = {"top": 1.0, "low": 0.35}
    rates = {}
    for named in (True, False):
        for name, place in places.items():
            rows = rows_of(40_000, 13)
            chances = 0.1 + 0.1 * (rows["x"][:, 1] > 0)
            rows["impressions"], rows["clicks"] = 1, rng.random(rows.size) < place * chances
            rows["overlooked"] = round(100 * (1 - place)) if named else 0
            solved = solved_from(add(NOTHING, rows, NEVER))
            predicted = rows["x"][:2000] / 127.0 @ solved.theta[0]
            assert predicted.mean() == pytest.approx(solved.counts.rewards[0] / solved.counts.impressions, rel=0.03)
            rates[named, name] = predicted.mean()
    assert rates[True, "low"] == pytest.approx(0.15, rel=0.04)
    assert rates[True, "low"] == pytest.approx(rates[True, "top"], rel=0.06)
    assert rates[False, "low"] < 0.4 * rates[False, "top"]


@pytest.mark.parametrize("count", [0, 3, 100, 3_000])
def test_fixed_point_scores_are_those_of_linucb_in_float64(count: int) -> None:
    """Contract: rounding what is published moves no score by more than 2e-6 (A and b from the raw rows)."""
    rows, rng = rows_of(count, 5), np.random.default_rng(6)
    solved = solved_from(add(NOTHING, rows, NEVER))
    _, row = decode_row(encode_row(policy_row(solved, 3, 0.0), "a"), 1)
    contexts = rows_of(200, 8)["x"]
    alpha = float(rng.uniform(0.1, 1.0))
    known = stack([row], np.array([1.0, 0.0, 0.0]))
    scores = LinUCB(alpha=alpha).score(contexts, known, np.ones(200, np.int64), np.zeros(200, np.uint64))

    x = rows["x"] / 127.0
    a = RIDGE * np.eye(DIM) + (x * examined(rows)[:, None]).T @ x
    theta = np.linalg.solve(a, x.T @ rows["clicks"])
    z = contexts / 127.0
    bonus = alpha * np.sqrt(np.einsum("ij,jk,ik->i", z, np.linalg.inv(a), z))
    assert np.abs(scores.mean[:, 0] - z @ theta).max() < 2e-6
    assert np.abs(scores.bonus[:, 0] - bonus).max() < 2e-6


def test_a_publication_has_each_encoders_prior_last_and_one_total() -> None:
    """Contract: the prior and the total are over all activities, those not asked for included."""
    seeds = {"3|a1": 31, "3|a2": 32}
    sums = {name: add(NOTHING, rows_of(40, seed), NEVER) for name, seed in seeds.items()}
    rows = publication(sums, ["3|a1"], NEVER, 0)
    assert [(name, row.encoder) for name, row in rows] == [("a1", 3), (PRIOR_ID, 3)]
    together = np.concatenate([rows_of(40, 31), rows_of(40, 32)])
    prior = direct(together, np.ones(80), np.zeros((len(OBJECTIVES), DIM)))
    assert rows[1][1].theta * 2.0**-24 == pytest.approx(prior, abs=1e-7)
    assert [row.total for _, row in rows] == pytest.approx([examined(together).sum()] * 2)
    drawn = direct(rows_of(40, 31), np.ones(40), prior)
    assert rows[0][1].theta * 2.0**-24 == pytest.approx(drawn, abs=1e-7)


def shown(impressions: int, clicks: int, ts_ms: int = 0) -> NDArray[Any]:
    """Feedback of so many impressions in some contexts, the first of them clicked."""
    rows = rows_of(impressions, impressions)
    rows["impressions"], rows["clicks"], rows["ts_ms"] = 1, np.arange(impressions) < clicks, ts_ms
    rows["conversions"] = rows["dismissals"] = rows["revenue_cents"] = rows["overlooked"] = 0
    return rows


def test_a_new_encoder_starts_from_each_activitys_rate_with_the_width_of_200_impressions() -> None:
    """Contract: counts of other versions weigh as at most 200 impressions of a stranger; no context of theirs enters.

    By hand: the design's first diagonal number is 1 + k s^2 with a stranger's s = 90 / 127, the moment k s m.
    """
    sums = {"1|a": add(NOTHING, shown(300, 45), NEVER), "2|a": add(NOTHING, shown(100, 5), NEVER)}
    sums["2|b"] = add(NOTHING, shown(10, 3), NEVER)
    rows = dict(publication(sums, every_name(7, sums), NEVER, 0))
    assert list(rows) == ["a", "b", PRIOR_ID]
    s = 90 / 127
    prior = 200 * s * (53 / 410) / (1 + 200 * s * s)
    for name, weight, rate in (("a", 200, 50 / 400), ("b", 10, 3 / 10)):
        row = rows[name]
        assert row.theta[0] * 2.0**-24 == pytest.approx(
            [(prior + weight * s * rate) / (1 + weight * s * s), *[0.0] * 15], abs=1e-7
        )
        assert not row.theta[1:].any()
        diagonal = row.inverse[UPPER[0] == UPPER[1]] * 2.0**-28
        assert diagonal == pytest.approx([1 / (1 + weight * s * s), *[1.0] * 15], abs=1e-8)
        assert not row.inverse[UPPER[0] != UPPER[1]].any()
    assert rows[PRIOR_ID].theta[0][0] * 2.0**-24 == pytest.approx(prior, abs=1e-7)
    assert [(row.impressions, row.carried_impressions, row.carried_rewards[0]) for row in rows.values()] == [
        (0.0, 400.0, 50.0),
        (0.0, 10.0, 3.0),
        (0.0, 0.0, 0.0),
    ]
    assert {row.total for row in rows.values()} == {410.0}


def test_what_is_learned_under_the_new_encoder_is_added_to_what_was_carried() -> None:
    """Contract: equals least squares on the own rows and 200 more of a stranger with the carried rate."""
    sums = {"1|a": add(NOTHING, shown(400, 100), NEVER), "2|a": add(NOTHING, shown(30, 2), NEVER)}
    (_, row), (_, prior) = publication(sums, ["2|a"], NEVER, 0)
    strangers = np.zeros(200, ROWS)
    strangers["x"][:, 0], strangers["impressions"], strangers["clicks"][:50] = 90, 1, 1
    together = np.concatenate([shown(30, 2), strangers])
    found = direct(together, np.ones(230), np.zeros((len(OBJECTIVES), DIM)))
    assert prior.theta * 2.0**-24 == pytest.approx(found, abs=1e-7)
    drawn = direct(together, np.ones(230), found)
    assert row.theta * 2.0**-24 == pytest.approx(drawn, abs=1e-7)
    assert (row.impressions, row.rewards[0], row.carried_impressions, row.carried_rewards[0]) == (30, 2, 400, 100)


def test_contexts_of_another_encoder_leave_no_trace() -> None:
    """Contract: only counts are carried; other contexts with the same counts give the same bytes."""
    other = shown(40, 6)
    other["x"][:, 1:] = -other["x"][:, 1:] // 2
    rows = [
        publication({"1|a": add(NOTHING, each, NEVER), "2|a": add(NOTHING, shown(9, 1), NEVER)}, ["2|a"], NEVER, 0)
        for each in (shown(40, 6), other)
    ]
    assert [encode_row(row, name) for name, row in rows[0]] == [encode_row(row, name) for name, row in rows[1]]


def test_what_is_carried_fades_and_does_not_depend_on_order() -> None:
    """Contract: half as much after a half-life; the versions in any order give the same bytes."""
    sums = {f"{version}|a": add(NOTHING, shown(10, version), FADING) for version in (1, 2, 3)}
    newest = BUCKETS_PER_HALF_LIFE
    found = publication(sums, ["9|a"], FADING, newest)
    assert (found[0][1].carried_impressions, found[0][1].carried_rewards[0]) == (15.0, 3.0)
    again = publication(dict(reversed(sums.items())), ["9|a"], FADING, newest)
    assert [encode_row(row, name) for name, row in again] == [encode_row(row, name) for name, row in found]


def test_before_anything_was_learned_an_encoder_has_a_cold_prior() -> None:
    """Contract: an ordered encoder has rows to wait for, whatever was learned."""
    ((name, row),) = publication({}, every_name(5, []), NEVER, 0)
    assert (name, row.encoder, row.total) == (PRIOR_ID, 5, 0.0)
    assert (row.theta.tolist(), row.inverse.tolist()) == (cold_row().theta.tolist(), cold_row().inverse.tolist())


def test_the_prior_knows_what_is_common_and_is_as_wide_as_no_data() -> None:
    solved = solved_from(merge([add(NOTHING, rows_of(200, at), NEVER) for at in (1, 2)]))
    row = prior_row(solved.theta, RIDGE, 3, solved.counts.impressions)
    assert row.inverse.tolist() == cold_row().inverse.tolist()
    assert row.theta.tolist() == np.rint(solved.theta * 2.0**24).astype(int).tolist()
    assert (row.impressions, row.rewards, row.total) == (0.0, (0.0, 0.0, 0.0), solved.counts.impressions)


def test_a_late_reward_is_the_same_as_a_punctual_one() -> None:
    """Contract: the table ends at the same row however the rewards were spread over publications."""
    rows = rows_of(60, 4)
    once, twice = add(NOTHING, rows, FADING), add(add(NOTHING, rows[30:], FADING), rows[:30], FADING)
    newest = int(FADING.bucket_of(rows["ts_ms"]).max())
    tables = []
    for sums in (once, twice):
        table = PolicyTable()
        for offset, (name, row) in enumerate(publication({"3|a": sums}, ["3|a"], FADING, newest)):
            assert table.apply(name, row._replace(version=offset))
        tables.append(encode_row(table.row(3, "a"), "a"))
    assert tables[0] == tables[1]
