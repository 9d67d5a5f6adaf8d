"""By which channel each message goes: drawn by its id against shares of 256, as variants of an activity are.

An id says nothing of content, so a message that is told again behind a restore goes the same way, unless its activity,
or what is shared out, is another one by then. The chance that it goes so is the share that its record has.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.catalogue.channels import CHANNELS, channels_among
from tideline.udfs.core.counter_random import uniform
from tideline.udfs.core.hashing import hash32, hashes64
from tideline.udfs.core.profiles.kept_profile import GROUP, read_kept
from tideline.udfs.core.variants.variant_shares import PARTS, earning_shares

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.push.learned.push_settings import PushSettings

_OPT_OUTS = {name: (GROUP, hash32(f"channel:{name}")) for name in CHANNELS}
"""How kept profiles know the group that who wants nothing by a channel opts out of."""
_STREAM_CHANNEL = 9


class Way(NamedTuple):
    """The channel of a message, and the probability with which it was drawn."""

    channel: str
    share: float


class Message(NamedTuple):
    """What is decided: its id, the activity that it is about, and the kept profile of its user, or none."""

    push_id: str
    activity_id: str
    kept: bytes


class Channels(NamedTuple):
    """The C channels of a deployment, and what each of A activities that are pushed gives to them."""

    names: tuple[str, ...]
    weights: Mapping[str, tuple[float, ...]]
    """By activity, in the order in which they are pushed; 0 for a channel that its messages do not go by."""
    given: NDArray[np.bool_]
    """[A, C]: any of its messages go so."""

    def agreed(self, kept: bytes) -> tuple[bool, ...]:
        """Return by which channels a user may be sent messages, by his kept profile or none."""
        out = opted_out(kept)
        return tuple(each not in out for each in self.names)

    def reach(self, profiles: Sequence[bytes]) -> NDArray[np.bool_]:
        """Return [U, A]: any of the activity's channels is one that the user agrees to."""
        agreed = np.array([self.agreed(each) for each in profiles], np.bool_).reshape(-1, len(self.names))
        found: NDArray[np.bool_] = (agreed[:, None] & self.given).any(axis=2)
        return found

    def ways_of(self, messages: Sequence[Message], salt: int) -> list[Way]:
        """Return how each message goes, to a user whom its activity reaches: shares are of what he agrees to."""
        seeds = hashes64([each.push_id for each in messages]) ^ np.uint64(salt)
        points = np.floor(uniform(seeds, 1, _STREAM_CHANNEL)[:, 0] * PARTS).tolist()
        found = []
        for point, each in zip(points, messages, strict=True):
            both = zip(self.weights[each.activity_id], self.agreed(each.kept), strict=True)
            shares = channel_shares(tuple(weight * agrees for weight, agrees in both))
            number = bisect_right(list(accumulate(shares)), point)
            found.append(Way(self.names[number], shares[number] / PARTS))
        return found


def channels_of(activities: Iterable[Activity], settings: PushSettings) -> Channels | None:
    """Return the channels of a deployment with those activities that are pushed; None where it has none set up.

    Who gives no channel anything shares messages out as the deployment does.
    """
    if not settings.channels:
        return None
    names, usual = zip(*settings.channels, strict=True)
    weights = {}
    for each in activities:
        own = channels_among(each.parameters)
        weights[each.activity_id] = tuple(own.get(name, 0.0) for name in names) if own else tuple(map(float, usual))
    given = np.array(list(weights.values()), np.float64).reshape(-1, len(names)) > 0.0
    return Channels(names, weights, given)


def opted_out(kept: bytes) -> tuple[str, ...]:
    """Return the channels by which a user wants no messages, by his kept profile or none."""
    out = read_kept(kept).opt_outs if kept else ()
    return tuple(name for name, each in _OPT_OUTS.items() if each in out) if out else ()


@lru_cache(maxsize=1 << 10)
def channel_shares(weights: tuple[float, ...]) -> tuple[int, ...]:
    """Return shares of 256 in proportion to weights, not all of them 0; of a weight above 0 at least one part.

    >>> channel_shares((3.0, 0.0, 1.0)), channel_shares((1e6, 1e-6))
    ((192, 0, 64), (255, 1))
    """
    given = np.array(weights)
    some = given > 0.0
    shares = np.zeros(given.size, np.int64)
    shares[some] = earning_shares((given[some] / given.sum())[None], 1)[0]
    return tuple(shares.tolist())
