"""One user of a job in memory: his records, his lists, and what the job logs of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.support.core_world import DAY_MS, NOON_MS
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.schemas.records import DECISION
from tideline.udfs.core.lists.decision_token import read_unverified
from tideline.udfs.core.policies.policy_start import TopicRecord
from tideline.udfs.core.serving.engine import Records, process

if TYPE_CHECKING:
    import numpy as np

    from tideline.udfs.core.lists.decision_token import Token
    from tideline.udfs.core.serving.ranker_state import RankerState

MINUTE_MS = 60_000


class Listed(NamedTuple):
    """A list as Redis has it, and what of it a decision record says that tells its user."""

    names: list[str]
    text: str
    token: Token
    decision: dict[str, Any]

    @property
    def pairs(self) -> list[int]:
        """What its user has to do with each entry."""
        return [self.token.pair_at(at) for at in range(len(self.names))]


class Shopper:
    """A user of a job that is this ranker."""

    def __init__(self, ranker: RankerState, user: str = "u") -> None:
        self.ranker, self._user = ranker, user
        self.records: list[TopicRecord] = []
        self.lists: list[Listed] = []
        self._state: bytes | None = None

    def hear(self, *events: Event) -> list[dict[str, Any]]:
        """Take events in one batch; return what is logged of decisions."""
        first, at_ms, key = len(self.records), NOON_MS + 2 * DAY_MS, self._user.encode()
        self.records += [TopicRecord(first + at, key, encode_event(each), at_ms) for at, each in enumerate(events)]
        mine = self.records[first:]
        given = Records([key] * len(mine), [each.value for each in mine], [at_ms] * len(mine))
        found = process(given, lambda users: [self._state] * len(users), self.ranker)
        self._state = found.states[0]
        for payload in map(json.loads, found.lists):
            token = read_unverified(payload["k"])
            version = token.version
            head = {"as_of_ms": version.as_of_ms, "seq": version.seq, "x": token.x}
            self.lists.append(Listed(payload["i"], payload["k"], token, head))
        return [DECISION.decode(record) for _, record in found.decisions]

    def sees(self, *places: int) -> list[dict[str, Any]]:
        """See places of the newest list, all where none is named; return what is logged of it."""
        last = self.lists[-1]
        at_ms = last.token.version.as_of_ms
        seen = [
            Event(f"s{len(self.records)}-{at}", self._user, EventType.IMPRESSION, at_ms + 1, activity_id=last.names[at],
                  token=last.text, position=at)
            for at in places or range(len(last.names))
        ]  # fmt: skip
        return self.hear(*seen)


def visits(
    rng: np.random.Generator, count: int, categories: tuple[str, ...], start: int = 0, user: str = "u"
) -> list[Event]:
    """Return organic events of a user, a minute apart."""
    found = []
    for at in range(start, start + count):
        kind, item = EventType(int(rng.integers(0, 4))), f"i{rng.integers(9)}"
        found.append(Event(f"e{at}", user, kind, NOON_MS + MINUTE_MS * at, item, str(rng.choice(categories)), 2.5, 1))
    return found
