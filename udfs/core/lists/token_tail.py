"""What a token has behind its pairs where rules had a say in its list, or an activity on it has variants.

ruled     how many activities the rules left for each position, u16 | classes of rules that acted u8 (rule_tables.py)
variants  the same, and of each position | mark of the variant u16 (competing.py), 0: none | its share of the users u8,
          of 256
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.udfs.core.lists.ranked_lists import RankedLists

LAYOUT, RULED_LAYOUT, VARIANT_LAYOUT = 3, 4, 5
LAYOUTS = (LAYOUT, RULED_LAYOUT, VARIANT_LAYOUT)
FEASIBLE_BYTES = 2
VARIANT_BYTES = 3


def tail_bytes(layout: int, positions: int) -> int:
    """Return how many bytes a layout has behind the pairs.

    >>> [tail_bytes(layout, 10) for layout in LAYOUTS]
    [0, 21, 51]
    """
    of_rules = (FEASIBLE_BYTES * positions + 1) * (layout >= RULED_LAYOUT)
    return of_rules + VARIANT_BYTES * positions * (layout >= VARIANT_LAYOUT)


def tails(lists: RankedLists) -> tuple[NDArray[np.int64], NDArray[np.uint8]] | None:
    """Return the layout of each list, and the tail of the longest one [U, bytes]; None where all are the shortest."""
    is_ruled = lists.acted is not None and lists.feasible is not None and bool(lists.acted.any())
    if lists.variants is None and not is_ruled:
        return None
    users, positions = lists.order.shape
    layouts = np.full(users, LAYOUT)
    left = np.maximum(lists.eligible[:, None] - np.arange(positions), 0)
    acted = np.zeros(users, np.int64)
    if is_ruled and lists.acted is not None and lists.feasible is not None:
        acted = lists.acted
        left = np.where(acted[:, None] != 0, lists.feasible, left)
        layouts[acted != 0] = RULED_LAYOUT
    variants = np.zeros((users, positions, VARIANT_BYTES), np.uint8)
    if lists.variants is not None:
        marks, shares = lists.variants.marks, lists.variants.shares
        variants[:, :, 0], variants[:, :, 1], variants[:, :, 2] = marks >> 8, marks & 0xFF, shares
        layouts[marks.any(axis=1)] = VARIANT_LAYOUT
    feasible = np.minimum(left, 0xFFFF).astype(">u2").view(np.uint8).reshape(users, -1)
    return layouts, np.concatenate([feasible, acted[:, None].astype(np.uint8), variants.reshape(users, -1)], axis=1)


def read_tail(tail: bytes, positions: int) -> tuple[bytes, int, bytes]:
    """Return what rules left for each position, which acted, and variants; nothing of what is not there."""
    rules = FEASIBLE_BYTES * positions
    return (tail[:rules], tail[rules], tail[rules + 1 :]) if tail else (b"", 0, b"")
