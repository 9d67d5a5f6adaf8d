"""Profiles of a moment in the past."""

from __future__ import annotations

from functools import reduce

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.udfs.core.profiles.test_profile_record import NOW_MS
from tideline.udfs.core.profiles.held_profiles import HeldProfiles
from tideline.udfs.core.profiles.kept_profile import NO_PROFILE, forgotten, keep, keep_record, newest
from tideline.udfs.core.profiles.profile_record import Consent, Profile, encode_profile


def test_each_moment_has_the_newest_profile_that_speaks_of_it() -> None:
    """Contract: in any order of records; what is refused is not there, and what was forgotten is as if never said."""
    first, second = Profile("u", NOW_MS), Profile("u", NOW_MS + 10, consent=Consent(learn=False))
    records: list[tuple[bytes | None, bytes | None, int]] = [
        (b"u", encode_profile(second), NOW_MS + 11),
        (b"u", b"{}", NOW_MS + 12),
        (b"u", encode_profile(first), NOW_MS + 13),
        (b"u", None, NOW_MS + 20),
    ]
    for order in (records, records[::-1]):
        held = HeldProfiles(order)
        assert [held.at("u", NOW_MS + at) for at in (-1, 0, 9, 10, 20)] == [
            NO_PROFILE,
            keep(first),
            keep(first),
            keep(second),
            forgotten(NOW_MS + 20),
        ]
        assert held.at("v", NOW_MS) == NO_PROFILE


def test_only_who_is_asked_for_is_decoded() -> None:
    """Contract: a job over the past starts in a moment, however many users the topic has; nobody's is told twice."""
    record = encode_profile(Profile("u", NOW_MS))
    held = HeldProfiles([(b"u", record, NOW_MS), (None, record, NOW_MS), (b"v", b"no profile", NOW_MS)])
    assert not held._kept
    assert [held.at("u", NOW_MS), held.at("u", NOW_MS), held.at("u", NOW_MS - 1)] == [
        keep(Profile("u", NOW_MS)),
        keep(Profile("u", NOW_MS)),
        NO_PROFILE,
    ]
    assert (list(held._kept), held.at("v", NOW_MS)) == (["u"], NO_PROFILE)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["gold", "silver", None]), st.booleans()), max_size=8))
def test_a_moment_s_profile_is_the_newest_of_all_until_then(told: list[tuple[int, str | None, bool]]) -> None:
    """Contract: as a user's state would keep it, had it been told of these alone; in any order of records."""
    records: list[tuple[bytes | None, bytes | None, int]] = []
    for at, tier, learn in told:
        profile = Profile("u", NOW_MS + at, {"tier": tier or ""}, consent=Consent(learn=learn))
        records.append((b"u", encode_profile(profile) if tier else None, NOW_MS + at))
    held = HeldProfiles(records)
    for at in range(-1, 6):
        until_then = [keep_record(*each)[1] for each, (since, _, _) in zip(records, told, strict=True) if since <= at]
        assert held.at("u", NOW_MS + at) == reduce(newest, until_then, NO_PROFILE)
