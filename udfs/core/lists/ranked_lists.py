"""A batch of lists before it is signed and rendered: what tokens and payloads are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class RankedLists:
    """Columns of U lists; `order` [U, k] holds activity numbers, -1 after the last."""

    users: Sequence[str]
    generation: int
    as_of_ms: NDArray[np.int64]
    seq: NDArray[np.int64]
    encoder: int
    policy: int
    eligible: NDArray[np.int64]
    exploration_permille: int
    explored: NDArray[np.int64]
    x: NDArray[np.int8]
    order: NDArray[np.int64]
    tags: NDArray[np.uint8]
    """Of each activity [K, TAG_BYTES], see SlotTags."""
    pairs: NDArray[np.uint32]
    """Of each place [U, k], as `pack` gives it (pair_numbers.py); what stands behind a list's end is not read."""
    arms: NDArray[np.int64]
    """Experiment arm of each user, see experiment.py."""
    popular: bool = False
    experiment: int = 0
    """Mark of the running experiment, 0: none."""
    feasible: NDArray[np.int64] | None = None
    """How many the list's rules left for each place [U, k]; read where `acted` is not 0."""
    acted: NDArray[np.int64] | None = None
    """Classes of list rules that had a say [U], see rule_tables.py; None: there are no rules."""
    until: NDArray[np.int64] | None = None
    """Minute until which each activity [U, K] may be shown; None: until its window ends."""
    unlearned: NDArray[np.bool_] | None = None
    """Whose users do not agree to be learned from [U]; None: all do."""
