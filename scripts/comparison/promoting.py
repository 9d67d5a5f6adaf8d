"""Lists of a replay take the place of live ones, user by user, and give it back.

What is replaced is kept beside the replay (`{prefix}@{name}:was:...`) before it is replaced, with an expiry.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from tideline.scripts.comparison.namespaces import Swap, scanned, swap
from tideline.scripts.comparison.promotion import (
    Fate,
    Kept,
    Rule,
    Verdict,
    digest_of,
    kept_bytes,
    read_kept,
    together,
    weigh,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import redis

_USERS = 500
"""Whose lists are read and written at once: Redis serves nobody else for some milliseconds."""
_LIST, _PLACE, _POPULAR, _WAS = b"list:", b"place:", b"popular", b"was:"
_NO_EXPIRY, _SOON_MS = -1, 1

Rest = bytes
"""What stands behind a namespace in the key of a list."""


@dataclass(frozen=True)
class Names:
    """The first parts of the keys of live lists and of a replay's."""

    live: bytes
    replay: bytes

    @property
    def kept(self) -> bytes:
        """That of what is kept of the lists that were replaced."""
        return self.replay + b":" + _WAS


class Promotion(NamedTuple):
    """What became, or would become, of users: how many of each fate, and of the popular lists."""

    users: Counter[Fate]
    popular: Fate | None
    ahead: Counter[int]
    """Of those who are overtaken, how many by how many updates."""


class Return(NamedTuple):
    """Of how many users lists were given back, or would be, who have other ones by now; and of the popular lists."""

    taken_back: int
    moved_on: int
    popular: bool | None


class _User(NamedTuple):
    rests: tuple[Rest, ...]
    now: list[bytes | None]
    verdicts: list[Verdict]

    @property
    def fate(self) -> Fate:
        return together(self.verdicts)

    @property
    def ahead(self) -> int:
        return max(each.ahead for each in self.verdicts)


def placements(client: redis.Redis, namespace: bytes) -> set[bytes]:
    """Return the placements of which a namespace has lists."""
    return {rest.partition(b":")[0] for rest in scanned(client, namespace + b":" + _PLACE)}


def weighed(client: redis.Redis, names: Names, rule: Rule) -> Promotion:
    """Return what would become of the users of a replay. Their names are kept meanwhile."""
    return _walk(client, names, rule, None)


def promote(client: redis.Redis, names: Names, keep_ms: int, rule: Rule) -> Promotion:
    """Let lists of a replay take the place of live ones; what was there is kept for so many milliseconds.

    Whatever else is written meanwhile stays: that user counts as `later`. Twice is once.
    """
    return _walk(client, names, rule, keep_ms)


def _walk(client: redis.Redis, names: Names, rule: Rule, keep_ms: int | None) -> Promotion:
    places = sorted(placements(client, names.replay))
    users: Counter[Fate] = Counter()
    ahead: Counter[int] = Counter()

    def done(of_users: Sequence[tuple[Rest, ...]]) -> list[Fate]:
        found = _look(client, names, of_users, rule)
        ahead.update(each.ahead for each in found if each.fate is Fate.OVERTAKEN and each.rests[0] != _POPULAR)
        if keep_ms is None:
            return [each.fate for each in found]
        return _write(client, names, found, keep_ms)

    for some in _parts(_lists_of(client, names.replay, places)):
        users.update(done(some))
    at_popular = (_POPULAR, *(_POPULAR + b":" + place for place in places))
    has_popular = bool(client.exists(names.replay + b":" + _POPULAR))
    return Promotion(users, done([at_popular])[0] if has_popular else None, ahead)


def _lists_of(client: redis.Redis, namespace: bytes, places: Sequence[bytes]) -> Iterator[tuple[Rest, ...]]:
    """Yield where the lists of each user are, each user once."""
    for user in scanned(client, namespace + b":" + _LIST):
        yield (_LIST + user, *(_PLACE + place + b":" + user for place in places))


def _parts(every: Iterator[tuple[Rest, ...]]) -> Iterator[list[tuple[Rest, ...]]]:
    return iter(lambda: list(islice(every, _USERS)), [])


def _read(client: redis.Redis, namespace: bytes, of_users: Sequence[tuple[Rest, ...]]) -> list[list[bytes | None]]:
    keys = [namespace + b":" + rest for rests in of_users for rest in rests]
    found = iter(cast("list[bytes | None]", client.mget(keys) if keys else []))
    return [[next(found) for _ in rests] for rests in of_users]


def _look(client: redis.Redis, names: Names, of_users: Sequence[tuple[Rest, ...]], rule: Rule) -> list[_User]:
    made = _read(client, names.replay, of_users)
    live = _read(client, names.live, of_users)
    return [
        _User(rests, now, [weigh(*pair, rule) for pair in zip(now, then, strict=True)])
        for rests, now, then in zip(of_users, live, made, strict=True)
    ]


def _write(client: redis.Redis, names: Names, found: Sequence[_User], keep_ms: int) -> list[Fate]:
    """Keep what is there, then replace it: whoever is lost in between has kept too much, never too little."""
    chosen = [each for each in found if each.fate is Fate.PROMOTED]
    lists = [
        [
            (rest, now, verdict.payload)
            for rest, now, verdict in zip(*each, strict=True)
            if verdict.fate is Fate.PROMOTED
        ]
        for each in chosen
    ]
    every = [one for user in lists for one in user]
    lives = _times_to_live(client, names, [rest for rest, now, _ in every if now is None])
    _keep(client, [(names.kept + rest, kept_bytes(now, payload)) for rest, now, payload in every], keep_ms)
    swaps = [
        [Swap(names.live + b":" + rest, digest_of(now), payload, lives.get(rest, 0)) for rest, now, payload in user]
        for user in lists
    ]
    changed = swap(client, swaps) if swaps else []
    useless = [
        names.kept + rest
        for user, went in zip(lists, changed, strict=True)
        for (rest, *_), each in zip(user, went, strict=True)
        if not each
    ]
    _forget(client, useless)
    went = iter(changed)
    return [Fate.LATER if each.fate is Fate.PROMOTED and not all(next(went)) else each.fate for each in found]


def _times_to_live(client: redis.Redis, names: Names, rests: Sequence[Rest]) -> dict[Rest, int]:
    """Return for how long lists are to stay that replace none: as long as the replay's, so none outlives an erasure."""
    with client.pipeline(transaction=False) as told:
        for rest in rests:
            told.pttl(names.replay + b":" + rest)
        left: list[int] = told.execute()
    return {rest: 0 if ms == _NO_EXPIRY else max(ms, _SOON_MS) for rest, ms in zip(rests, left, strict=True)}


def _keep(client: redis.Redis, kept: Iterable[tuple[bytes, bytes]], keep_ms: int) -> None:
    with client.pipeline(transaction=False) as told:
        for key, value in kept:
            told.set(key, value, px=keep_ms)
        told.execute()


def _forget(client: redis.Redis, keys: Sequence[bytes]) -> None:
    with client.pipeline(transaction=False) as told:
        for key in keys:
            told.delete(key)
        told.execute()


def returnable(client: redis.Redis, names: Names) -> Return:
    """Return what `take_back` would do."""
    return _return(client, names, write=False)


def take_back(client: redis.Redis, names: Names) -> Return:
    """Put what was kept back, where what replaced it is still there: not over what is written since. Twice is once."""
    return _return(client, names, write=True)


def _return(client: redis.Redis, names: Names, *, write: bool) -> Return:
    places = sorted({rest.partition(b":")[0] for rest in scanned(client, names.kept + _PLACE)})
    done: Counter[bool] = Counter()
    for some in _parts(_lists_of(client, names.replay + b":" + _WAS[:-1], places)):
        done.update(_give_back(client, names, some, write))
    at_popular = (_POPULAR, *(_POPULAR + b":" + place for place in places))
    popular = _give_back(client, names, [at_popular], write)
    return Return(done[True], done[False], popular[0] if popular else None)


def _give_back(client: redis.Redis, names: Names, of_users: Sequence[tuple[Rest, ...]], write: bool) -> list[bool]:
    """Return of whom lists are given back, of those of whom some are kept; what was kept of these goes."""
    stored = zip(of_users, _read(client, names.replay + b":" + _WAS[:-1], of_users), strict=True)
    pairs = [zip(rests, its, strict=True) for rests, its in stored]
    kept = [user for each in pairs if (user := [(rest, read_kept(its)) for rest, its in each if its])]
    if not write:
        return _still_there(client, names, kept)
    swaps = [[Swap(names.live + b":" + rest, each.digest, each.before) for rest, each in user] for user in kept]
    changed = swap(client, swaps)
    gone = [
        names.kept + rest
        for user, went in zip(kept, changed, strict=True)
        for (rest, _), each in zip(user, went, strict=True)
        if each
    ]
    _forget(client, gone)
    return [all(went) for went in changed]


def _still_there(client: redis.Redis, names: Names, kept: Sequence[Sequence[tuple[Rest, Kept]]]) -> list[bool]:
    live = _read(client, names.live, [tuple(rest for rest, _ in user) for user in kept])
    return [
        all(digest_of(now) == each.digest for now, (_, each) in zip(stored, user, strict=True))
        for stored, user in zip(live, kept, strict=True)
    ]


def summary(names: Names, done: bool, found: Promotion | Return) -> dict[str, Any]:
    """Return what `--json` prints, without what only one verb knows."""
    replay, live = (each.decode("utf-8", "backslashreplace") for each in (names.replay, names.live))
    whose = {"replay": replay, "live": live, "done": done}
    if isinstance(found, Return):
        return whose | found._asdict()
    fates = {str(each): found.users[each] for each in Fate}
    ahead = {str(by): users for by, users in sorted(found.ahead.items())}
    return whose | {"users": found.users.total(), **fates, "popular": found.popular, "ahead": ahead}
