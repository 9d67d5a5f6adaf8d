"""What attribution goes by: whose tokens count, how long, what conversions are worth, what impressions weigh."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tideline.udfs.core.hashing import activity_hash
from tideline.udfs.core.limits import MAX_POSITIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tideline.udfs.core.lists.activity_tags import ActivityTags
    from tideline.udfs.core.lists.token_keys import TokenKeys

WORTH_LIMIT = 10_000.0


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


class Cascade(NamedTuple):
    """A list is read from the top until a click, and on from there by some (Guo, Liu and Wang 2009)."""

    examination_discount: int
    """The hundredths by which an impression below its list's first click counts less than a whole one."""
    tags: ActivityTags
    """Names a list's activities; an impression of one that is gone keeps the weight it has."""
