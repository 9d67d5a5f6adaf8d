"""Whether the bytes of a user's state are whole: a broken one costs its user his past, and nobody else anything."""

from __future__ import annotations

from tideline.schemas.errors import ConfigError
from tideline.udfs.core.profiles.kept_profile import PROFILE_VERSION, profile_fits
from tideline.udfs.core.shown.shown_bytes import shown_fits
from tideline.udfs.core.users.erased_mark import ERASED_MARK, MARK_BYTES
from tideline.udfs.core.users.long_liked import KEPT
from tideline.udfs.core.users.times_seen import seen_fits
from tideline.udfs.core.users.user_state import EVENT, HEADER, HISTORY, LIKED_BYTES, SEEN_BYTES, STATE_VERSION

_EVENT_BYTES, _HEADER_BYTES = EVENT.itemsize, HEADER.itemsize
_VERSION, _N_HISTORY, _H_LEN, _N_LIKED, _N_SEEN, _N_PROFILE = 0, 1, 2, 3, 4, 5
"""Places in the header."""
OF_THIS_BUILD = "as this build writes it; go on with the build that wrote the state, or begin without (--fresh)"


def is_malformed(state: bytes) -> bool:
    """Return whether a state is not as long as it says.

    Raises:
        ConfigError: it, or the profile in it, is one of another version, as all others will be.
    """
    if state[:1] == bytes([ERASED_MARK]):
        return len(state) < MARK_BYTES or (len(state) > MARK_BYTES and is_malformed(state[MARK_BYTES:]))
    if len(state) < _HEADER_BYTES:
        return True
    check_version("user state", state[_VERSION], STATE_VERSION)
    start = _HEADER_BYTES + 4 * state[_H_LEN] + _EVENT_BYTES * state[_N_HISTORY] + LIKED_BYTES * state[_N_LIKED]
    profile = start + SEEN_BYTES * state[_N_SEEN]
    end = profile + state[_N_PROFILE]
    fits = state[_N_HISTORY] <= HISTORY and state[_N_LIKED] <= KEPT and end <= len(state)
    if not (fits and seen_fits(state[start:profile]) and shown_fits(state[end:])):
        return True
    if profile < end:  # of a state that is whole otherwise: a broken one would end the job for everybody
        check_version("profiles in user state", state[profile], PROFILE_VERSION)
    return not profile_fits(state[profile:end])


def check_version(what: str, found: int, known: int) -> None:
    """Hold a version that a state says of some of its bytes against the one that this build writes.

    Raises:
        ConfigError: it is another one.
    """
    if found != known:
        raise ConfigError("state", f"{what} of version {found}", f"version {known}, {OF_THIS_BUILD}")
