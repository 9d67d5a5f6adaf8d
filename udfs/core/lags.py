"""How late a conversion came, counted from the list that it is of: a code of six bits that doubles with each step."""

from __future__ import annotations

LAG_CODES = 64
NO_LAG = 0
"""Of what is no conversion."""


def lag_code(lag_ms: int) -> int:
    """Return the code of a lag; one below 0, of a clock that is behind, is none.

    >>> [lag_code(lag_ms) for lag_ms in (-5, 0, 1, 2, 3, 4, 3_600_000)]
    [1, 1, 2, 3, 3, 4, 23]
    """
    return min(max(lag_ms, 0).bit_length() + 1, LAG_CODES - 1)


def lag_starts_ms(code: int) -> int:
    """Return the least lag of a code.

    >>> [lag_starts_ms(code) for code in (1, 2, 3, 4, 23)]
    [0, 1, 2, 4, 2097152]
    """
    return 1 << code - 2 if code > 1 else 0
