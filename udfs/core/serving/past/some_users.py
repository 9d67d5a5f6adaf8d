"""Some of the users of a past: a replay of them alone gives the lists that one of everybody gives them.

A list is made of its user's own records and of a world that is the same for all, so who is passed over changes nobody.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from tideline.udfs.core.hashing import hash64
from tideline.udfs.core.serving.batches.fates import PASSED_OVER
from tideline.udfs.core.serving.batches.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from tideline.udfs.core.serving.batches.outcome import Records

MAX_NAMED = 100_000


class SomeUsers(NamedTuple):
    """Users by their ids, or one of so many: always the same ones, those of 1/32 among those of 1/16.

    The draw is no other's: who is in an arm, in a shard or in the holdout is no likelier to be in it.
    """

    one_in: int = 1
    named: frozenset[str] = frozenset()
    """Empty: whoever the draw takes."""

    def has(self, user: str) -> bool:
        """Return whether a user is one of them.

        >>> some = SomeUsers(named=frozenset({"anna"}))
        >>> some.has("anna"), some.has("ben"), SomeUsers(16).has("anna"), SomeUsers().has("ben")
        (True, False, False, True)
        """
        if self.named:
            return user in self.named
        return hash64(f"user of a part: {user}") % self.one_in == 0

    def numbers(self, records: Records) -> list[int]:
        """Return which records are theirs; one whose key is no id is nobody's."""
        found = {key: key is not None and self._has_key(key) for key in set(records.keys)}
        return [number for number, key in enumerate(records.keys) if found[key]]

    def _has_key(self, key: bytes) -> bool:
        try:
            return self.has(key.decode())
        except UnicodeDecodeError:
            return False

    def __str__(self) -> str:
        """Return it for people: how many, and no id.

        >>> str(SomeUsers(16)), str(SomeUsers(named=frozenset({"anna"})))
        ('1/16', '1 by name')
        """
        return f"{len(self.named)} by name" if self.named else f"1/{self.one_in}"


def of_some(some: SomeUsers, records: Records, work: Callable[[Records], Outcome]) -> Outcome:
    """Return what the records of some users lead to by `work`; those of others are told as passed over."""
    numbers = some.numbers(records)
    if len(numbers) == len(records.keys):
        return work(records)
    mine = set(numbers)
    outcome = work(records.part(numbers)).of_numbers(numbers) if numbers else _nothing()
    others = ((number, PASSED_OVER) for number in range(len(records.keys)) if number not in mine)
    return replace(outcome, aside=[*outcome.aside, *others])


def _nothing() -> Outcome:
    return Outcome([], [], [], [], [], [], [], Counter(), [], 0, None, {})
