"""A shop in memory that is told of events and profiles."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.support.core_world import NOON_MS, ArithmeticEncoder
from tests.support.engine_runs import ranking_world, records_of
from tideline.schemas.events import Event
from tideline.udfs.core.profiles.profile_record import Consent, Profile, encode_profile
from tideline.udfs.core.serving.engine import Outcome, Records, process, take_profiles

if TYPE_CHECKING:
    from tideline.udfs.core.rewards.feedback import Feedback
    from tideline.udfs.core.serving.ranker_state import RankerState

WORLD = ranking_world(ArithmeticEncoder())
SILENT = Consent(personalise=False, learn=False)


class Shop:
    """States, lists and feedback as they come to be."""

    def __init__(self, world: RankerState = WORLD) -> None:
        self.world = world
        self.states: dict[str, bytes] = {}
        self.lists: dict[str, bytes] = {}
        self.feedback: list[Feedback] = []
        self.counts: Counter[str] = Counter()

    def load(self, users: list[str]) -> list[bytes | None]:
        return [self.states.get(user) for user in users]

    def put(self, outcome: Outcome) -> Outcome:
        self.states.update(zip(outcome.users, outcome.states, strict=True))
        self.lists.update(zip(outcome.listed, outcome.lists, strict=True))
        self.feedback += outcome.feedback
        self.counts.update(outcome.counts)
        return outcome

    def told(self, *profiles: Profile | None, muted: bool = False, stamped_ms: int = NOON_MS + 2 * 10**6) -> Outcome:
        """Apply profiles, which the broker took then; None forgets that of u."""
        keys = [b"u" if each is None else each.user_id.encode() for each in profiles]
        values = [None if each is None else encode_profile(each) for each in profiles]
        records = Records(keys, values, [stamped_ms] * len(keys))
        return self.put(take_profiles(records, self.load, self.world, muted=muted))

    def seen(self, *events: Event, **how: Any) -> Outcome:
        """Apply events; `how` is what else `process` takes."""
        return self.put(process(records_of(list(events)), self.load, self.world, **how))
