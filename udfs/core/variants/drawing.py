"""Which variant each entry of a list is: by a hash of user and activity, against shares of 256.

A user stays with his variant but where the border between two shares passes over him. The chance that he sees it is its
share, exactly, whatever moved the shares; lists carry variant and share in their token, so it is known for ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.catalogue.competing import EARN, MAX_VARIANTS, variant_mark
from tideline.udfs.core.counter_random import uniform
from tideline.udfs.core.hashing import hash64
from tideline.udfs.core.variants.variant_shares import PARTS, even_shares

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.catalogue.activity import Activity

_STREAM = 5
_BEHIND_ALL = PARTS
"""Border of a variant that is not there: nobody comes behind it."""


class Drawn(NamedTuple):
    """Variants of the entries of U lists, [U, k]: mark and share of 256, both 0 where an entry has none."""

    marks: NDArray[np.int64]
    shares: NDArray[np.int64]
    names: dict[int, dict[int, str]]
    """Ids by list and position."""

    def field(self, row: int, length: int) -> str:
        """Return what a list says of its variants, empty where none of its entries has one.

        >>> Drawn(np.zeros((1, 2)), np.zeros((1, 2)), {0: {1: "red"}}).field(0, 2)
        '"p":[null,"red"],'
        """
        named = self.names.get(row)
        if named is None:
            return ""
        told = ",".join([f'"{named[position]}"' if position in named else "null" for position in range(length)])
        return f'"p":[{told}],'


class VariantTable(NamedTuple):
    """The A activities, of K, that have variants."""

    place: NDArray[np.int64]
    """Of each activity [K] among the A, -1 for one without variants."""
    seeds: NDArray[np.uint64]
    ends: NDArray[np.int64]
    """Where the share of each variant ends, [A, 8]."""
    shares: NDArray[np.int64]
    marks: NDArray[np.int64]
    names: tuple[tuple[str, ...], ...]
    earning: tuple[str, ...]
    """Ids of the activities whose shares earn, empty for those that stay even."""

    @classmethod
    def of(cls, activities: Sequence[Activity], salt: int) -> VariantTable | None:
        """Compile the activities of a catalogue; None where none has variants, so that nothing is to be drawn."""
        some = [(number, each) for number, each in enumerate(activities) if each.variants]
        if not some:
            return None
        place = np.full(len(activities), -1, np.int64)
        place[[number for number, _ in some]] = np.arange(len(some))
        shares, marks = np.zeros((2, len(some), MAX_VARIANTS), np.int64)
        ends = np.full((len(some), MAX_VARIANTS), _BEHIND_ALL, np.int64)
        for row, (_, each) in enumerate(some):
            own = even_shares(len(each.variants))
            shares[row, : len(own)], ends[row, : len(own)] = own, np.cumsum(own)
            marks[row, : len(own)] = [variant_mark(each.activity_id, variant.id) for variant in each.variants]
        seeds = np.array([hash64(each.activity_id) for _, each in some], np.uint64) ^ np.uint64(salt)
        names = tuple(tuple(variant.id for variant in each.variants) for _, each in some)
        earning = tuple(each.activity_id if each.split == EARN else "" for _, each in some)
        return cls(place, seeds, ends, shares, marks, names, earning)

    def with_shares(self, published: Mapping[str, Sequence[int]]) -> VariantTable:
        """Return the table with the shares that were published (see variant_sums.py) of activities by their id.

        Those of other variants than an activity states today count nothing: its shares stay even.
        """
        ends, shares = self.ends.copy(), self.shares.copy()
        for row, name in enumerate(self.earning):
            told = published.get(name, ())
            own = self.marks[row, : len(self.names[row])].tolist()
            share_of = dict(zip(told[::2], told[1::2], strict=True))
            if share_of.keys() != set(own) or sum(share_of.values()) != PARTS:
                continue
            shares[row, : len(own)] = [share_of[mark] for mark in own]
            ends[row, : len(own)] = np.cumsum(shares[row, : len(own)])
        return self._replace(ends=ends, shares=shares)

    def draw(self, users: NDArray[np.uint64], order: NDArray[np.int64]) -> Drawn | None:
        """Return the variants on lists [U, k] of activity numbers, -1 after the last; None where none has any.

        `users` are hashes of their ids.
        """
        at = np.where(order >= 0, self.place[order], -1)
        rows, positions = np.nonzero(at >= 0)
        if not rows.size:
            return None
        activity = at[rows, positions]
        point = np.floor(uniform(users[rows] ^ self.seeds[activity], 1, _STREAM)[:, 0] * PARTS)
        number = (point[:, None] >= self.ends[activity]).sum(axis=1)
        marks, shares = np.zeros((2, *order.shape), np.int64)
        marks[rows, positions] = self.marks[activity, number]
        shares[rows, positions] = self.shares[activity, number]
        names: dict[int, dict[int, str]] = {}
        for row, position, its, which in zip(
            rows.tolist(), positions.tolist(), activity.tolist(), number.tolist(), strict=True
        ):
            names.setdefault(row, {})[position] = self.names[its][which]
        return Drawn(marks, shares, names)
