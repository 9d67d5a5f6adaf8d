"""Broken bytes of a user's state are found before they reach a batch."""

from __future__ import annotations

import json

import pytest

from tests.support.core_world import NOON_MS, activity, make_ranker
from tideline.schemas.codec import encode_event
from tideline.schemas.errors import ConfigError
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.profiles.kept_profile import PROFILE_VERSION, keep
from tideline.udfs.core.profiles.profile_record import Profile, encode_profile
from tideline.udfs.core.serving.engine import Records, process, take_profiles
from tideline.udfs.core.users.state_check import is_malformed

_WORLD = make_ranker([activity("a"), activity("b")])


def sent(state: bytes | None, *events: Event) -> tuple[bytes, bytes]:
    """Return state and list of a user after some events."""
    records = Records([b"u"] * len(events), [encode_event(each) for each in events], [2**50] * len(events))
    outcome = process(records, lambda users: [state for _ in users], _WORLD)
    return outcome.states[0], outcome.lists[0]


def a_state() -> bytes:
    """Return the state of a user with a history who was shown and clicked something."""
    state, ranked = sent(None, Event("v", "u", EventType.VIEW, NOON_MS, "tea", "tea"))
    found = json.loads(ranked)
    seen = {"activity_id": found["i"][0], "token": found["k"], "position": 0}
    click = Event("c", "u", EventType.CLICK, NOON_MS + 9, **seen)
    return sent(state, Event("i", "u", EventType.IMPRESSION, NOON_MS + 5, **seen), click)[0]


def test_a_state_that_is_cut_or_too_long_is_malformed_and_a_whole_one_is_not() -> None:
    """Contract: at every length but its own; what passes can be worked with."""
    state = a_state()
    whole = [length for length in range(len(state) + 40) if not is_malformed((state + bytes(40))[:length])]
    assert len(state) in whole
    for length in whole:  # without what was shown a state is whole too
        assert sent((state + bytes(40))[:length], Event("w", "u", EventType.VIEW, NOON_MS + 20, "tea", "tea"))[1]


def test_counts_that_do_not_fit_are_malformed_and_another_version_is_refused() -> None:
    """Contract: a state of another build is a matter of the whole job: an error that ends it for good."""
    state = bytearray(a_state())
    for place, value in ((1, 32), (1, 9), (2, 200), (3, 33), (3, 1), (4, 195), (4, 2)):
        broken = state.copy()
        broken[place] = value
        assert is_malformed(bytes(broken))
    state[0] = 5
    with pytest.raises(ConfigError, match="user state of version 5' cannot be used; allowed: version 7, as this build"):
        is_malformed(bytes(state))


def test_a_profile_of_another_version_is_refused_and_one_that_is_cut_is_malformed() -> None:
    """Contract: what another build kept of a shop's profiles ends the job with what to do, and resets no user."""
    profile = Profile("u", NOON_MS, {"tier": "gold"})
    told = Records([b"u"], [encode_profile(profile)], [NOON_MS])
    state = take_profiles(told, lambda _: [a_state()], _WORLD).states[0]
    at = state.index(keep(profile))
    assert not is_malformed(state)
    for version in (0, PROFILE_VERSION + 1):
        other = state[:at] + bytes([version]) + state[at + 1 :]
        with pytest.raises(ConfigError, match=f"profiles in user state of version {version}' cannot be used; allowed"):
            is_malformed(other)
    more_labels = state[: at + 14] + b"\x02" + state[at + 15 :]
    assert is_malformed(more_labels)
