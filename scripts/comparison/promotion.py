"""Which list of a replay may take the place of a live one, and what is written then.

The order is the live writer's: a list is newer that is of a later moment or, of the same moment, counts more of its
user's updates. A promoted list takes the version of the list it replaces. So the next list that the live job makes is
newer than it, and one that the job writes again, or had on its way, is not.
"""

from __future__ import annotations

import hashlib
import re
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from tideline.udfs.core.lists.list_version import ListVersion

if TYPE_CHECKING:
    from collections.abc import Sequence

_HEAD = re.compile(rb'\{"v":\[(\d{1,16}),(\d{1,16}),(\d{1,16})\],(?:"x":(\d{1,16}),)?"m":(\d{1,10}),')
_NEVER = -1
_DIGEST_CHARS = 40
_NEW = 0
"""Updates that a list counts which replaces none: each that the live job makes of the same moment counts more."""


class Fate(StrEnum):
    """What becomes of a user whom a replay has lists of; the earlier ones decide over his other lists."""

    UNREADABLE = "unreadable"
    ERASED = "erased"
    LATER = "later"
    BEHIND = "behind"
    OVERTAKEN = "overtaken"
    PROMOTED = "promoted"
    SAME = "same"


class _Head(NamedTuple):
    version: ListVersion
    erased_ms: int
    encoder: int
    length: int


class Verdict(NamedTuple):
    """What becomes of a list, and the bytes to write where that is to be promoted."""

    fate: Fate
    payload: bytes = b""
    ahead: int = 0
    """How many updates more live counts, of a list that is overtaken."""


class Rule(NamedTuple):
    """What of live lists of the same moment is replaced, beside those that know no more than the replay's."""

    overtaken_too: bool = False
    republished: int = 0
    """How often live was told to republish: each counts as an update of every user, and tells nothing of him."""


STRICT = Rule()


def weigh(now: bytes | None, then: bytes | None, rule: Rule = STRICT) -> Verdict:
    """Return what becomes of a live list, None for none, that a replay has made too.

    A list that is overtaken is of the same moment, and live counts more updates of its user than the replay, has a
    higher generation or a newer encoder.
    """
    made = _head(then)
    if then is None or made is None:
        return Verdict(Fate.UNREADABLE)
    if made.erased_ms >= made.version.as_of_ms:
        return Verdict(Fate.ERASED)
    if now is None:
        return Verdict(Fate.PROMOTED, _with(then, made, made.version._replace(seq=_NEW), made.erased_ms))
    live = _head(now)
    if live is None:
        return Verdict(Fate.UNREADABLE)
    if live.erased_ms >= made.version.as_of_ms:
        return Verdict(Fate.ERASED)
    if live.version.as_of_ms != made.version.as_of_ms:
        return Verdict(Fate.LATER if live.version.as_of_ms > made.version.as_of_ms else Fate.BEHIND)
    payload = _with(then, made, live.version, max(live.erased_ms, made.erased_ms))
    if payload == now:
        return Verdict(Fate.SAME)
    if not rule.overtaken_too and _is_overtaken(live, made, rule.republished):
        return Verdict(Fate.OVERTAKEN, b"", max(live.version.seq - made.version.seq, 0))
    if live.version < made.version:
        return Verdict(Fate.BEHIND)
    return Verdict(Fate.PROMOTED, payload)


def _is_overtaken(live: _Head, made: _Head, republished: int) -> bool:
    generation, _, seq = live.version
    return seq > made.version.seq + republished or generation > made.version.generation or live.encoder > made.encoder


def together(verdicts: Sequence[Verdict]) -> Fate:
    """Return what becomes of a user: of his lists all are promoted, or none.

    >>> together([Verdict(Fate.PROMOTED), Verdict(Fate.SAME)]), together([Verdict(Fate.PROMOTED), Verdict(Fate.LATER)])
    (<Fate.PROMOTED: 'promoted'>, <Fate.LATER: 'later'>)
    """
    order = list(Fate)
    return min((each.fate for each in verdicts), key=order.index)


def _head(payload: bytes | None) -> _Head | None:
    found = _HEAD.match(payload or b"")
    if found is None:
        return None
    version = ListVersion(int(found[1]), int(found[2]), int(found[3]))
    return _Head(version, int(found[4] or _NEVER), int(found[5]), found.start(5) - len(b'"m":'))


def _with(payload: bytes, head: _Head, version: ListVersion, erased_ms: int) -> bytes:
    """Return a list with another version, which carries on up to when its user was erased."""
    erasure = b'"x":%d,' % erased_ms if erased_ms != _NEVER else b""
    return b'{"v":[%d,%d,%d],%b%b' % (*version, erasure, payload[head.length :])


class Kept(NamedTuple):
    """What is kept of a list that was replaced: the SHA-1 of what took its place, and the list, empty for none."""

    digest: bytes
    before: bytes


def digest_of(payload: bytes | None) -> bytes:
    """Return what a stored list is known by, nothing for none: its SHA-1, as Redis works it out, in hexadecimal."""
    return hashlib.sha1(payload, usedforsecurity=False).hexdigest().encode() if payload else b""


def kept_bytes(now: bytes | None, promoted: bytes) -> bytes:
    """Return what is kept of a list, None for none, that this payload takes the place of."""
    return digest_of(promoted) + (now or b"")


def read_kept(stored: bytes) -> Kept:
    """Return what `kept_bytes` wrote.

    >>> read_kept(kept_bytes(b"a list", b"another")) == Kept(digest_of(b"another"), b"a list")
    True
    """
    return Kept(stored[:_DIGEST_CHARS], stored[_DIGEST_CHARS:])
