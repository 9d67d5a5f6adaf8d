"""Where hashes stand among those that are looked for."""

from __future__ import annotations

import numpy as np
import pytest

from tideline.udfs.core.known_hashes import KnownHashes


@pytest.mark.parametrize("known", [0, 1, 300, 5_000])
def test_each_hash_is_found_where_it_stands_and_no_other(known: int) -> None:
    """Contract: few, which 16 of their bits tell apart, or more than these can; a hash of 0 is one as any other."""
    dice = np.random.default_rng(known)
    hashes = np.unique(dice.integers(0, 1 << 32, known, dtype=np.uint32))
    many = np.concatenate([dice.permutation(hashes), dice.integers(0, 1 << 32, 1_000, dtype=np.uint32), [np.uint32(0)]])
    place, there = KnownHashes.of(hashes).find(many)
    at = {each: number for number, each in enumerate(hashes.tolist())}
    assert there.tolist() == [each in at for each in many.tolist()]
    assert place[there].tolist() == [at[each] for each in many.tolist() if each in at]


def test_few_hashes_are_found_without_a_search() -> None:
    """Contract: also such as only other bits than the lowest 16 tell apart; of 5,000 no 16 bits tell all apart."""
    far = np.arange(1, 200, dtype=np.uint32) << np.uint32(16)
    assert KnownHashes.of(far).place is not None
    many = np.unique(np.random.default_rng(1).integers(0, 1 << 32, 5_000, dtype=np.uint32))
    assert KnownHashes.of(many).place is None
