"""What a token says of the activities on its list: a keyed hash of each id, so that nobody can make an id that fits.

A visitor reads the tags of his own token, yet without the secret he cannot tell which other text has one of them; and
an event counts only for an activity of the catalogue whose whole id he names. Of two activities of the catalogue with
one tag, or with one number in state, only the first is ranked: 3 pairs among 10,000 activities, by chance.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.hashing import activity_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.lists.token_keys import TokenKeys

TAG_BYTES = 3
NO_TAG = b"\0" * TAG_BYTES
"""Of a position that holds no activity; no activity has it."""


@lru_cache(maxsize=1 << 16)
def activity_tag(activity_id: str, secret: bytes) -> bytes:
    """Return the tag of an activity under a signing secret.

    >>> activity_tag("welcome", b"one secret") == activity_tag("welcome", b"another secret")
    False
    """
    digest = hashlib.blake2b(activity_id.encode(), key=secret[:64], digest_size=TAG_BYTES, person=b"slot tag").digest()
    return digest if digest != NO_TAG else b"\0\0\1"


class ActivityTags(NamedTuple):
    """The tags of K activities: `current` [K, TAG_BYTES] under the key that signs, ids by key id and tag."""

    current: NDArray[np.uint8]
    names: Mapping[int, Mapping[bytes, str]]

    @classmethod
    def of(cls, activity_ids: Sequence[str], keys: TokenKeys) -> ActivityTags:
        """Make the tags of activities without clashes."""
        signed = b"".join([activity_tag(name, keys.secrets[keys.current]) for name in activity_ids])
        return cls(
            np.frombuffer(signed, np.uint8).reshape(-1, TAG_BYTES),
            {
                key_id: {activity_tag(name, secret): name for name in activity_ids}
                for key_id, secret in keys.secrets.items()
            },
        )

    def name(self, key_id: int, tag: bytes) -> str | None:
        """Return the id of the activity with a tag, None where the catalogue has none."""
        return self.names.get(key_id, {}).get(tag)

    def names_on(self, key_id: int, tags: bytes) -> list[str | None]:
        """Return the id of each activity on a list, by its tags."""
        known = self.names.get(key_id, {})
        return [known.get(tags[at : at + TAG_BYTES]) for at in range(0, len(tags), TAG_BYTES)]


def without_clashes(activities: Iterable[Activity], keys: TokenKeys) -> list[Activity]:
    """Return the activities in order of their ids, without those that share a tag or a number with one before them."""
    taken: set[tuple[int, bytes | int]] = set()
    kept: list[Activity] = []
    for activity in sorted(activities, key=lambda each: each.activity_id):
        name = activity.activity_id
        marks: set[tuple[int, bytes | int]] = {(each, activity_tag(name, key)) for each, key in keys.secrets.items()}
        marks.add((-1, activity_hash(name)))
        if taken.isdisjoint(marks):
            kept.append(activity)
            taken |= marks
    return kept
