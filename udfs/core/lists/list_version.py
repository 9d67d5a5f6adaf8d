"""The version at the head of every published list, by which a newer list is told from an older one."""

from __future__ import annotations

import re
from typing import NamedTuple

_HEAD = re.compile(rb'\{"v":\[(\d{1,16}),(\d{1,16}),(\d{1,16})\]')


class ListVersion(NamedTuple):
    """Version of one user's list; tuples compare left to right, the greater is the newer.

    Each number is below 2^53, because Redis compares them as doubles.

    Attributes:
        generation: Generation, raised by hand to rewrite history.
        as_of_ms: As-of time: the greatest event time in the user's state, UTC epoch milliseconds.
        seq: Sequence number: accepted events of the user.
    """

    generation: int
    as_of_ms: int
    seq: int


def parse_version(payload: bytes) -> ListVersion:
    """The version of a list as it is stored in Redis.

    Raises:
        ValueError: The payload does not start with `{"v":[g,t,s]`.

    >>> parse_version(b'{"v":[1,1700000000000,7],"m":3}')
    ListVersion(generation=1, as_of_ms=1700000000000, seq=7)
    """
    head = _HEAD.match(payload)
    if head is None:
        raise ValueError(f'a list must start with {{"v":[g,t,s], not with {payload[:48]!r}')
    return ListVersion(int(head[1]), int(head[2]), int(head[3]))
