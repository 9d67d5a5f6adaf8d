"""What attribution goes by: whose tokens count, how long, what conversions are worth, what impressions weigh."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from tideline.udfs.core.hashing import activity_hash
from tideline.udfs.core.limits import MAX_POSITIONS
from tideline.udfs.core.rewards.position_bias import examination_discount

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tideline.udfs.core.lists.activity_tags import ActivityTags
    from tideline.udfs.core.lists.token_keys import TokenKeys

WORTH_LIMIT = 10_000.0
MAX_LISTS = 32
"""Lists of a user of which impressions are remembered, the newest; what comes of an older one is late."""


_MOST_LISTS = 96


def most_lists(placements: int) -> int:
    """Return how many lists of a user are remembered where he has so many placements beside his default list."""
    return min(MAX_LISTS * (1 + placements), _MOST_LISTS)


class AttributionSettings(NamedTuple):
    """Whose tokens count, how long an entry can be rewarded, what items are about, what positions weigh."""

    keys: TokenKeys
    window_ms: int
    reward_value: Mapping[str, float]
    """Worth of a conversion that reports none, by activity id: the catalogue."""
    names: Mapping[int, str]
    """Ids of the same activities by activity_hash."""
    wanted: Mapping[int, frozenset[int]]
    """By activity_hash of an item, those of the activities that name it."""
    caps: Mapping[int, tuple[int, int]]
    """(most, window_ms) of the impressions and clicks of a user that a cap counts, by the hash of their name."""
    worth_limit: float = WORTH_LIMIT
    """Largest worth of one conversion, either side of 0; what is reported beyond it is cut and counted."""
    examination_discount: tuple[int, ...] = (0,) * MAX_POSITIONS
    """By position, the hundredths by which an impression there counts less than a whole one."""
    cascade: Cascade | None = None
    """Weighs impressions below a click in the place of `examination_discount`."""
    placed: Mapping[int, Examined] = MappingProxyType({})
    """What impressions of placements weigh, by number; of one that is not there each counts whole."""
    max_lists: int = MAX_LISTS
    """Lists of a user that are remembered."""

    def weighing(self, placement: int) -> Examined | AttributionSettings:
        """Return what says how much impressions of a placement weigh; these very settings for the default list."""
        return self.placed.get(placement, WHOLE) if placement else self

    def of_catalogue(
        self,
        reward_value: Mapping[str, float],
        activities_of_item: Mapping[str, Sequence[str]],
        caps: Mapping[str, tuple[int, int]],
        tags: ActivityTags,
    ) -> AttributionSettings:
        """Return the settings for another catalogue."""
        new = AttributionSettings.of(self.keys, self.window_ms, reward_value, activities_of_item, caps)
        return self._replace(
            reward_value=reward_value,
            names=new.names,
            wanted=new.wanted,
            caps=new.caps,
            cascade=self.cascade and self.cascade._replace(tags=tags),
            placed={number: each.with_tags(tags) for number, each in self.placed.items()},
        )

    def examining(
        self, placement: int, places: Sequence[float], after_click: float, tags: ActivityTags
    ) -> AttributionSettings:
        """Let impressions of a placement weigh what their places, or the clicks above them, say from now on."""
        below = examination_discount((after_click,))[0]
        new = Examined(examination_discount(places), Cascade(below, tags) if below else None)
        if placement:
            return self._replace(placed={**self.placed, placement: new})
        return self._replace(examination_discount=new.examination_discount, cascade=new.cascade)

    @classmethod
    def of(
        cls,
        keys: TokenKeys,
        window_ms: int,
        reward_value: Mapping[str, float],
        activities_of_item: Mapping[str, Sequence[str]],
        caps: Mapping[str, tuple[int, int]] | None = None,
    ) -> AttributionSettings:
        """Return the settings for a catalogue given by ids; `caps` by ids and names of clicks."""
        wanted = {activity_hash(item): frozenset(map(activity_hash, ids)) for item, ids in activities_of_item.items()}
        names = {activity_hash(name): name for name in reward_value}
        limits = {activity_hash(name): each for name, each in (caps or {}).items()}
        return cls(keys, window_ms, reward_value, names, wanted, limits)


class Examined(NamedTuple):
    """How much impressions in a placement's list weigh, as for the default list in AttributionSettings."""

    examination_discount: tuple[int, ...] = (0,) * MAX_POSITIONS
    cascade: Cascade | None = None

    def with_tags(self, tags: ActivityTags) -> Examined:
        """Return the same for another catalogue."""
        return self if self.cascade is None else self._replace(cascade=self.cascade._replace(tags=tags))


WHOLE = Examined()
"""Every impression counts as one."""


class Cascade(NamedTuple):
    """A list is read from the top until a click, and on from there by some (Guo, Liu and Wang 2009)."""

    examination_discount: int
    """The hundredths by which an impression below its list's first click counts less than a whole one."""
    tags: ActivityTags
    """Names a list's activities; an impression of one that is gone keeps the weight it has."""
