"""A profile as state keeps it."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.udfs.core.profiles.test_profile_record import NOW_MS, PROFILE
from tideline.udfs.core.hashing import activity_hash, hash32
from tideline.udfs.core.local_time import zones
from tideline.udfs.core.profiles.kept_profile import (
    ACTIVITY,
    GROUP,
    KIND,
    MAX_PROFILE_STATE,
    NO_PROFILE,
    forgotten,
    keep,
    keep_record,
    newest,
    profile_fits,
    read_kept,
)
from tideline.udfs.core.profiles.profile_record import LABELS, MAX_AHEAD_MS, Consent, OptOuts, Profile, encode_profile

GOLDEN = Path(__file__).parents[4] / "golden" / "profile_state_v1.bin"


def test_what_is_kept_says_what_the_record_said() -> None:
    known = read_kept(keep(PROFILE))
    assert (known.ts_ms, known.stated, known.zone) == (NOW_MS, True, "Europe/Berlin")
    assert (known.personalise, known.learn, known.push) == (True, False, True)
    assert known.labels == ((LABELS.index("country"), hash32("DE")), (LABELS.index("tier"), hash32("gold")))
    assert known.opt_outs == ((ACTIVITY, activity_hash("coupon-18")), (GROUP, hash32("wine")), (KIND, hash32("push")))


def test_the_golden_bytes_read_as_what_they_were_written_from() -> None:
    """Contract: bytes that a running job holds stay readable; a changed layout needs a new version."""
    assert GOLDEN.read_bytes() == keep(PROFILE)
    with pytest.raises(ValueError, match="profile of version 2; this build reads version 1"):
        read_kept(b"\x02" + keep(PROFILE)[1:])


def test_a_typical_profile_takes_less_than_100_bytes_and_the_largest_fits_the_header() -> None:
    """Contract: 16 bytes, 5 a label and 5 an opt-out."""
    assert len(keep(PROFILE)) == 16 + 5 * 5
    typical = replace(PROFILE, labels=dict.fromkeys(LABELS, "x"), opt_outs=OptOuts(kinds=("push",)))
    assert len(keep(typical)) == 61
    largest = replace(typical, opt_outs=OptOuts(groups=tuple(f"g{number}" for number in range(32))))
    assert len(keep(largest)) == MAX_PROFILE_STATE <= 255


def test_the_order_of_parts_leaves_no_trace() -> None:
    other = replace(PROFILE, labels=dict(reversed([*PROFILE.labels.items()])), opt_outs=OptOuts(("b", "a", "b")))
    assert keep(other) == keep(replace(PROFILE, opt_outs=OptOuts(("a", "b"))))


def test_the_hashes_of_all_zones_differ() -> None:
    """Contract: a zone is kept as 4 bytes."""
    assert len({hash32(name) for name in zones()}) == len(zones())
    assert all(read_kept(keep(Profile("u", NOW_MS, time_zone=name))).zone == name for name in zones())


def test_of_one_moment_a_withdrawn_consent_is_not_overruled() -> None:
    """Contract: where a shop's times are days, what allows less counts, then what opts out of more."""
    free = keep(Profile("u", NOW_MS, {"tier": "gold"}))
    out = keep(Profile("u", NOW_MS, opt_outs=OptOuts(kinds=("push",))))
    silent = keep(Profile("u", NOW_MS, consent=Consent(learn=False)))
    for order in permutations([free, out, silent]):
        assert newest(newest(order[0], order[1]), order[2]) == silent
    assert newest(free, out) == newest(out, free) == out
    later = keep(Profile("u", NOW_MS + 1))
    assert newest(later, silent) == newest(silent, later) == later


RECORDS = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["gold", "silver", None])), min_size=1, max_size=5)


@settings(max_examples=60, deadline=None)
@given(RECORDS)
def test_any_order_of_arrival_keeps_the_same_bytes(records: list[tuple[int, str | None]]) -> None:
    """Contract: the newest ts_ms wins; of one moment what forgets, else the same one of them, whatever came first."""
    kept = [
        forgotten(NOW_MS + at) if tier is None else keep(Profile("u", NOW_MS + at, {"tier": tier}))
        for at, tier in records
    ]
    found = set()
    for order in permutations(kept):
        known = NO_PROFILE
        for each in order:
            known = newest(known, each)
        found.add(known)
    assert len(found) == 1
    last = max(at for at, _ in records)
    known_now = read_kept(found.pop())
    assert known_now.ts_ms == NOW_MS + last
    assert known_now.stated == ((last, None) not in records)


def test_what_was_forgotten_leaves_its_time_alone() -> None:
    """Contract: no label, zone, opt-out or refusal of it is left."""
    known = read_kept(newest(keep(PROFILE), forgotten(NOW_MS + 1)))
    assert known == (NOW_MS + 1, False, True, True, False, None, (), ())


def test_a_clock_that_is_ahead_keeps_no_profile_from_being_forgotten() -> None:
    """Contract: a profile of five minutes ahead, allowed, is gone when a record without value comes a second later."""
    ahead = encode_profile(replace(PROFILE, ts_ms=NOW_MS + MAX_AHEAD_MS))
    user, kept = keep_record(PROFILE.user_id.encode(), ahead, NOW_MS)
    _, gone = keep_record(user.encode(), None, NOW_MS + 1_000)
    assert read_kept(kept).ts_ms == NOW_MS
    assert newest(kept, gone) == newest(gone, kept) == gone


def test_bytes_that_are_cut_or_too_long_do_not_fit() -> None:
    whole = keep(PROFILE)
    assert profile_fits(NO_PROFILE)
    fits = [length for length in range(1, len(whole) + 9) if profile_fits((whole + bytes(9))[:length])]
    assert fits == [len(whole)]
