"""Profiles of a moment in the past."""

from __future__ import annotations

from tests.unit.udfs.core.profiles.test_profile_record import NOW_MS
from tideline.udfs.core.profiles.held_profiles import HeldProfiles
from tideline.udfs.core.profiles.kept_profile import NO_PROFILE, forgotten, keep
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
        assert [held.learns("u", NOW_MS + at) for at in (-1, 0, 10, 20)] == [True, True, False, True]
        assert held.at("v", NOW_MS) == NO_PROFILE
