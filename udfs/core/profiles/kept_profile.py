"""A profile as a user's state keeps it (version 1, golden file tests/golden/profile_state_v1.bin).

Layout, little-endian: version u1 | ts_ms i8 | flags u1 | hash of the zone u4 | labels n u1 | opt-outs m u1 | n times
number of the label u1, hash of its value u4 | m times what it is u1, hash of its name u4: 16 bytes and 5 a
label or opt-out. A profile that was forgotten keeps its time alone, so that an older record that comes later stays out.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from tideline.udfs.core.hashing import activity_hash, hash32
from tideline.udfs.core.local_time import zones
from tideline.udfs.core.profiles.profile_record import LABELS, MAX_OPT_OUTS, decode_profile, user_id_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tideline.udfs.core.profiles.profile_record import Profile

PROFILE_VERSION = 1
NO_PROFILE = b""
ACTIVITY, GROUP, KIND = 1, 2, 3
"""What is opted out of."""
_HEAD, _ENTRY = struct.Struct("<BqBIBB"), struct.Struct("<BI")
_PERSONALISE, _LEARN, _PUSH, _STATED = 1, 2, 4, 8
_FORGOTTEN = _PERSONALISE | _LEARN
MAX_PROFILE_STATE = _HEAD.size + _ENTRY.size * (len(LABELS) + MAX_OPT_OUTS)
"""Fits the u1 of the state's header."""


class KeptProfile(NamedTuple):
    """What is known of a user by his profile."""

    ts_ms: int
    stated: bool
    """Whether there is one: it was forgotten otherwise, and all below is as for a user without."""
    personalise: bool
    learn: bool
    push: bool
    zone: str | None
    labels: tuple[tuple[int, int], ...]
    """Numbers of labels (places in LABELS) and hashes of their values."""
    opt_outs: tuple[tuple[int, int], ...]
    """ACTIVITY, GROUP or KIND, and hashes."""


def keep(profile: Profile) -> bytes:
    """Return a profile as state keeps it: the same bytes in whatever order its parts stand."""
    consent, out = profile.consent, profile.opt_outs
    labels = sorted((LABELS.index(name), hash32(value)) for name, value in profile.labels.items())
    opt_outs = sorted(
        {(ACTIVITY, activity_hash(name)) for name in out.activities}
        | {(GROUP, hash32(name)) for name in out.groups}
        | {(KIND, hash32(name)) for name in out.kinds}
    )
    flags = _STATED | _PERSONALISE * consent.personalise | _LEARN * consent.learn | _PUSH * consent.push
    zone = hash32(profile.time_zone) if profile.time_zone else 0
    head = _HEAD.pack(PROFILE_VERSION, profile.ts_ms, flags, zone, len(labels), len(opt_outs))
    return head + b"".join(_ENTRY.pack(*each) for each in (*labels, *opt_outs))


def forgotten(ts_ms: int) -> bytes:
    """Return what is kept of a profile that was forgotten at a moment."""
    return _HEAD.pack(PROFILE_VERSION, ts_ms, _FORGOTTEN, 0, 0, 0)


def keep_record(key: bytes | None, value: bytes | None, record_ts_ms: int) -> tuple[str, bytes]:
    """Return the user of a profile record and what to keep of it; raises as `decode_profile`.

    One without value has no time of its own: the record's Kafka timestamp is it, and no profile is newer than its own,
    or what forgets it a minute later would be the older one.
    """
    profile = decode_profile(key, value, record_ts_ms)
    if profile is None:
        return user_id_of(key), forgotten(record_ts_ms)
    return profile.user_id, keep(replace(profile, ts_ms=min(profile.ts_ms, record_ts_ms)))


def newest(first: bytes, other: bytes) -> bytes:
    """Return the newer of two kept profiles, whichever came first.

    Of one moment the forgotten one, then the one that allows less: who withdrew his consent is not overruled by what
    else was said that day where times are days.
    """
    return max(first, other, key=order)


def order(kept: bytes) -> tuple[int, bool, int, int, bytes]:
    """Return a key that rises from older to newer kept profiles, their time first."""
    if not kept:
        return (-1, False, 0, 0, kept)
    known = read_kept(kept)
    allowed = known.personalise + known.learn + known.push
    return (known.ts_ms, not known.stated, -allowed, len(known.opt_outs), kept)


def profile_fits(kept: bytes) -> bool:
    """Return whether bytes are as long as a kept profile of this version says, or none."""
    if not kept:
        return True
    if len(kept) < _HEAD.size:
        return False
    labels, opt_outs = kept[_HEAD.size - 2], kept[_HEAD.size - 1]
    fits = labels <= len(LABELS) and opt_outs <= MAX_OPT_OUTS
    return fits and len(kept) == _HEAD.size + _ENTRY.size * (labels + opt_outs)


def learns(kept: bytes) -> bool:
    """Return whether the user of a kept profile, or of none, agrees to be learned from."""
    return not kept or read_kept(kept).learn


@lru_cache(maxsize=1 << 14)
def read_kept(kept: bytes) -> KeptProfile:
    """Return what kept bytes say.

    Raises:
        ValueError: a version this build does not know.
    """
    version, ts_ms, flags, zone, n_labels, _ = _HEAD.unpack_from(kept)
    if version != PROFILE_VERSION:
        raise ValueError(f"profile of version {version}; this build reads version {PROFILE_VERSION}")
    entries = tuple(_ENTRY.iter_unpack(kept[_HEAD.size :]))
    return KeptProfile(
        ts_ms,
        bool(flags & _STATED),
        bool(flags & _PERSONALISE),
        bool(flags & _LEARN),
        bool(flags & _PUSH),
        _zone_names().get(zone),
        entries[:n_labels],
        entries[n_labels:],
    )


@lru_cache(maxsize=1)
def _zone_names() -> Mapping[int, str]:
    """Return the name of each zone by its hash; one that tzdata no longer has is not known."""
    return {hash32(name): name for name in zones()}
