"""The marks of one user as bytes: those of an activity are read when it is asked for, and only these written anew."""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from tideline.udfs.core.shown.shown_bytes import DISMISSAL_FORM, USE_FORM, find_row

if TYPE_CHECKING:
    from tideline.udfs.core.shown.shown_state import Dismissals, Uses

_SIZE = USE_FORM.size
_NAME = struct.Struct("<I")


class Marks:
    """A user's marks; what is handed out may be changed in place until `parts`."""

    __slots__ = ("_dismissals", "_dismissed", "_read", "_written")

    def __init__(self, uses: bytes = b"", dismissals: bytes = b"") -> None:
        """Take the two parts of a state."""
        self._written, self._dismissals = uses, dismissals
        self._read: Uses = {}
        self._dismissed: Dismissals | None = None

    @property
    def dismissed(self) -> Dismissals:
        """Days of dismissals by activity_hash."""
        if self._dismissed is None:
            self._dismissed = dict(DISMISSAL_FORM.iter_unpack(self._dismissals))
        return self._dismissed

    def uses_of(self, activity: int) -> dict[int, int]:
        """Return the minutes of an activity's impressions by entry, empty where it has none."""
        found = self._read.get(activity)
        if found is None:
            found = self._read[activity] = self._taken_out(activity) if self._written else {}
        return found

    def _taken_out(self, activity: int) -> dict[int, int]:
        uses, name = self._written, _NAME.pack(activity)
        start = end = find_row(uses, _SIZE, name)
        if start < 0:
            return {}
        while uses[end : end + _NAME.size] == name:
            end += _SIZE
        self._written = uses[:start] + uses[end:]
        return {entry: at for _, entry, at in USE_FORM.iter_unpack(uses[start:end])}

    def counts(self) -> Counter[int]:
        """Return how many marks each activity has."""
        found = Counter(_activities(self._written))
        found.update({activity: len(own) for activity, own in self._read.items() if own})
        return found

    def read(self) -> Uses:
        """Return what was read until now."""
        return self._read

    def uses(self) -> Uses:
        """Read and return all, none of them empty."""
        for activity, entry, at in USE_FORM.iter_unpack(self._written):
            self._read.setdefault(activity, {})[entry] = at
        self._written = b""
        for activity in [each for each, found in self._read.items() if not found]:
            del self._read[activity]
        return self._read

    def activities(self) -> set[int]:
        """Return whose impressions are marked."""
        return {*_activities(self._written), *self._read}

    def __bool__(self) -> bool:
        """Return whether there may be any."""
        return bool(self._written or self._read or self._dismissals or self._dismissed)

    def count_dismissals(self) -> int:
        """Return how many dismissals there are."""
        return len(self._dismissals) // DISMISSAL_FORM.size if self._dismissed is None else len(self._dismissed)

    def size(self) -> int:
        """Return how many bytes they take."""
        dismissals = DISMISSAL_FORM.size * self.count_dismissals()
        return len(self._written) + _SIZE * sum(map(len, self._read.values())) + dismissals

    def parts(self) -> tuple[bytes, bytes]:
        """Return the two parts of a state."""
        uses, dismissals = self._written, self._dismissals
        for activity in sorted(self._read):
            found = self._read[activity]
            if found:
                own = b"".join([USE_FORM.pack(activity, entry, found[entry]) for entry in sorted(found)])
                at = _place(uses, activity)
                uses = uses[:at] + own + uses[at:]
        if self._dismissed is not None:
            dismissals = b"".join([DISMISSAL_FORM.pack(*each) for each in sorted(self._dismissed.items())])
        return uses, dismissals


def _activities(uses: bytes) -> list[int]:
    numbers: list[int] = np.frombuffer(uses, "<u4")[:: _SIZE // _NAME.size].tolist()
    return numbers


def _place(uses: bytes, activity: int) -> int:
    """Return where the marks of an activity that has none begin."""

    def name_at(number: int) -> int:
        name: int = _NAME.unpack_from(uses, number * _SIZE)[0]
        return name

    return bisect_left(range(len(uses) // _SIZE), activity, key=name_at) * _SIZE
