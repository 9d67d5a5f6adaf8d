"""Up to where a partition is done."""

from __future__ import annotations

import random

from tideline.scripts.sending.held import Held


def test_what_is_committed_has_nothing_undone_before_it_in_any_order() -> None:
    """Contract: beside a plain set, for two hundred records with gaps between their offsets, done in a drawn order."""
    chance, held = random.Random(5), Held()
    offsets = sorted(chance.sample(range(1_000), 200))
    for offset in offsets:
        held.begin(offset)
    undone, last = set(offsets), -1
    for offset in chance.sample(offsets, len(offsets)):
        held.done(offset)
        undone.remove(offset)
        upto = held.to_commit()
        if upto is not None:
            assert last < upto == min(undone, default=offsets[-1] + 1)
            held.committed(upto)
            last = upto
    assert last == offsets[-1] + 1
    assert held.to_commit() is None


def test_an_offset_that_was_read_before_is_told() -> None:
    """Contract: a partition that is given anew begins where was committed; nothing is behind before the first."""
    held = Held()
    assert not held.is_behind(0)
    held.begin(7)
    assert held.is_behind(7)
    assert not held.is_behind(8)
