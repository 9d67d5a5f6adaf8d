"""A batch of lists before it is signed and rendered: what tokens and payloads are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from tideline.udfs.core.variants.drawing import Drawn


class ListHeads(NamedTuple):
    """Columns of U lists: whose, as of when, the how manieth, and of which experiment arm (experiment.py)."""

    users: Sequence[str]
    as_of_ms: NDArray[np.int64]
    seq: NDArray[np.int64]
    arms: NDArray[np.int64]
    popular: bool = False
    """One list for all, in no experiment and without exploration."""
    until: NDArray[np.int64] | None = None
    """Minute until which each activity [U, K] may be shown; None: until its window ends."""
    unlearned: NDArray[np.bool_] | None = None
    """Whose users do not agree to be learned from [U]; None: all do."""
    placement: int = 0
    """Number of the placement they are for, 0: the default lists."""
    hashes: NDArray[np.uint64] | None = None
    """Of the users' ids [U], where they are at hand: variants are drawn by them."""


class MadeBy(NamedTuple):
    """What all lists of a batch were made by."""

    generation: int
    encoder: int
    policy: int
    exploration_permille: int
    experiment: int = 0
    """Mark of the running experiment, 0: none."""


@dataclass(frozen=True, slots=True)
class RankedLists:
    """U lists; `order` [U, k] holds activity numbers, -1 after the last."""

    heads: ListHeads
    made_by: MadeBy
    eligible: NDArray[np.int64]
    explored: NDArray[np.int64]
    x: NDArray[np.int8]
    order: NDArray[np.int64]
    tags: NDArray[np.uint8]
    """Of each activity [K, TAG_BYTES], see ActivityTags."""
    pairs: NDArray[np.uint32]
    """Of each position [U, k], as `pack` gives it (pair_numbers.py); what stands behind a list's end is not read."""
    feasible: NDArray[np.int64] | None = None
    """How many the list's rules left for each position [U, k]; read where `acted` is not 0."""
    acted: NDArray[np.int64] | None = None
    """Classes of list rules that had a say [U], see rule_tables.py; None: there are no rules."""
    variants: Drawn | None = None
    """Which variant each entry is; None: no activity on any of the lists has variants."""
