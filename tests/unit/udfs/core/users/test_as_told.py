"""Users as ranking may see them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.support.core_world import NOON_MS, activity, make_ranker
from tests.support.engine_runs import ranking_world, run, views
from tideline.udfs.core.pairs.pairs_of import pairs_of, strangers_pairs
from tideline.udfs.core.profiles.kept_profile import forgotten, keep, order, read_kept
from tideline.udfs.core.profiles.profile_record import Consent, OptOuts, Profile
from tideline.udfs.core.users.as_told import as_told, known, moment_of
from tideline.udfs.core.users.interest import stranger_x
from tideline.udfs.core.users.user_state import UserBatch, decode_states

WORLD = make_ranker([activity("a", categories=("tea",)), activity("b", categories=("milk",))])


PROFILES = st.one_of(
    st.just(forgotten(NOON_MS)),
    st.builds(
        lambda consent, out: keep(Profile("v", NOON_MS, consent=Consent(*consent), opt_outs=OptOuts(groups=out))),
        st.tuples(st.booleans(), st.booleans(), st.booleans()),
        st.integers(0, 32).map(lambda count: tuple(f"g{number}" for number in range(count))),
    ),
)


def batch_of(profile: bytes) -> UserBatch:
    """Two users with 40 events each, the second one with a profile."""
    ran = run([views("u", 40), views("v", 40)], ranking_world(WORLD.encoder))
    batch = decode_states(list(ran.states.values()), WORLD.encoder.hidden)
    batch.profiles[1] = profile
    return batch


def test_a_batch_without_profiles_is_the_very_same() -> None:
    """Contract: it costs nothing."""
    batch = batch_of(b"")
    assert as_told(batch, np.arange(2)) is batch


def test_who_has_not_agreed_is_a_stranger_and_his_neighbour_is_not() -> None:
    """Contract: nothing of his history reaches ranking; it is kept, should he agree again."""
    batch = batch_of(keep(Profile("v", NOON_MS, consent=Consent(personalise=False))))
    before = batch.header.tobytes(), batch.history.tobytes(), batch.liked.tobytes(), list(batch.seen)
    seen = as_told(batch, np.arange(2))
    assert (batch.header.tobytes(), batch.history.tobytes(), batch.liked.tobytes(), batch.seen) == before
    assert seen.header["x"][1].tolist() == stranger_x().tolist()
    assert [int(seen.header[name][1]) for name in ("accepted", "n_history", "purchases")] == [0, 0, 0]
    assert not seen.history[1].tobytes().strip(b"\0")
    pairs = pairs_of(WORLD.offers.content, seen, np.arange(2))
    assert pairs[1].tolist() == strangers_pairs(WORLD.offers.content).tolist() != pairs[0].tolist()
    assert seen.history[0].tobytes() == batch.history[0].tobytes()
    assert seen.header[0].tobytes() == batch.header[0].tobytes()


def test_a_list_is_as_of_what_the_profile_says_at_the_earliest() -> None:
    batch = batch_of(forgotten(NOON_MS + 10**9))
    told = as_told(batch, np.arange(2)).header["as_of_ms"].tolist()
    assert told == [batch.header["as_of_ms"][0], NOON_MS + 10**9 + 99]
    assert as_told(batch_of(forgotten(NOON_MS - 100)), np.arange(2)).header["as_of_ms"][1] == told[0]


@given(st.lists(PROFILES, min_size=2, max_size=2))
def test_of_two_profiles_of_one_moment_the_one_that_counts_is_of_the_later_one(two: list[bytes]) -> None:
    """Contract: never earlier, and later by its consent and the number of opt-outs; by less than a second."""
    less, more = sorted(two, key=order)
    moments = [moment_of(read_kept(each)) - NOON_MS for each in (less, more)]
    assert -33 <= moments[0] <= moments[1] < 100
    assert (moments[0] == moments[1]) == (order(less)[:4] == order(more)[:4])
    assert moment_of(read_kept(keep(Profile("v", NOON_MS)))) == NOON_MS


def test_a_user_of_whom_a_profile_alone_is_known_has_no_lists() -> None:
    batch = decode_states([None, None], 4)
    batch.profiles[1] = forgotten(NOON_MS)
    assert known(batch).tolist() == [False, False]
    assert known(batch_of(b"")).tolist() == [True, True]
