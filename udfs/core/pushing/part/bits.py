"""Whole numbers in as few bits as they need: what most users have in one or two, what few have in more.

Bits stand from the lowest of the first byte on. A number v with `low` bits (exponential Golomb code) is v >> low, one
more, in binary behind as many ones as it has digits less one, and a zero; then its low bits.
"""

from __future__ import annotations


class BitsWriter:
    """Numbers one after the other."""

    def __init__(self) -> None:
        """Begin with none."""
        self._bits, self._at = 0, 0

    def fixed(self, value: int, size: int) -> None:
        """Append a number of so many bits."""
        self._bits |= value << self._at
        self._at += size

    def number(self, value: int, low: int = 0) -> None:
        """Append a number of any size, 0 or more; those below 2^low take `low` bits and one more."""
        above = (value >> low) + 1
        digits = above.bit_length() - 1
        self.fixed((1 << digits) - 1, digits + 1)
        self.fixed(above - (1 << digits), digits)
        self.fixed(value & ((1 << low) - 1), low)

    def signed(self, value: int, low: int = 0) -> None:
        """Append a number of either sign; the nearer to 0 the shorter."""
        self.number(2 * value if value >= 0 else -2 * value - 1, low)

    def data(self) -> bytes:
        """Return all of them; zeros at the end are left out."""
        return self._bits.to_bytes((self._bits.bit_length() + 7) // 8, "little")


class BitsReader:
    """Numbers in the order in which they were written; behind the end there are zeros."""

    def __init__(self, data: bytes) -> None:
        """Begin with the first one."""
        self._bits = int.from_bytes(data, "little")

    def fixed(self, size: int) -> int:
        """Return the next number of so many bits."""
        found = self._bits & ((1 << size) - 1)
        self._bits >>= size
        return found

    def number(self, low: int = 0) -> int:
        """Return the next number that was appended by `number` with as many low bits."""
        bits = self._bits
        digits = (~bits & (bits + 1)).bit_length() - 1
        size = 2 * digits + 1
        above = (bits >> (digits + 1)) & ((1 << digits) - 1)
        found = ((above + (1 << digits) - 1) << low) | ((bits >> size) & ((1 << low) - 1))
        self._bits = bits >> (size + low)
        return found

    def signed(self, low: int = 0) -> int:
        """Return the next number that was appended by `signed` with as many low bits."""
        found = self.number(low)
        return -(found + 1 >> 1) if found & 1 else found >> 1
