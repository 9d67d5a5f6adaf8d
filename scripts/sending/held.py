"""Up to where the records of a partition are done, while they are done in any order."""

from __future__ import annotations

from collections import OrderedDict


class Held:
    """What was read of a partition since it was given to this sender, and not done yet."""

    def __init__(self) -> None:
        """Begin where the first record is."""
        self._open: OrderedDict[int, None] = OrderedDict()
        self._next: int | None = None
        self._committed: int | None = None

    def is_behind(self, offset: int) -> bool:
        """Return whether an offset was read before: then the partition was given anew, to be read from there."""
        return self._next is not None and offset < self._next

    def begin(self, offset: int) -> None:
        """Note a record that was read; offsets only rise."""
        self._open[offset] = None
        self._next = offset + 1

    def done(self, offset: int) -> None:
        """Note that one is done."""
        self._open.pop(offset, None)

    def to_commit(self) -> int | None:
        """Return up to where all is done, None where nothing is since `committed`.

        >>> held = Held()
        >>> for offset in (5, 6, 8):
        ...     held.begin(offset)
        >>> held.done(6), held.to_commit()
        (None, 5)
        >>> held.done(5), held.to_commit()
        (None, 8)
        """
        upto = next(iter(self._open), self._next)
        return upto if upto != self._committed else None

    def committed(self, offset: int) -> None:
        """Note up to where was committed."""
        self._committed = offset
