"""What need not be remembered of a user any more, and what cannot be for want of room.

What was shown takes at most SHOWN_BYTES of a user's state, whatever he does: lists and claims are few, marks have
MAX_MARK_BYTES, and rewards what is left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.udfs.core.rewards.attribution_settings import MAX_LISTS
from tideline.udfs.core.shown.marks import Trimmed, trim
from tideline.udfs.core.shown.shown_bytes import LIST_FORM, NOTE_FORM

if TYPE_CHECKING:
    from tideline.udfs.core.rewards.attribution_settings import AttributionSettings
    from tideline.udfs.core.shown.remembered import Remembered
    from tideline.udfs.core.shown.shown_state import ListKey

SHOWN_BYTES = 3_100
"""Where there are placements more lists are kept, and there is so much more room as they take."""
LIST_BYTES = LIST_FORM.size + NOTE_FORM.size
MAX_REWARDS = 64
"""Clicked or converted entries of a user that are remembered; inside the window as long as there is room."""
_NOTHING = Trimmed(0, 0)
_SPARE_REWARDS = 8
"""So many are kept though their attribution window is over, where there is room."""


def make_room(state: Remembered, events: int, newest_ms: int, settings: AttributionSettings) -> Trimmed:
    """Drop the oldest rewards that are too many, in place, and marks that are not needed or too many.

    Of rewards those go first whose window is over; the claims they hold are spent. Returns how many marks were
    merged, and how many rewards and marks had to go that were needed, for want of room. `events` were applied since it
    was read.
    """
    trimmed = trim(state.marks, settings.caps) if state.marks else _NOTHING
    most_bytes = SHOWN_BYTES + LIST_BYTES * (settings.max_lists - MAX_LISTS)
    if state.most_rewards(events) <= _SPARE_REWARDS and state.most_bytes(events) <= most_bytes:
        return trimmed
    newest_ms = max(newest_ms, state.lists.newest_ms())
    if _has_room(state, events, newest_ms - settings.window_ms, most_bytes):
        return trimmed
    merged, crowded = trimmed
    rewards = state.rewards
    oldest_first = sorted(rewards, key=lambda key: (rewards[key].clicked_ms, key))
    over = [key for key in oldest_first if newest_ms - rewards[key].page.shown_ms > settings.window_ms]
    for key in over[: max(0, len(rewards) - _SPARE_REWARDS)]:
        _drop(state, key)
    for key in [*over, *(each for each in oldest_first if each not in over)]:
        if len(rewards) <= MAX_REWARDS and state.size() <= most_bytes:
            break
        if key in rewards:
            crowded += key not in over
            _drop(state, key)
    return Trimmed(merged, crowded)


def _has_room(state: Remembered, events: int, open_ms: int, most_bytes: int) -> bool:
    """Return whether nothing has to go, without a look at each reward where that is plain: nearly always."""
    rewards = state.count_rewards()
    if rewards > MAX_REWARDS or (rewards > _SPARE_REWARDS and state.oldest_rewarded_ms() < open_ms):
        return False
    return state.most_bytes(events) <= most_bytes or state.size() <= most_bytes


def _drop(state: Remembered, key: tuple[ListKey, int]) -> None:
    gone = state.rewards.pop(key)
    gone.page.spent |= 1 << gone.position
    for claim in state.claims.values():
        if claim.holder is gone:
            claim.holder, claim.spent = None, True
