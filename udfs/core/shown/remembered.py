"""All that is remembered of one user of what he was shown, read as far as his events concern it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.udfs.core.shown.mark_bytes import Marks
from tideline.udfs.core.shown.shown_bytes import CONVERSION_FORM, COUNTS, SIZES, joined, split
from tideline.udfs.core.shown.shown_lists import ShownLists
from tideline.udfs.core.shown.shown_rewards import RewardBytes, read_rewards, reward_bytes, size_of

if TYPE_CHECKING:
    from tideline.udfs.core.shown.shown_rewards import Claims, Rewards
    from tideline.udfs.core.shown.shown_state import ListKey, Reward, ShownList

MOST_OF_AN_EVENT = sum(SIZES)
"""An event adds at most one row to each part, but that it may credit claims of before to any of the rewards."""
_NO_REWARDS = RewardBytes(b"", b"", b"", b"", b"")


class Remembered:
    """A user's lists, marks, rewards and claims; changed in place, and written by `encode`."""

    __slots__ = ("_bytes_read", "_claims", "_rewards", "_rewards_read", "_written", "lists", "marks")

    def __init__(self, data: bytes = b"") -> None:
        """Take the bytes of a state, which must fit; none for nothing."""
        self._rewards: Rewards | None = None
        self._claims: Claims = {}
        self._bytes_read, self._rewards_read = len(data) or COUNTS.size, 0
        if not data:
            self.lists, self.marks, self._written = ShownLists(), Marks(), _NO_REWARDS
            return
        lists, formers, contexts, rewards, conversions, notes, claims, uses, dismissals = split(data)
        self.lists, self.marks = ShownLists(lists, notes), Marks(uses, dismissals)
        self._written = _NO_REWARDS
        if rewards or claims:
            self._written = RewardBytes(formers, contexts, rewards, conversions, claims)
            self._rewards_read = len(self._written)

    @property
    def rewards(self) -> Rewards:
        """Clicked and converted entries by list and position."""
        return self._read()[0]

    @property
    def claims(self) -> Claims:
        """Claims by id."""
        return self._read()[1]

    def reward(self, key: ListKey, position: int) -> Reward | None:
        """Return the reward of a position of a list, if it has one."""
        if self._rewards is None and not (self._written.rewards and self._written.has(key, position, self.lists)):
            return None
        return self.rewards.get((key, position))

    def has_claims(self) -> bool:
        """Return whether there is any claim."""
        return bool(self._written.claims if self._rewards is None else self._claims)

    def add_list(self, page: ShownList) -> None:
        """Remember a list that is not kept."""
        number = self.lists.add(page)
        if self._rewards is None and self._written.rewards:
            self._written.list_added(number)

    def drop_oldest_list(self) -> None:
        """Forget the first list, but for what its rewards need."""
        former = self.lists.drop_oldest()
        if self._rewards is None and self._written.rewards:
            self._written.list_dropped(former, len(self.lists))

    def count_rewards(self) -> int:
        """Return how many rewards there are."""
        return len(self._written if self._rewards is None else self._rewards)

    def oldest_rewarded_ms(self) -> int:
        """Return a moment before which no list with a reward was on screen, perhaps too early."""
        if self._rewards is not None:
            return min((each.page.shown_ms for each in self._rewards.values()), default=0)
        return self._written.oldest_list_ms(self.lists)

    def most_bytes(self, events: int) -> int:
        """Return how many bytes `encode` gives at most after so many events, without looking at anything."""
        credited = 0 if self._rewards is None else CONVERSION_FORM.size * self._rewards_read
        return self._bytes_read + credited + MOST_OF_AN_EVENT * events

    def most_rewards(self, events: int) -> int:
        """Return how many rewards there are at most after so many events."""
        return self._rewards_read + events

    def size(self) -> int:
        """Return how many bytes `encode` gives, 9 for nothing."""
        rewarded = self._written.size() if self._rewards is None else size_of(self._rewards, self._claims, self.lists)
        return COUNTS.size + self.lists.size() + rewarded + self.marks.size()

    def encode(self) -> bytes:
        """Return the bytes, each kind in order of its key, so that arrival order leaves no trace; none for nothing."""
        written = self._written
        if self._rewards is not None:
            written = reward_bytes(self._rewards, self._claims, self.lists)
        lists, notes = self.lists.parts()
        return joined([lists, *written.parts(), notes, written.claims, *self.marks.parts()])

    def _read(self) -> tuple[Rewards, Claims]:
        if self._rewards is None:
            self._rewards, self._claims = read_rewards(self._written, self.lists)
        return self._rewards, self._claims
