"""One number for all lists of a replay: two replays of a range have the same, or their lists differ."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

from tideline.schemas.errors import ConfigError
from tideline.scripts.comparison.namespaces import scanned
from tideline.udfs.core.serving.batches.fates import decode_fates, made_by

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import redis

    from tideline.udfs.core.serving.batches.fates import Fates, MadeBy

_AT_ONCE = 1_000
Said = TypeVar("Said")


class Digest(NamedTuple):
    """How many default lists there are, and SHA-256 in hex over all lists, those of placements too."""

    lists: int
    sha256: str


def digest(client: redis.Redis, namespace: str) -> Digest:
    """Return it of what a namespace holds now.

    Of each list, by the bytes of `list:USER` and `place:PLACEMENT:USER` in rising order: the length of that name in
    8 bytes, big-endian, the name, the length of the list, the list. A list that has vanished meanwhile has none.
    """
    head = f"{namespace}:".encode()
    users, placed = (sorted(start + rest for rest in scanned(client, head + start)) for start in (b"list:", b"place:"))
    told = hashlib.sha256()
    for names in (users, placed):
        for start in range(0, len(names), _AT_ONCE):
            part = names[start : start + _AT_ONCE]
            payloads: Any = client.mget([head + name for name in part])
            for each in (each for pair in zip(part, payloads, strict=True) for each in pair if pair[1] is not None):
                told.update(len(each).to_bytes(8, "big") + each)
    return Digest(len(users), told.hexdigest())


def tallies(client: redis.Redis, namespace: str) -> list[Fates]:
    """Return what the shards of a replay have told of their records.

    Raises:
        ConfigError: another build, or somebody else, has written it.
    """
    return _read(client, namespace, decode_fates)


def makers(client: redis.Redis, namespace: str) -> set[MadeBy]:
    """Return what a replay's lists were made by, one where all is well; none before its end; raises as `tallies`."""
    return set(_read(client, namespace, made_by))


def _read(client: redis.Redis, namespace: str, read: Callable[[bytes], Said]) -> list[Said]:
    start = f"{namespace}:tally:".encode("utf-8", "surrogateescape")
    names = sorted(scanned(client, start))
    payloads = cast("Sequence[bytes | None]", client.mget([start + name for name in names])) if names else ()
    try:
        return [read(payload) for payload in payloads if payload is not None]
    except ValueError as error:
        told = f"a replay whose sums this build can read ({error}): tell it by the build that ran it, or run it again"
        raise ConfigError("namespace", namespace, told) from error


def is_used(client: redis.Redis, namespace: str) -> bool:
    """Return whether there is anything in a namespace."""
    return next(scanned(client, f"{namespace}:".encode()), None) is not None
