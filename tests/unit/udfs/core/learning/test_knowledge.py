"""Knowledge: what is kept in memory between publications gives the bytes that solving everything anew gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.one_at_a_time import one_at_a_time
from tideline.udfs.core.catalogue.activity_features import FEATURES
from tideline.udfs.core.learning.knowledge import Knowledge
from tideline.udfs.core.learning.learning import NO_SUMS, Decay, add, decode_sums, encode_sums, forget, merge
from tideline.udfs.core.learning.publication import every_arm, publication, published
from tideline.udfs.core.policies.arm_key import GONE_ID, PRIOR_ID, ArmKey, decode_arm
from tideline.udfs.core.policies.policy_table import PolicyRow, encode_row
from tideline.udfs.core.policies.regression import Regression, Sharing
from tideline.udfs.core.rewards.feedback import ROWS

DAY_MS = 86_400_000
START_MS = 1_700_000_000_000
FADING, NEVER = Decay(8 * DAY_MS), Decay(0)
IDS = [f"a{number:02}" for number in range(30)]
HOWS = [Regression(2.0, Sharing.NONE), Regression(1.0, Sharing.PRIOR)]


def feedback(
    seed: int, day: int, count: int = 400, encoders: tuple[int, ...] = (1, 2), rate: float = 0.1
) -> NDArray[Any]:
    """Feedback rows of two days about some of the activities; some with worth, some taken back."""
    rng = np.random.default_rng(seed)
    rows = np.zeros(count, ROWS)
    rows["activity"], rows["encoder"] = rng.integers(0, len(IDS), count), rng.choice(encoders, count)
    rows["x"] = (rng.normal(size=(count, 16)) * 25).clip(-127, 127).astype(np.int8)
    rows["x"][:, 0] = 90
    rows["ts_ms"] = START_MS + day * DAY_MS + rng.integers(0, 2 * DAY_MS, count)
    rows["impressions"], rows["clicks"] = 1, rng.random(count) < rate
    rows["conversions"] = rows["clicks"] * (rng.random(count) < 0.3)
    rows["revenue_milli"] = rows["conversions"] * rng.integers(-500, 90_000, count)
    rows["examination_discount"] = rng.integers(0, 3, count) * 40
    back = rows[rng.random(count) < 0.1].copy()
    for name in ("impressions", "clicks", "conversions", "revenue_milli"):
        back[name] = -back[name]
    again = back.copy()
    again["ts_ms"] -= DAY_MS
    for name in ("impressions", "clicks", "conversions", "revenue_milli"):
        again[name] = -back[name]
    return np.concatenate([rows, back, again])


def sums_of(parts: list[NDArray[Any]], decay: Decay) -> tuple[dict[ArmKey, NDArray[Any]], int]:
    """Sums of all feedback, added name by name, and the newest bucket."""
    rows = np.concatenate(parts)
    newest = int(decay.bucket_of(rows["ts_ms"].astype(np.int64)).max())
    found = {}
    for encoder in np.unique(rows["encoder"]).tolist():
        for at, name in enumerate(IDS):
            mine = rows[(rows["encoder"] == encoder) & (rows["activity"] == at)]
            sums = forget(add(NO_SUMS, mine, decay, newest), decay, newest)
            if sums.size:
                found[ArmKey(encoder, name)] = sums
    return found, newest


def in_bytes(rows: list[tuple[str, PolicyRow]]) -> list[bytes]:
    return [encode_row(row, name) for name, row in rows]


@pytest.mark.parametrize("decay", [FADING, NEVER])
def test_what_is_kept_gives_the_bytes_of_everything_solved_anew(decay: Decay) -> None:
    """Contract: after any feedback, of any day, with and without a change: as a learner that was just restarted."""
    known, parts = Knowledge({}, decay), []
    seen = set()
    features = {name: np.arange(FEATURES, dtype=np.int8) + at for at, name in enumerate(IDS[:20])}
    for step in range(24):
        part = feedback(step, 4 * step, 200, (1, 2) if step < 15 else (2, 3), 0.9 if step > 18 else 0.1)
        learned = known.learn(IDS, part)
        assert not {name for name in learned.forgotten if name in known.sums}
        parts.append(part)
        if step % 5 and step < 20:
            continue  # What is kept is used all the same; only solving all anew is spared.
        sums, newest = sums_of(parts, decay)
        assert known.newest == newest
        assert {name: each.tobytes() for name, each in known.sums.items()} == {
            name: each.tobytes() for name, each in sums.items()
        }
        restarted = Knowledge(
            {name: decode_sums(encode_sums(each, decay), decay) for name, each in sums.items()},
            decay,
            newest,
        )
        names = sorted({*list(learned.rows)[:7], *every_arm(2, sums), ArmKey(9, "a01")})
        for how in (*HOWS, Regression(3.0, Sharing.HYBRID, 1.0)):
            wanted = in_bytes(published(restarted, names, how, features))
            assert in_bytes(published(known, names, how, features)) == wanted
        seen.add(bool(known.changes().everywhere))
    assert seen == ({False, True} if decay.half_life_ms else {False})


@pytest.mark.parametrize("how", HOWS)
def test_many_at_once_are_the_bytes_of_one_at_a_time(how: Regression) -> None:
    """Contract: batched solutions are those that each activity's own numpy calls give, and a part those of all."""
    sums, newest = sums_of([feedback(seed, seed, count=4_000) for seed in range(3)], NEVER)
    names = sorted(sums)
    found = in_bytes(publication(sums, names, NEVER, newest, how))
    assert found == in_bytes(one_at_a_time(sums, names, NEVER, newest, how))
    known = Knowledge(sums, NEVER, newest)
    alone = [row for name in names for row in in_bytes(published(known, [name], how))[:1]]
    priors = in_bytes(published(known, [ArmKey(1, PRIOR_ID), ArmKey(2, PRIOR_ID)], how))
    assert alone == [row for row in found if row not in priors]


def test_where_all_fades_rows_are_those_of_one_at_a_time_to_a_unit() -> None:
    """Contract: sums of weighed buckets are added as they rise; BLAS adds them otherwise, to the last bit."""
    sums, newest = sums_of([feedback(seed, seed, rate=0.9 if seed > 26 else 0.1) for seed in range(30)], FADING)
    assert Knowledge(sums, FADING, newest).changes().everywhere
    names, how = sorted(sums), HOWS[0]
    pairs = zip(
        publication(sums, names, FADING, newest, how), one_at_a_time(sums, names, FADING, newest, how), strict=True
    )
    for (name, found), (same, wanted) in pairs:
        assert name == same
        assert np.abs(found.theta - wanted.theta).max() <= 1
        assert np.abs(found.inverse - wanted.inverse).max() <= 1
        assert found.impressions == pytest.approx(wanted.impressions, rel=1e-12)
        assert found.rewards == pytest.approx(wanted.rewards, rel=1e-12)


def test_what_is_known_of_activities_long_gone_is_dropped() -> None:
    """Contract: names of which nothing is kept are named once, to be published and removed from state."""
    known = Knowledge({}, FADING)
    known.learn(IDS, feedback(1, 0))
    before = set(known.sums)
    later = feedback(2, 100, count=5)
    learned = known.learn(["b", *IDS], later)
    assert set(learned.forgotten) == before - set(known.sums)
    assert len(known.sums) <= 5
    assert merge(known.sums.values())["impressions"].sum() == sum(known.impressions().values())


def test_no_feedback_that_counts_changes_nothing() -> None:
    known = Knowledge({}, FADING)
    assert known.learn(["*"] * len(IDS), feedback(1, 0)).rows == {}
    assert known.sums == {}


LISTED = frozenset(IDS[:10])
WINDOW_MS = 3 * DAY_MS


def state_of(
    known: Knowledge, state: dict[str, bytes], ids: list[str], rows: NDArray[Any], listed: frozenset[str]
) -> None:
    """Learn rows and write the state that changed, as the learner does."""
    learned = known.learn(ids, rows)
    retired = known.retire(listed, WINDOW_MS)
    kept = {name: known.sums[name] for name in learned.rows if name in known.sums} | retired.together
    state.update({arm.text: encode_sums(each, known.decay) for arm, each in kept.items()})
    for arm in [*learned.forgotten, *retired.arms]:
        state.pop(arm.text, None)


def restored(state: dict[str, bytes], decay: Decay, newest: int) -> Knowledge:
    sums = {decode_arm(text): decode_sums(each, decay) for text, each in state.items()}
    return Knowledge(sums, decay, newest)


@pytest.mark.parametrize("decay", [FADING, NEVER, Decay(DAY_MS // 2)])
def test_deleted_activities_are_dropped_and_what_all_come_to_stays_the_same_to_the_bit(decay: Decay) -> None:
    """Contract: once their window is over the deleted leave one sum an encoder; the others' rows stay."""
    with_all, known, state = Knowledge({}, decay), Knowledge({}, decay), dict[str, bytes]()
    for day in (0, 2, 40):
        count = 400 if day < 40 else 8
        rows = feedback(day, day, count=count)
        rows = rows if day < 40 else rows[rows["activity"] < len(LISTED)]
        with_all.learn(IDS, rows)
        state_of(known, state, IDS, rows, LISTED)
    assert set(known.activities()) <= LISTED
    assert {decode_arm(text).activity_id for text in state} <= {*LISTED, GONE_ID}
    names = [name for name in every_arm(1, with_all.sums) if name.activity_id in {*LISTED, PRIOR_ID}]
    for how in HOWS:
        assert in_bytes(published(known, names, how)) == in_bytes(published(with_all, names, how))
        again = restored(state, decay, known.newest)
        assert in_bytes(published(again, names, how)) == in_bytes(published(known, names, how))


@pytest.mark.parametrize("seed", range(2))
def test_deleted_activities_leave_the_same_bytes_in_any_order_and_over_restores(seed: int) -> None:
    """Contract: late rows, other cuts, restores in the middle and an earlier deletion leave the same state."""
    rng = np.random.default_rng(seed)
    rows = np.concatenate([feedback(seed + day, day, count=60) for day in range(0, 24, 2)])
    rows = rows[(rows["impressions"] > 0) & ((rows["activity"] < 10) | (rows["ts_ms"] < START_MS + 16 * DAY_MS))]
    last = rows[np.argmax(rows["ts_ms"])][None].copy()
    last["ts_ms"] = START_MS + 60 * DAY_MS
    last["activity"] = 0
    found = []
    for shuffled in (False, True, True):
        order = rng.permutation(rows.size) if shuffled else np.argsort(rows["ts_ms"], kind="stable")
        known, state, listed = Knowledge({}, FADING), dict[str, bytes](), LISTED if shuffled else frozenset(IDS)
        for part in [*np.array_split(rows[order], int(rng.integers(3, 9))), last]:
            state_of(known, state, IDS, part, listed)
            listed = LISTED
            if shuffled:
                known = restored(state, FADING, known.newest)
        state_of(known, state, IDS, last[:0], LISTED)
        fresh = restored(state, FADING, known.newest)
        found.append({name: each.tobytes() for name, each in fresh.sums.items()})
        found[-1] |= {ArmKey(encoder, GONE_ID): each.tobytes() for encoder, each in fresh._gone.items()}
    assert found[0] == found[1] == found[2]
    assert {arm.activity_id for arm in found[0]} == {*LISTED, GONE_ID}


def test_a_deleted_activity_keeps_its_name_while_feedback_of_its_lists_can_come() -> None:
    """Contract: none is dropped before the attribution window after its newest bucket; one that is listed never is."""
    known = Knowledge({}, FADING)
    rows = feedback(1, 0, count=50)
    known.learn(IDS, rows)
    assert known.retire(frozenset(), WINDOW_MS).arms == []
    later = rows[:1].copy()
    later["ts_ms"] = START_MS + 30 * DAY_MS
    known.learn(IDS, later)
    assert known.retire(frozenset(IDS), WINDOW_MS).arms == []
    names = set(known.sums)
    retired = known.retire(frozenset(), WINDOW_MS)
    assert set(retired.arms) == names - set(known.sums)
    assert len(known.sums) == 1
    assert known.retire(frozenset(), WINDOW_MS).arms == []


@pytest.mark.parametrize("phase", range(0, 28, 4))
@pytest.mark.parametrize(("days", "between"), [(28, 60), (7, 28)])
def test_a_half_life_changed_and_changed_back_starts_again(days: int, between: int, phase: int) -> None:
    """Contract: C3: state that an arm without feedback kept of before goes on, newer than what was kept as the newest.

    Bytes are written of arms with feedback alone, as the learner does.
    """
    newest_ms: int | None = None
    state: dict[ArmKey, bytes] = {}
    for number, decay in enumerate([Decay(days * DAY_MS), Decay(between * DAY_MS), Decay(days * DAY_MS)]):
        sums = {arm: decode_sums(each, decay) for arm, each in state.items()}
        known = Knowledge(sums, decay, None if newest_ms is None else decay.bucket_at(newest_ms))
        assert all(each["bucket"][-1] <= known.newest for each in known.sums.values())
        rows = feedback(number, phase, encoders=(1,))
        learned = known.learn(IDS, rows if number == 0 else rows[rows["activity"] == 0])
        state |= {arm: encode_sums(known.sums[arm], decay) for arm in learned.rows if arm in known.sums}
        newest_ms = decay.start_ms(known.newest)
        assert published(known, sorted(every_arm(1, known.sums)), HOWS[0])
