"""The context as pushes know it: each number one of fifteen, so that it takes half a byte with its decision point.

A push is valued, told and learned from by the same coarse numbers; so what is learned is exactly of what is decided by,
and rounding costs no more than what the finer numbers would have told. 0 stays 0, and the constant as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tideline.udfs.core.context import CONSTANT_X, DIM

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SIZES = (0, 4, 9, 15, 22, 31, 44, 65)
_LEVELS = np.array([*(-size for size in _SIZES[:0:-1]), *_SIZES], np.int8)
"""Close to each other near 0: the numbers of a context are some 23 off it."""
_DIGITS = b"0123456789abcde"
_VALUES = np.arange(256, dtype=np.uint8).view(np.int8)
_NEAREST = np.abs(_VALUES[:, None].astype(np.int64) - _LEVELS.astype(np.int64)).argmin(axis=1)
"""The number of the level of each byte."""
_TO_DIGIT = bytes(np.frombuffer(_DIGITS, np.uint8)[_NEAREST])
_TO_VALUE = bytes(_LEVELS[[max(_DIGITS.find(each), 0) for each in range(256)]].tobytes())
COARSE_BITS = 4 * (DIM - 1)


def coarse(x: NDArray[np.int8]) -> NDArray[np.int8]:
    """Return contexts [N, DIM] as pushes know them; what is coarse already stays as it is.

    >>> coarse(np.array([[90, 1, -3, 23, -127] + [0] * 11], np.int8))[0, :5].tolist()
    [90, 0, -4, 22, -65]
    """
    found: NDArray[np.int8] = _LEVELS[_NEAREST[x.view(np.uint8)]]
    found[:, 0] = CONSTANT_X
    return found


def packed_x(x: bytes) -> int:
    """Return a context as a number of COARSE_BITS bits."""
    return int(x[1:].translate(_TO_DIGIT), 16)


def unpacked_x(packed: int) -> bytes:
    """Return the coarse context of such a number.

    >>> x = coarse(np.arange(-8, 8, dtype=np.int8)[None] * 9).tobytes()
    >>> unpacked_x(packed_x(x)) == x
    True
    """
    return bytes([CONSTANT_X]) + format(packed, f"0{DIM - 1}x").encode().translate(_TO_VALUE)
