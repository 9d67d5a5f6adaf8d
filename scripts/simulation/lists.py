"""Lists as a frontend reads them from Redis."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

import orjson
import redis

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MINUTE_MS = 60_000


class Stops(NamedTuple):
    """What is stopped, and how long lists that are older than their leases go on; see docs/contracts/frontend.md."""

    names: frozenset[str] = frozenset()
    until_ms: Mapping[str, int] = MappingProxyType({})


NO_STOPS = Stops()


class RankedList(NamedTuple):
    """One list; see schemas/ranked_list.schema.json."""

    version: tuple[int, int, int]
    """Generation, as-of time in UTC epoch ms, sequence number."""
    activities: tuple[str, ...]
    ends_ms: tuple[int, ...]
    """For each activity, the time from which on it must not be shown."""
    token: str | None
    variants: tuple[str | None, ...]
    """For each activity which of its variants to show; None for one without."""

    @property
    def as_of_ms(self) -> int:
        """Event time the list was made for."""
        return self.version[1]

    def under(self, stops: Stops) -> RankedList:
        """Return the list with the ends that it has beside the stop list, 0 for what is stopped."""
        ends_ms = (
            0 if name in stops.names else max(end_ms, stops.until_ms.get(name, 0))
            for name, end_ms in zip(self.activities, self.ends_ms, strict=True)
        )
        return self._replace(ends_ms=tuple(ends_ms))

    def showable(self, at_ms: int, count: int) -> list[tuple[int, str]]:
        """Return (position, activity) of the first `count` entries that have not ended by `at_ms`."""
        rest = [(at, name) for at, name in enumerate(self.activities) if at_ms < self.ends_ms[at]]
        return rest[:count]


class Lists(Protocol):
    """Where lists are read. The payload of each user, None for a user without a list."""

    def read(self, users: Sequence[str]) -> list[bytes | None]:
        """Return the payloads in the order of the users."""

    def popular(self) -> bytes | None:
        """Return the payload for users without a list."""


class Served(Lists, Protocol):
    """Lists as a page reads them: beside what is stopped."""

    def stops(self) -> Stops:
        """Return what the stop list says."""


class RedisLists:
    """The lists of one deployment in Redis or Valkey."""

    def __init__(self, url: str, prefix: str) -> None:
        self._client = redis.Redis.from_url(url)
        self._prefix = prefix

    def read(self, users: Sequence[str]) -> list[bytes | None]:
        """Return the payloads in the order of the users: one command for all."""
        if not users:
            return []
        keys = [f"{self._prefix}:list:{user}" for user in users]
        return cast("list[bytes | None]", self._client.mget(keys))

    def popular(self) -> bytes | None:
        """Return the payload for users without a list."""
        return cast("bytes | None", self._client.get(f"{self._prefix}:popular"))

    def stops(self) -> Stops:
        """Return what the stop list says."""
        return parse_stops(cast("bytes | None", self._client.get(f"{self._prefix}:stops")))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def parse_stops(payload: bytes | None) -> Stops:
    """Return what a stop list says, where there is one. Raises ValueError or KeyError where it is none."""
    if payload is None:
        return NO_STOPS
    document = orjson.loads(payload)
    try:
        until_ms = {name: int(minute) * _MINUTE_MS for name, minute in document.get("u", {}).items()}
        return Stops(frozenset(document["s"]), until_ms)
    except (AttributeError, TypeError) as error:
        raise ValueError("not a stop list") from error


def parse_list(payload: bytes) -> RankedList:
    """Return the list of a payload. Raises ValueError or KeyError where it is none."""
    document = orjson.loads(payload)
    g, t, s = document["v"]
    ends_ms = tuple((t // _MINUTE_MS + minutes) * _MINUTE_MS for minutes in document["e"])
    activities = tuple(document["i"])
    variants = tuple(document.get("p") or [None] * len(activities))
    return RankedList((g, t, s), activities, ends_ms, document.get("k"), variants)
