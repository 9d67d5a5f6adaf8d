"""The lists of one user as bytes: each is read when it is asked for, and only what was read or made is written again.

An impression concerns one list of 32; to read and write them all is 25 us, this is 3.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from tideline.udfs.core.shown.shown_bytes import (
    FORMER_FORM,
    HIGH,
    HIGH_BITS,
    KEY_FORM,
    LIST_FORM,
    LOW,
    NOTE_FORM,
    NOTED_UNLEARNED,
    find_row,
    first_moved_to,
    key_bytes,
    key_of,
    one_more_at,
    renumbered,
)
from tideline.udfs.core.shown.shown_state import NO_CLICK, ShownList

if TYPE_CHECKING:
    from tideline.udfs.core.shown.shown_state import ListKey

_SIZE, _NOTE_SIZE = LIST_FORM.size, NOTE_FORM.size


class ShownLists:
    """A user's lists in order of their keys. What `get`, `at` and `add` give or take may be changed until `parts`."""

    __slots__ = ("_listed", "_notes", "_read")

    def __init__(self, listed: bytes = b"", notes: bytes = b"") -> None:
        """Take the two parts of a state."""
        self._listed, self._notes = listed, notes
        self._read: dict[ListKey, ShownList] = {}

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._listed) // _SIZE

    def key_at(self, number: int) -> ListKey:
        """Return the key of a list by its number."""
        high, low, seq, generation, _, _ = LIST_FORM.unpack_from(self._listed, number * _SIZE)
        return generation, (high & HIGH) << 32 | low, seq, high >> HIGH_BITS

    def keys(self) -> list[ListKey]:
        """Return all keys, in order."""
        return [key_of(*row[:4]) for row in LIST_FORM.iter_unpack(self._listed)]

    def values(self) -> list[ShownList]:
        """Return all lists, in order."""
        return [self.at(number) for number in range(len(self))]

    def number(self, key: ListKey) -> int | None:
        """Return the number of a list, None where it is not kept."""
        at = find_row(self._listed, _SIZE, key_bytes(key))
        return at // _SIZE if at >= 0 else None

    def get(self, key: ListKey) -> ShownList | None:
        """Return a list, None where it is not kept."""
        found = self._read.get(key)
        if found is None and self._listed:
            at = find_row(self._listed, _SIZE, key_bytes(key))
            return self.at(at // _SIZE) if at >= 0 else None
        return found

    def at(self, number: int) -> ShownList:
        """Return a list by its number."""
        high, low, seq, generation, shown_s, seen = LIST_FORM.unpack_from(self._listed, number * _SIZE)
        key = generation, (high & HIGH) << 32 | low, seq, high >> HIGH_BITS
        found = self._read.get(key)
        if found is None:
            found = self._read[key] = ShownList(key, shown_s, seen, seen)
            noted = self._notes[::_NOTE_SIZE].find(number)
            if noted >= 0:
                note = NOTE_FORM.unpack_from(self._notes, noted * _NOTE_SIZE)
                _, implied, found.dismissed, found.spent, click, found.cascade = note
                found.first_click, found.unlearned = click & ~NOTED_UNLEARNED, bool(click & NOTED_UNLEARNED)
                found.impressed = seen & ~implied
        return found

    def add(self, each: ShownList) -> int:
        """Put in a list that is not kept; return its number."""
        count = len(self._listed) // _SIZE
        if not count or self.key_at(count - 1) < each.key:
            number = count  # nearly always
        else:
            number = bisect_left(range(count), each.key, key=self.key_at)
        at = number * _SIZE
        self._listed = self._listed[:at] + _list_bytes(each) + self._listed[at:]
        if self._notes:
            self._notes = renumbered(self._notes, _NOTE_SIZE, one_more_at(number))
        self._read[each.key] = each
        return number

    def drop_oldest(self) -> bytes:
        """Forget the first list; return its bytes as those of a former one."""
        page = self._read.pop(self.key_at(0), None)
        former = self._listed[: FORMER_FORM.size] if page is None else _list_bytes(page)[: FORMER_FORM.size]
        self._listed = self._listed[_SIZE:]
        has_note = self._notes[:1] == b"\0"
        self._notes = renumbered(self._notes[_NOTE_SIZE if has_note else 0 :], _NOTE_SIZE, first_moved_to(0xFF))
        return former

    def newest_ms(self) -> int:
        """Return the newest as_of_ms of a list, 0 for none."""
        if not self._listed:
            return 0
        last = self.key_at(len(self) - 1)
        return last[1] if self.key_at(0)[0] == last[0] else max(key[1] for key in self.keys())

    def size(self) -> int:
        """Return how many bytes they take."""
        return sum(map(len, self.parts()))

    def parts(self) -> tuple[bytes, bytes]:
        """Return the two parts of a state; what was read and not changed comes out as it was."""
        if not self._read:
            return self._listed, self._notes
        listed, notes = bytearray(self._listed), self._notes
        for page in self._read.values():
            row = _list_bytes(page)
            at = find_row(self._listed, _SIZE, row[: KEY_FORM.size])
            listed[at : at + _SIZE] = row
            is_noted = page.seen != page.impressed or page.dismissed or page.spent or page.cascade or page.unlearned
            if notes or is_noted:
                number = at // _SIZE
                notes = _with_note(notes, number, _note_bytes(page, number) if is_noted else b"")
        return bytes(listed), notes


def _list_bytes(each: ShownList) -> bytes:
    generation, as_of_ms, seq, placement = each.key
    high = placement << HIGH_BITS | as_of_ms >> 32
    return LIST_FORM.pack(high, as_of_ms & LOW, seq, generation, each.shown_s, each.seen)


def _note_bytes(each: ShownList, number: int) -> bytes:
    click = (each.first_click if each.cascade else NO_CLICK) | NOTED_UNLEARNED * each.unlearned
    return NOTE_FORM.pack(number, each.seen & ~each.impressed, each.dismissed, each.spent, click, each.cascade)


def _with_note(notes: bytes, number: int, note: bytes) -> bytes:
    """Return the notes with another one of a list, or none."""
    numbers = notes[::_NOTE_SIZE]
    place = bisect_left(numbers, number)
    end = place + (numbers[place : place + 1] == bytes([number]))
    return notes[: place * _NOTE_SIZE] + note + notes[end * _NOTE_SIZE :]
