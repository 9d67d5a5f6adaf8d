"""Profiles of the users of random stories, and when they are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tideline.udfs.core.profiles.profile_record import Consent, OptOuts, Profile

if TYPE_CHECKING:
    from collections.abc import Sequence

_FIRST_MS, _WITHIN_MS = 1_700_000_000_000, 3 * 86_400_000
_ACTIVITIES = 24


def profiles_of(user: str, seed: int) -> list[Profile]:
    """Return up to three profiles of a user by rising time, half the time none.

    Consent to personalise is the same in all of them; each says anew whether he may be learned from.
    """
    rng = np.random.default_rng(seed)
    personalise = bool(rng.random() < 0.5)
    count = int(rng.choice([0, 1, 2, 3], p=[0.5, 0.2, 0.2, 0.1]))
    profiles = []
    for ts_ms in sorted(_FIRST_MS + rng.integers(0, _WITHIN_MS, count)):
        tier, zone = str(rng.choice(["gold", "tin"])), str(rng.choice(["Asia/Tokyo", "America/New_York"]))
        consent = Consent(personalise, learn=bool(rng.random() < 0.5))
        out = OptOuts((f"a{rng.integers(0, _ACTIVITIES)}",))
        profiles.append(Profile(user, int(ts_ms), {"tier": tier}, zone, consent, out))
    return profiles


def scattered(profiles: Sequence[Profile], batches: int, rng: np.random.Generator) -> dict[int, list[Profile]]:
    """Return profiles in random order by the number of the batch before which each is told."""
    found: dict[int, list[Profile]] = {}
    for at in rng.permutation(len(profiles)).tolist():
        found.setdefault(int(rng.integers(0, batches)), []).append(profiles[at])
    return found
