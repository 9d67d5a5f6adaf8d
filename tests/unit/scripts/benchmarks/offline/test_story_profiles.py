"""Profiles of stories: as many as are told of, each once."""

from __future__ import annotations

import numpy as np

from tideline.scripts.benchmarks.offline.story_profiles import profiles_of, scattered


def test_stories_have_users_with_and_without_profiles_and_of_both_consents() -> None:
    found = [profiles_of(f"u{seed}", seed) for seed in range(60)]
    assert {len(each) for each in found} == {0, 1, 2, 3}
    assert {profile.consent.personalise for each in found for profile in each} == {True, False}
    assert all(len({profile.consent.personalise for profile in each}) <= 1 for each in found)
    assert any(len({profile.consent.learn for profile in each}) == 2 for each in found)
    assert all([profile.ts_ms for profile in each] == sorted(profile.ts_ms for profile in each) for each in found)


def test_each_profile_is_told_once_before_some_batch() -> None:
    profiles = [profile for seed in range(30) for profile in profiles_of(f"u{seed}", seed)]
    told = scattered(profiles, 5, np.random.default_rng(2))
    assert set(told) <= set(range(5))
    flat = [profile for each in told.values() for profile in each]
    assert sorted(flat, key=lambda each: (each.user_id, each.ts_ms)) == sorted(
        profiles, key=lambda each: (each.user_id, each.ts_ms)
    )
    assert flat != profiles
