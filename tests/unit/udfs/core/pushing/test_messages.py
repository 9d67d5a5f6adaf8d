"""What users may be told of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.support.push_job import HOUR_MS, MIDNIGHT_MS, SETTINGS, push_world
from tideline.udfs.core.profiles.kept_profile import keep
from tideline.udfs.core.profiles.profile_record import OptOuts, Profile
from tideline.udfs.core.push.learned.push_settings import read_push
from tideline.udfs.core.pushing.messages import messages_for, push_offers
from tideline.udfs.core.users.user_state import UserBatch, decode_states


def users(*profiles: bytes) -> UserBatch:
    """Return users at noon with these profiles."""
    batch = decode_states([None] * len(profiles), 8)
    batch.header["as_of_ms"], batch.profiles[:] = MIDNIGHT_MS + 12 * HOUR_MS, profiles
    return batch


def test_activities_of_the_kinds_that_are_pushed_are_worth_what_sending_is_the_best_of_them_all_of_it() -> None:
    """Contract: with their terms from their parameters, and until when they are shown."""
    ranker = push_world(push_priority=3.0, push_most=2.0, push_days=7.0, push_must=0.0, push_breaks_quiet=1.0)
    pushed = push_offers(ranker.offers, SETTINGS)
    found = messages_for(ranker, pushed, users(b""), ["u"], [500])
    (candidates,), (until,) = found
    assert {each.activity_id for each in candidates} == {"p1", "p2"} == until.keys()
    assert max(each.value for each in candidates) == 500
    assert {(each.priority, each.most, each.days, each.must, each.breaks_quiet) for each in candidates} == {
        (3, 2, 7, False, True)
    }
    assert set(until.values()) == {ranker.offers.activities["p1"].ends_ms}


def test_all_kinds_are_pushed_where_none_is_named() -> None:
    """Contract: `kinds: []`."""
    ranker = push_world()
    every = read_push('{"week": 1, "zones": ["UTC"], "kinds": []}')
    assert len(push_offers(ranker.offers, every).terms) == 6
    assert len(push_offers(ranker.offers, SETTINGS).terms) == 2


def test_who_opted_out_of_the_kind_is_told_of_nothing_of_it() -> None:
    """Contract: whoever may not be shown an activity is not told of it."""
    ranker = push_world()
    out = keep(Profile("u", MIDNIGHT_MS, opt_outs=OptOuts(kinds=("push",))))
    found = messages_for(ranker, push_offers(ranker.offers, SETTINGS), users(out, b""), ["u", "v"], [5, 5])
    assert list(map(len, found.candidates)) == [0, 2]
    paused = {name: replace(each, status="paused") for name, each in ranker.offers.activities.items()}
    none = ranker.with_activities(paused)
    assert messages_for(none, push_offers(none.offers, SETTINGS), users(b""), ["u"], [5]).candidates == [[]]
    assert np.array(push_offers(none.offers, SETTINGS).numbers).dtype == np.int64
