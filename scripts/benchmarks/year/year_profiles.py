"""What the shop of the simulated year says of its users, in any order and not all of it well, and what then counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

import orjson

from tideline.scripts.audit.list_audit import NOTHING_SAID, Said
from tideline.scripts.benchmarks.year.year_rules import COUNTRIES, GROUPS, KINDS, SEGMENTS, TIERS, ZONES
from tideline.scripts.benchmarks.year.year_world import DAY_MS, HOUR_MS

ProfileRecord = tuple[bytes, bytes | None, int]
"""(key, value, when it reaches the broker)."""
_PERSONALISE, _LEARN = "personalise", "learn"


class Statement(NamedTuple):
    """One record of a user, as it counts; the largest is the newest: of one moment the one that allows less."""

    ts_ms: int
    forgets: bool
    denied: int
    opted_out: int
    number: int
    said: Said
    learn: bool


@dataclass(slots=True)
class Statements:
    """The newest of what was said of each user and has arrived."""

    _of_user: dict[str, Statement] = field(default_factory=dict)

    def hear(self, record: ProfileRecord, number: int) -> None:
        """Take in a record that is as it should be."""
        user, new = record[0].decode(), _statement(record, number)
        known = self._of_user.get(user, new)
        self._of_user[user] = max(known, new, key=lambda each: each[:5])

    def newest(self, user: str) -> Statement | None:
        """Return what counts now."""
        return self._of_user.get(user)

    def said(self, user: str) -> Said:
        """Return what counts now, for lists."""
        newest = self._of_user.get(user)
        return NOTHING_SAID if newest is None else newest.said

    def learns(self, user: str) -> bool:
        """Return whether he agrees to be learned from."""
        newest = self._of_user.get(user)
        return newest is None or newest.learn


def _statement(record: ProfileRecord, number: int) -> Statement:
    _, value, at_ms = record
    if value is None:
        return Statement(at_ms, True, 0, 0, number, NOTHING_SAID, True)
    found = orjson.loads(value)
    consent, out = found["consent"], found["opt_outs"]
    opted_out = frozenset((what, name) for many, what in _SINGULAR.items() for name in out.get(many, ()))
    denied = 3 - sum(consent[name] for name in (_PERSONALISE, _LEARN, "push"))
    said = Said(found["labels"], found["time_zone"], consent[_PERSONALISE], opted_out)
    return Statement(min(found["ts_ms"], at_ms), False, denied, len(opted_out), number, said, consent[_LEARN])


_SINGULAR = {"activities": "activity", "groups": "group", "kinds": "kind"}


class ShopsRecords:
    """Makes the records: of a user several a day, out of order, two of one moment, forgotten, told a day late."""

    def __init__(self, seed: int) -> None:
        self._random = Random(f"{seed} profiles")  # noqa: S311
        self._late: list[ProfileRecord] = []

    def of_day(self, users: list[str], activities: list[str], midnight_ms: int) -> list[ProfileRecord]:
        """Return the records of some users that arrive in a day, in the order in which they do."""
        random, found = self._random, self._late
        self._late = []
        for user in users:
            moments = [
                midnight_ms + random.randrange(8 * HOUR_MS, 20 * HOUR_MS) for _ in range(random.choice((1, 1, 2, 3)))
            ]
            made = [self._record(user, moment, activities) for moment in sorted(moments)]
            if random.random() < 0.25:  # a withdrawal of the same moment: with times that are days, all are of one
                made.append(self._withdrawn(made[-1]))
            if random.random() < 0.1:
                made.append((user.encode(), None, midnight_ms + 20 * HOUR_MS))
            random.shuffle(made)
            late = len(made) > 1 and random.random() < 0.2
            self._late += made[:1] if late else []
            found += made[late:]
        return [(key, value, max(at_ms, midnight_ms)) for key, value, at_ms in found]

    def bad(self, user: str, at_ms: int) -> list[ProfileRecord]:
        """Return records of a user that must all be refused: bad, oversized, ahead, of somebody else."""
        good: dict[str, Any] = {"user_id": user, "ts_ms": at_ms}
        every = {"consent": {"personalise": True, "learn": True, "push": True}}
        bad: list[bytes] = [
            orjson.dumps(good | each)
            for each in (
                {"ts_ms": at_ms + 400 * DAY_MS} | every,
                {"ts_ms": at_ms // 1000},
                {"labels": {"tier": "x" * 65}},
                {"labels": {"shoe_size": "44"}},
                {"labels": {f"l{number}": "x" for number in range(20_000)}},
                {"opt_outs": {"groups": [f"g{number}" for number in range(33)]}},
                {"opt_outs": {"kinds": ["gold"]}},
                {"time_zone": "Mars/Olympus"},
                {"consent": {"learn": "no"}},
                {"user_id": "u00001x"} | every,
                {"note": "x" * 2_000_000},
            )
        ]
        bad += [
            b"",
            b"{",
            b"[" * 100_000,
            orjson.dumps(good)[:-1] + b',"ts_ms":1e999}',
            b"\x00\x00\x00\x00\x09" + b"\xff" * 40,
        ]
        return [(user.encode(), value, at_ms) for value in bad] + [
            (b"", orjson.dumps(good), at_ms),
            (b"\xff", None, at_ms),
        ]

    def _record(self, user: str, moment: int, activities: list[str]) -> ProfileRecord:
        random = self._random
        labels = {"tier": random.choice(TIERS), "country": random.choice(COUNTRIES), "segment": random.choice(SEGMENTS)}
        consent = {_PERSONALISE: random.random() < 0.85, _LEARN: random.random() < 0.7, "push": random.random() < 0.5}
        opt_outs: dict[str, list[str]] = {"activities": [], "groups": [], "kinds": []}
        if random.random() < 0.4:
            opt_outs["groups"] = random.sample(GROUPS, 2)
        if random.random() < 0.2:
            opt_outs["kinds"] = [random.choice(KINDS)]
        if activities and random.random() < 0.5:
            opt_outs["activities"] = random.sample(activities, min(5, len(activities)))
        named = {name: value for name, value in labels.items() if random.random() < 0.8}
        zone = random.choice((*ZONES, None))
        stated = {"user_id": user, "ts_ms": moment, "labels": named, "time_zone": zone}
        value = orjson.dumps(stated | {"consent": consent, "opt_outs": opt_outs})
        return user.encode(), value, moment + random.choice((0, 700, 90_000, -60_000))

    def _withdrawn(self, record: ProfileRecord) -> ProfileRecord:
        key, value, at_ms = record
        stated = orjson.loads(value or b"")
        stated["consent"] = {_PERSONALISE: False, _LEARN: False, "push": False}
        stated["opt_outs"]["groups"] = list(GROUPS[:4])
        return key, orjson.dumps(stated), at_ms + 60_000
