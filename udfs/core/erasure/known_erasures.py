"""Who was erased up to when, from the topic `erasures`: no ids, keyed hashes alone.

A record's key is the id of a token secret (one byte) and BLAKE2b-128 with it over the user id; its value
(erasure.avsc) says up to when, and by the same kind of hash who ordered it. 24 bytes each in memory. To hash and
find a user is 0.8 us, so who was found not to be erased is remembered: the records are read once, when a job starts.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.schemas.errors import InvalidRecord
from tideline.schemas.fields import EARLIEST_MS, LATEST_MS
from tideline.schemas.records import ERASURE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.lists.token_keys import TokenKeys

_HASH_BYTES = 16
_REMEMBERED = 200_000
"""Users who are known not to be erased: as many as states are held in memory, so others cost a read as well."""
_ROW = np.dtype([("high", ">u8"), ("low", ">u8")])


class _OfKey(NamedTuple):
    """Erasures whose users are hashed with one secret, by rising `high`."""

    secret: bytes
    high: NDArray[np.uint64]
    low: NDArray[np.uint64]
    erased_ms: NDArray[np.int64]


@dataclass(frozen=True)
class KnownErasures:
    """Up to when each erased user was erased; what cannot be read is counted and left out."""

    parts: tuple[_OfKey, ...] = ()
    refused: int = 0
    _never: set[str] = field(init=False, default_factory=set, repr=False, compare=False)

    @classmethod
    def of(
        cls, records: Iterable[tuple[bytes | None, bytes | None]], keys: TokenKeys, since_ms: int = 0
    ) -> KnownErasures:
        """Return what keys and values of the topic say, the last one of a key; those of a secret that is gone, not.

        Erasures up to a moment before `since_ms` are left out.
        """
        last: dict[bytes, int] = {}
        refused = 0
        for key, value in records:
            erased_ms = None if value is None else _erased_ms(value)
            if key is None or len(key) != 1 + _HASH_BYTES or key[0] not in keys.secrets:
                refused += 1
            elif value is None:
                last.pop(key, None)
            elif erased_ms is None:
                refused += 1
            else:
                last[key] = max(erased_ms, last.get(key, 0))
        last = {key: erased_ms for key, erased_ms in last.items() if erased_ms >= since_ms}
        ids = sorted({key[0] for key in last})
        return cls(tuple(_of_key(keys.secrets[each], each, last) for each in ids), refused)

    def __bool__(self) -> bool:
        """Return whether anybody was."""
        return bool(self.parts)

    def up_to(self, users: Sequence[str]) -> NDArray[np.int64]:
        """Return [U] up to when each user was erased, 0 for never; 0.3 us a user who was asked for before."""
        found = np.zeros(len(users), np.int64)
        unknown = [at for at, user in enumerate(users) if user not in self._never] if self.parts else []
        if unknown:
            found[unknown] = self._looked_up([users[at] for at in unknown])
            if len(self._never) + len(unknown) > _REMEMBERED:
                self._never.clear()
            self._never.update(users[at] for at in unknown if not found[at])
        return found

    def _looked_up(self, users: Sequence[str]) -> NDArray[np.int64]:
        found = np.zeros(len(users), np.int64)
        for part in self.parts:
            own = np.frombuffer(b"".join([user_hash(user, part.secret) for user in users]), _ROW)
            at = np.searchsorted(part.high, own["high"].astype(np.uint64))
            at = np.minimum(at, part.high.size - 1)
            hit = (part.high[at] == own["high"]) & (part.low[at] == own["low"])
            found = np.maximum(found, np.where(hit, part.erased_ms[at], 0))
        return found


NOBODY = KnownErasures()


def user_hash(user: str, secret: bytes) -> bytes:
    """Return what stands for a user."""
    return hashlib.blake2b(user.encode(), key=secret[:64], digest_size=_HASH_BYTES, person=b"erased user").digest()


def erasure_record(user: str, erased_ms: int, by: str, keys: TokenKeys) -> tuple[bytes, bytes]:
    """Return key and value of the record that a user was erased up to a moment by somebody."""
    secret = keys.secrets[keys.current]
    who = user_hash(by, secret).hex()
    return bytes([keys.current]) + user_hash(user, secret), ERASURE.encode({"erased_ms": erased_ms, "by": who})


def _erased_ms(value: bytes) -> int | None:
    try:
        erased_ms: int = ERASURE.decode(value)["erased_ms"]
    except InvalidRecord:
        return None
    return erased_ms if EARLIEST_MS <= erased_ms <= LATEST_MS else None


def _of_key(secret: bytes, key_id: int, last: dict[bytes, int]) -> _OfKey:
    mine = sorted((key[1:], erased_ms) for key, erased_ms in last.items() if key[0] == key_id)
    hashes = np.frombuffer(b"".join([each for each, _ in mine]), _ROW)
    erased_ms = np.array([each for _, each in mine], np.int64)
    return _OfKey(secret, hashes["high"].astype(np.uint64), hashes["low"].astype(np.uint64), erased_ms)
