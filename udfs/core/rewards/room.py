"""What need not be remembered of a user any more, and what cannot be for want of room.

What was shown takes at most SHOWN_BYTES of a user's state, whatever he does: lists and claims are few, marks have
MAX_MARK_BYTES, and rewards what is left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.udfs.core.shown.marks import Trimmed, trim
from tideline.udfs.core.shown.shown_bytes import most_bytes, shown_size

if TYPE_CHECKING:
    from tideline.udfs.core.rewards.attributing import Attributing
    from tideline.udfs.core.shown.shown_state import ShownState

SHOWN_BYTES = 3_100
MAX_REWARDS = 64
"""Clicked or converted entries of a user that are remembered; inside the window as long as there is room."""
_SPARE_REWARDS = 8
"""So many are kept though their attribution window is over, where there is room."""


def make_room(state: ShownState, newest_ms: int, settings: Attributing) -> Trimmed:
    """Drop the oldest rewards that are too many, in place, and marks that are not needed or too many.

    Of rewards those go first whose window is over; the claims they hold are spent. Returns how many marks were
    merged, and how many rewards and marks had to go that were needed, for want of room.
    """
    merged, crowded = trim(state, settings.caps) if state.uses or state.dismissed else (0, 0)
    rewards = state.rewards
    if len(rewards) <= _SPARE_REWARDS and most_bytes(state) <= SHOWN_BYTES:
        return Trimmed(merged, crowded)
    newest_ms = max([newest_ms, *(key[1] for key in state.lists)])
    oldest_first = sorted(rewards, key=lambda key: (rewards[key].clicked_ms, key))
    over = [key for key in oldest_first if newest_ms - rewards[key].page.shown_ms > settings.window_ms]
    for key in over[: max(0, len(rewards) - _SPARE_REWARDS)]:
        _drop(state, key)
    for key in [*over, *(each for each in oldest_first if each not in over)]:
        if len(rewards) <= MAX_REWARDS and shown_size(state) <= SHOWN_BYTES:
            break
        if key in rewards:
            crowded += key not in over
            _drop(state, key)
    return Trimmed(merged, crowded)


def _drop(state: ShownState, key: tuple[tuple[int, int, int], int]) -> None:
    gone = state.rewards.pop(key)
    gone.page.spent |= 1 << gone.slot
    for claim in state.claims.values():
        if claim.holder is gone:
            claim.holder, claim.spent = None, True
