"""Users as ranking may see them."""

from __future__ import annotations

import numpy as np

from tests.support.core_world import NOON_MS, activity, make_ranker
from tests.support.engine_runs import ranking_world, run, views
from tideline.udfs.core.pairs.pairs_of import pairs_of, strangers_pairs
from tideline.udfs.core.profiles.kept_profile import forgotten, keep
from tideline.udfs.core.profiles.profile_record import Consent, Profile
from tideline.udfs.core.users.as_told import as_told, known
from tideline.udfs.core.users.interest import stranger_x
from tideline.udfs.core.users.user_state import UserBatch, decode_states

WORLD = make_ranker([activity("a", categories=("tea",)), activity("b", categories=("milk",))])


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
    assert told == [batch.header["as_of_ms"][0], NOON_MS + 10**9]
    assert as_told(batch_of(forgotten(NOON_MS - 1)), np.arange(2)).header["as_of_ms"][1] == told[0]


def test_a_user_of_whom_a_profile_alone_is_known_has_no_lists() -> None:
    batch = decode_states([None, None], 4)
    batch.profiles[1] = forgotten(NOON_MS)
    assert known(batch).tolist() == [False, False]
    assert known(batch_of(b"")).tolist() == [True, True]
